"""The warranty's tables beside the entries they name, for the operator's check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from provenance.core.entries import EntryType
from provenance.store.entries import is_of_type
from provenance.store.schema import batch, entry
from provenance.store.schema_warranty import claim, published_terms, warranty_order

_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class OrderedSale:
    """A warranty order, and the entry that it names as its SELL: ``None`` where there is none."""

    seller: bytes
    batch_id: bytes | None
    index: int
    party: bytes
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Published:
    """Published terms, and the entry that they name: ``None`` where there is none."""

    platform: bytes
    hash: bytes
    document: str
    raw: bytes | None


def ordered_sales(connection: Connection) -> Iterator[OrderedSale]:
    """Every warranty order."""
    one = warranty_order.c
    joined = warranty_order.outerjoin(entry, entry.c.event == one.sell)
    joined = joined.outerjoin(batch, batch.c.number == one.batch)
    query = select(one.seller, batch.c.batch_id, one.idx, one.party, entry.c.raw).select_from(joined)
    for seller, batch_id, index, party, raw in _rows(connection, query):
        yield OrderedSale(bytes(seller), _bytes(batch_id), index, bytes(party), _bytes(raw))


def sells_without_order(connection: Connection) -> Iterator[tuple[int | None, bytes]]:
    """Log index and bytes of every SELL that no warranty order names, plain sales among them."""
    joined = entry.outerjoin(warranty_order, warranty_order.c.sell == entry.c.event)
    query = select(entry.c.log_index, entry.c.raw).select_from(joined)
    query = query.where(entry.c.type == int(EntryType.SELL), warranty_order.c.sell.is_(None))
    for index, raw in _rows(connection, query):
        yield index, bytes(raw)


def terms(connection: Connection) -> Iterator[Published]:
    """All terms ever published."""
    one = published_terms.c
    joined = published_terms.outerjoin(entry, entry.c.event == one.event)
    query = select(one.platform, one.hash, one.document, entry.c.raw).select_from(joined)
    for platform, digest, document, raw in _rows(connection, query):
        yield Published(bytes(platform), bytes(digest), document, _bytes(raw))


def claims_without_entry(connection: Connection) -> list[bytes]:
    """The ids of claims of which no entry tells."""
    told = select(entry.c.subject).where(*is_of_type(EntryType.CLAIM))
    found = connection.execute(select(claim.c.id).where(claim.c.id.not_in(told)))
    return [bytes(one) for one in found.scalars()]


def claims_without_row(connection: Connection) -> list[tuple[int | None, bytes]]:
    """Log index and id of the claims of which entries tell and no row: one for each entry."""
    query = select(entry.c.log_index, entry.c.subject).where(*is_of_type(EntryType.CLAIM))
    found = connection.execute(query.where(entry.c.subject.not_in(select(claim.c.id))))
    return [(index, bytes(subject)) for index, subject in found]


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    yield from connection.execute(query.execution_options(yield_per=_AT_ONCE))


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
