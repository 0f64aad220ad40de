"""The answers of issuers, by key: added, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import insert

from provenance.core.claimrules.facts import Evidence, IssuerReport
from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.core.termsrules.words import EvidenceType, Source
from provenance.store.database import Connection
from provenance.store.driver import driver_of, is_sqlite
from provenance.store.schema_issuer import issuer_report as table

Place = tuple[int, int]
"""A key by its batch's row number and its index."""
_CHUNK: Final = 500
_SELECT: Final = (
    "SELECT batch, idx, issuer, at, answer, used_at, evidence, asked, received_at "
    "FROM issuer_report WHERE batch = "
)
_ORDER: Final = " ORDER BY at, received_at"


@dataclass(frozen=True, slots=True)
class KeptReport:
    """One answer about one key. Times in ms; *evidence* is the SHA-256 of the issuer's own words.

    ``asked``: we asked for it; otherwise the issuer reported by itself.
    """

    number: int
    index: int
    issuer: bytes
    at: int
    answer: IssuerAnswer
    used_at: int | None
    evidence: bytes
    asked: bool
    received_at: int

    @property
    def place(self) -> Place:
        return self.number, self.index

    def fact(self) -> IssuerReport:
        """As the rules of a claim read it."""
        shown = Evidence(EvidenceType.ISSUER_ANSWER, self.evidence, Source.ISSUER, self.at)
        return IssuerReport(self.answer, self.at, shown, self.used_at)


def add(connection: Connection, reports: Sequence[KeptReport]) -> None:
    """Store new answers; the caller holds the lock of their issuer and knows that none is there yet."""
    if reports:
        connection.execute(insert(table), [_columns(one) for one in reports])


def of_key(connection: Connection, batch_number: int, index: int) -> tuple[IssuerReport, ...]:
    """Everything that issuers said of one key, oldest first, as evidence for a claim on it."""
    kept = of_places(connection, [(batch_number, index)])
    return tuple(one.fact() for one in kept.get((batch_number, index), ()))


def of_places(connection: Connection, places: Iterable[Place]) -> dict[Place, tuple[KeptReport, ...]]:
    """The same of many keys, by place; keys that no issuer spoke of are left out."""
    by_batch: dict[int, list[int]] = {}
    for number, index in places:
        by_batch.setdefault(number, []).append(index)
    found: dict[Place, list[KeptReport]] = {}
    # Every verdict looks here, and composing a statement takes longer than running it.
    with driver_of(connection) as raw:
        look = _look_sqlite if is_sqlite(connection) else _look
        # Batch by batch: for a list of pairs SQLite uses no index.
        for number, indices in by_batch.items():
            for row in look(raw, number, indices):
                report = _report(row)
                found.setdefault(report.place, []).append(report)
    return {place: tuple(some) for place, some in found.items()}


def _look(raw: Any, number: int, indices: Sequence[int]) -> list[Any]:
    rows: list[Any] = raw.execute(
        _SELECT + "%b AND idx = ANY(%b)" + _ORDER, (number, list(indices))
    ).fetchall()
    return rows


def _look_sqlite(raw: Any, number: int, indices: Sequence[int]) -> list[Any]:
    rows: list[Any] = []
    for start in range(0, len(indices), _CHUNK):
        some = indices[start : start + _CHUNK]
        places = ", ".join("?" * len(some))
        rows += raw.execute(f"{_SELECT}? AND idx IN ({places}){_ORDER}", (number, *some)).fetchall()
    return rows


def _columns(one: KeptReport) -> dict[str, Any]:
    return {
        "batch": one.number,
        "idx": one.index,
        "issuer": one.issuer,
        "at": one.at,
        "answer": one.answer.value,
        "used_at": one.used_at,
        "evidence": one.evidence,
        "asked": one.asked,
        "received_at": one.received_at,
    }


def _report(row: Sequence[Any]) -> KeptReport:
    number, index, issuer, at, answer, used_at, evidence, asked, received_at = row
    return KeptReport(
        number,
        index,
        bytes(issuer),
        at,
        IssuerAnswer(answer),
        used_at,
        bytes(evidence),
        bool(asked),
        received_at,
    )
