"""Asking an issuer about a key while it is in hand: at its delivery from a reserve, at a buyer's check.

Keys are not kept, so there is no other moment. What an issuer says by itself comes by
:mod:`provenance.services.issuer_reports`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from provenance.core.claimrules.answering import IssuerAnswerReport
from provenance.core.keyformats import CardKey


class IssuerAdapter(Protocol):
    """One issuer that can be asked, whatever way it wants to be asked."""

    @property
    def issuer(self) -> bytes:
        """The address under which it was admitted."""
        ...

    @property
    def formats(self) -> frozenset[str]:
        """The key formats that it knows."""
        ...

    def ask(self, key: CardKey, deadline_ms: int) -> IssuerAnswerReport:
        """What it says of *key*, by *deadline_ms* (UTC ms since 1970) at the latest.

        Nothing that the issuer does raises: without an answer of the enumeration the report is uncertain.
        """
        ...


class Issuers:
    """Which issuer to ask about a key; a format that two of them claim is asked of the first."""

    def __init__(self, adapters: Iterable[IssuerAdapter] = ()) -> None:
        self._by_format: dict[str, IssuerAdapter] = {}
        for adapter in adapters:
            for format_id in sorted(adapter.formats):
                self._by_format.setdefault(format_id, adapter)

    @property
    def formats(self) -> frozenset[str]:
        """The formats whose issuer can be asked."""
        return frozenset(self._by_format)

    def of(self, format_id: str) -> IssuerAdapter | None:
        """The issuer of keys of that format, if it can be asked."""
        return self._by_format.get(format_id)
