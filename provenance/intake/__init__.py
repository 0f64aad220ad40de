"""Supplier files: any of the trade's renderings in, one accepted or rejected row per line out."""

from provenance.intake.chunks import CHUNK_BYTES, bounded
from provenance.intake.rows import Accepted, Limits, Rejected, Row
from provenance.intake.runs import Run, read_runs
from provenance.intake.upload import kind_of, read_upload

__all__ = [
    "CHUNK_BYTES",
    "Accepted",
    "Limits",
    "Rejected",
    "Row",
    "Run",
    "bounded",
    "kind_of",
    "read_runs",
    "read_upload",
]
