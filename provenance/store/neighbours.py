"""Which registered keys lie in a neighbourhood, and who has them: by serial, or by the key itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, and_, select

from provenance.store.bulk import SERIAL
from provenance.store.database import Connection
from provenance.store.keys import LIVE_BATCH
from provenance.store.schema import alias as aliases
from provenance.store.schema import batch as batches
from provenance.store.schema import card_key as keys
from provenance.store.schema import holding as holdings

_CHUNK: Final = 1_000
_DIGEST_SIZE: Final = 16


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A key by its place, with its supplier and who holds it now."""

    batch_id: bytes
    index: int
    supplier: bytes
    holder: bytes


def by_serial_tags(connection: Connection, tags: Collection[bytes]) -> list[Neighbour]:
    """The keys of live batches whose serial has one of these 32-byte tags."""
    query = _with_parties(select(aliases.c.idx), aliases.c.batch, aliases.c.idx).where(
        aliases.c.kind == SERIAL
    )
    return [
        found
        for chunk in _chunks([tag[:_DIGEST_SIZE] for tag in tags])
        for found in _read(connection, query.where(aliases.c.digest.in_(chunk)))
    ]


def by_tags(connection: Connection, tags: Collection[bytes]) -> list[Neighbour]:
    """The keys of live batches with one of these tags."""
    query = _with_parties(select(keys.c.idx), keys.c.batch, keys.c.idx)
    return [
        found
        for chunk in _chunks(list(tags))
        for found in _read(connection, query.where(keys.c.tag.in_(chunk)))
    ]


def _with_parties(query: Select[Any], number: Any, index: Any) -> Select[Any]:
    covers = and_(
        holdings.c.batch == number, holdings.c.first <= index, holdings.c.first + holdings.c.count > index
    )
    return (
        query.add_columns(batches.c.batch_id, batches.c.supplier, holdings.c.holder)
        .join(batches, batches.c.number == number)
        .join(holdings, covers)
        .where(batches.c.status == LIVE_BATCH)
        .order_by(batches.c.number, index)
    )


def _read(connection: Connection, query: Select[Any]) -> Iterator[Neighbour]:
    for row in connection.execute(query):
        yield Neighbour(bytes(row.batch_id), row.idx, bytes(row.supplier), bytes(row.holder))


def _chunks(values: list[bytes]) -> Iterator[list[bytes]]:
    return (values[at : at + _CHUNK] for at in range(0, len(values), _CHUNK))
