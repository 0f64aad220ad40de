"""The rules behind :mod:`provenance.core.claims`; import from there."""
