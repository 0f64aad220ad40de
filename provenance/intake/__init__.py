"""Supplier files: any of the trade's renderings in, one accepted or rejected row per line out."""

from provenance.intake.rows import Accepted, Limits, Rejected, Row
from provenance.intake.upload import kind_of, read_upload

__all__ = ["Accepted", "Limits", "Rejected", "Row", "kind_of", "read_upload"]
