"""Asking issuers about keys over their own HTTP: one file for each issuer, nothing guessed.

An answer is one of the enumeration of :class:`provenance.core.claimrules.issuer.IssuerAnswer`, mapped by
the issuer's file, or it is no answer. Keys travel in the body of a POST alone, and stand in no address,
log or error.
"""

from provenance.issuer.adapter import HttpIssuer as HttpIssuer
from provenance.issuer.adapter import Timing as Timing
from provenance.issuer.files import load as load
from provenance.issuer.files import load_folder as load_folder
