"""Evidence by order and digest, and which claim each piece serves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func, insert, select, update

from provenance.store.database import Connection
from provenance.store.schema_warranty import evidence as table
from provenance.store.schema_warranty import evidence_use as uses
from provenance.store.schema_warranty import warranty_order as orders
from provenance.store.upsert import added


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A kept piece; ``at`` in ms, ``size`` in bytes. ``file`` and the sealed ``key`` are None once erased."""

    order: bytes
    digest: bytes
    type: str
    source: str
    by: bytes
    at: int
    media: str
    size: int
    file: str | None
    key: bytes | None = field(repr=False)


_COLUMNS: Final = ("order", "digest", "type", "source", "by", "at", "media", "size", "file", "key")


def lock_order(connection: Connection, order: bytes) -> bool:
    """Whether there is such an order; until the transaction ends nobody else hands evidence in to it."""
    query = select(orders.c.id).where(orders.c.id == order)
    # Not against whoever refers to the order: claims and events go on.
    return connection.execute(query.with_for_update(key_share=True)).first() is not None


def add(connection: Connection, row: EvidenceRow) -> None:
    """Store a piece; the caller has locked its order."""
    connection.execute(insert(table), {name: getattr(row, name) for name in _COLUMNS})


def by_digest(connection: Connection, order: bytes, digest: bytes) -> EvidenceRow | None:
    """One piece of an order."""
    query = select(table).where(table.c.order == order, table.c.digest == digest)
    row = connection.execute(query).first()
    return None if row is None else _row(row)


def of_order(connection: Connection, order: bytes) -> list[EvidenceRow]:
    """Everything that was handed in to an order, the oldest first."""
    query = select(table).where(table.c.order == order).order_by(table.c.at, table.c.digest)
    return [_row(row) for row in connection.execute(query)]


def extent(connection: Connection, order: bytes) -> tuple[int, int]:
    """How many pieces an order has, and how many bytes of them are kept."""
    kept = func.sum(table.c.size).filter(table.c.file.is_not(None))
    query = select(func.count(), func.coalesce(kept, 0)).where(table.c.order == order)
    pieces, size = connection.execute(query).one()
    return pieces, int(size)


def forget(connection: Connection, order: bytes, digest: bytes) -> bool:
    """Forget where a piece lies and its key; ``False`` if they were forgotten before."""
    gone = update(table).where(table.c.order == order, table.c.digest == digest, table.c.file.is_not(None))
    return connection.execute(gone.values(file=None, key=None)).rowcount == 1


def known_files(connection: Connection, names: Collection[str]) -> set[str]:
    """Which of *names* belong to a piece; at most 500 at once."""
    return set(connection.execute(select(table.c.file).where(table.c.file.in_(names))).scalars())


def use(connection: Connection, digest: bytes, claim: bytes, now: int) -> bool:
    """Let a claim have a piece for its own; ``False`` if another claim has it. Again changes nothing."""
    if added(connection, uses, {"digest": digest, "claim": claim, "at": now}):
        return True
    return connection.execute(select(uses.c.claim).where(uses.c.digest == digest)).scalar() == claim


def used_elsewhere(connection: Connection, digests: Collection[bytes], claim: bytes) -> frozenset[bytes]:
    """Which of *digests* serve another claim than this one."""
    query = select(uses.c.digest).where(uses.c.digest.in_(digests), uses.c.claim != claim)
    return frozenset(bytes(digest) for digest in connection.execute(query).scalars())


def _row(row: Any) -> EvidenceRow:
    values = row._mapping
    read = {name: values[name] for name in _COLUMNS}
    for name in ("order", "digest", "by", "key"):
        read[name] = None if read[name] is None else bytes(read[name])
    return EvidenceRow(**read)
