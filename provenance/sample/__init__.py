"""Seeded supplier files as the trade sends them, each with the truth about every line beside it."""

from provenance.sample.generator import SampleFile, generate
from provenance.sample.spec import FileSpec, Spec, default_spec

__all__ = ["FileSpec", "SampleFile", "Spec", "default_spec", "generate"]
