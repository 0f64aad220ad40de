"""The warranty desk: in whose name the system itself writes into the log."""

from __future__ import annotations

from provenance.core.commitments import keyless_party
from provenance.services.context import Context


def address(context: Context) -> bytes:
    """The address of the log's first operator, who runs the machine that decides (20 bytes)."""
    return operator_address(context.origin)


def operator_address(origin: str) -> bytes:
    """The first operator's address, which follows from the name of the log alone."""
    return keyless_party(operator_id(origin))


def operator_id(origin: str) -> str:
    """The party id behind the first operator's address."""
    return f"{origin}/operator"
