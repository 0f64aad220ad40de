"""The parts of a proof and its numbered checks (FORMATS §10); the door is ``provenance.core.proofs``."""
