"""The rules behind :mod:`provenance.core.terms`; import from there."""
