"""The warranty at work: orders, claims, evidence and reserves, and whatever the rules of the core ask for.

The rules are values and pure functions in :mod:`provenance.core.claims` and :mod:`provenance.core.terms`;
here they get time, facts from the log, and a transaction.
"""
