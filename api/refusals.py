"""Refusals of a request's form, before any service is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from provenance.errors import InputRefused, ProvenanceError


@dataclass(frozen=True, slots=True)
class Fault:
    """One member of ``errors``: where in the request (RFC 6901), and what is wrong there."""

    pointer: str
    error: ProvenanceError


class KeysUnreadable(InputRefused):
    """Keys of a request that no rule of their format can read; nothing was done with the others."""

    code = "keys_unreadable"

    def __init__(
        self,
        faults: Sequence[Fault],
        message: str = "a key cannot be read; put right what errors names, and send all of them again",
    ) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class KeysRepeated(KeysUnreadable):
    """One key named twice in a request, however it is spelled; nothing was done."""

    code = "duplicate_key"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults, "a key is named more than once; take out what errors names")


class FormRefused(InputRefused):
    """A request whose members are missing, unknown or of the wrong type."""

    code = "invalid_request"

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("the request is not of the documented form; errors says where")
        self.errors = errors
