"""Keys that wait, sealed, to replace others; and those that were handed out, sealed to their buyers.

A row is written at the deposit and its sealed bytes are erased when it is taken or withdrawn. What
became of the key elsewhere stays where it is: a key that was sold in a shop meanwhile is passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, or_, select, update

from provenance.core.lives import State
from provenance.store.database import Connection
from provenance.store.keys import LIVE_BATCH
from provenance.store.schema import batch as batches
from provenance.store.schema import card_key as keys
from provenance.store.schema import holding as holdings
from provenance.store.schema_warranty import delivered_key
from provenance.store.schema_warranty import reserve as table
from provenance.store.upsert import insert_or

_CHUNK: Final = 500
_PLACES: Final = select(table.c.tag, table.c.batch, table.c.idx)
_IS_FREE: Final = table.c.taken_at.is_(None)
_IS_HELD: Final = and_(
    holdings.c.batch == table.c.batch,
    holdings.c.first <= table.c.idx,
    holdings.c.first + holdings.c["count"] > table.c.idx,
    holdings.c.holder == table.c.owner,
    holdings.c.voided_at.is_(None),
)
_GONE: Final = _PLACES.join_from(table, keys, keys.c.tag == table.c.tag).where(
    _IS_FREE, or_(keys.c.state != int(State.REGISTERED), ~exists().where(_IS_HELD))
)


@dataclass(frozen=True, slots=True)
class Deposit:
    """One key to be kept: its tag, its owner, its place, what it is, and the sealed key."""

    tag: bytes
    owner: bytes
    number: int
    index: int
    product: bytes
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """A row: the key's tag, and the sealed bytes, which are in the database no more once it is taken."""

    tag: bytes
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stock:
    """How many keys of one product an owner has: that can be taken now, and that were taken.

    ``details`` is the JSON of one batch of them, which says in words what the product is.
    """

    product: bytes
    format: str
    details: str
    free: int
    taken: int


def put(connection: Connection, deposits: Sequence[Deposit], now: int) -> set[bytes]:
    """Keep *deposits*, whose tags differ; the tags of those that were not kept before.

    A key that was taken and given back, or that another owner left behind, is kept anew.
    """
    new: set[bytes] = set()
    # In the order of tags, so that two depositors of the same keys wait for each other in one direction.
    ordered = sorted(deposits, key=lambda one: one.tag)
    for start in range(0, len(ordered), _CHUNK):
        rows = [_columns(one, now) for one in ordered[start : start + _CHUNK]]
        insertion = insert_or(connection, table).values(rows)
        into = insertion.excluded
        anew = {name: into[name] for name in ("owner", "product", "sealed", "deposited_at")}
        statement = insertion.on_conflict_do_update(
            index_elements=["tag"],
            set_={**anew, "claim": None, "taken_at": None},
            where=or_(~_IS_FREE, table.c.owner != into.owner),
        )
        written = connection.execute(statement.returning(table.c.tag)).scalars()
        new |= {bytes(tag) for tag in written}
    return new


def take(connection: Connection, owner: bytes, product: bytes, claim: bytes, now: int) -> Kept | None:
    """Take the key of *product* that lies longest with *owner*, for *claim*, and erase its sealed bytes.

    Only one that its owner could sell at *now* (ms) is taken. Takers at the same moment pass over each
    other's rows: nobody waits, and no key is taken twice.
    """
    query = _oldest(owner, product, now).with_for_update(of=table, skip_locked=True)
    row = connection.execute(query).first()
    if row is None:
        return None
    changed = {"claim": claim, "taken_at": now, "sealed": None}
    connection.execute(update(table).where(table.c.tag == row.tag).values(changed))
    return Kept(bytes(row.tag), bytes(row.sealed))


def front(connection: Connection, owner: bytes, product: bytes, now: int) -> Kept | None:
    """The key that :func:`take` would take, locked for nobody."""
    row = connection.execute(_oldest(owner, product, now)).first()
    return None if row is None else Kept(bytes(row.tag), bytes(row.sealed))


def stocks(connection: Connection, owner: bytes, now: int) -> list[Stock]:
    """What lies with *owner*, by product, the oldest first."""
    is_takeable = and_(_IS_FREE, _is_sellable(now))
    query = (
        select(
            table.c.product,
            func.min(table.c.batch).label("batch"),
            func.sum(case((is_takeable, 1), else_=0)).label("free"),
            func.count(table.c.taken_at).label("taken"),
        )
        .join_from(table, keys, keys.c.tag == table.c.tag)
        .join(batches, batches.c.number == table.c.batch)
        .where(table.c.owner == owner)
        .group_by(table.c.product)
        .order_by(func.min(table.c.deposited_at), table.c.product)
    ).subquery()
    named = select(query, batches.c.format, batches.c.details).join_from(
        query, batches, batches.c.number == query.c.batch
    )
    return [
        Stock(bytes(row.product), row.format, row.details, int(row.free), row.taken)
        for row in connection.execute(named)
    ]


def withdraw_tags(connection: Connection, owner: bytes, tags: Sequence[bytes]) -> list[tuple[int, int]]:
    """Erase the free keys of *owner* among *tags*; the (batch number, index) of those that lay there."""
    gone: list[tuple[int, int]] = []
    for start in range(0, len(tags), _CHUNK):
        wanted = table.c.tag.in_(tags[start : start + _CHUNK])
        gone += _erase(connection, _PLACES.where(table.c.owner == owner, _IS_FREE, wanted))
    return gone


def withdraw_some(connection: Connection, owner: bytes, product: bytes, count: int) -> list[tuple[int, int]]:
    """Erase up to *count* free keys of a product, those that lie longest; their (batch number, index)."""
    query = _PLACES.where(table.c.owner == owner, table.c.product == product, _IS_FREE)
    return _erase(connection, query.order_by(table.c.deposited_at).limit(count))


def gone(connection: Connection, limit: int) -> list[bytes]:
    """Tags of keys that will not be given out again: sold, void, or handed on; at most *limit*."""
    return [bytes(tag) for tag in connection.execute(_GONE.limit(limit)).scalars()]


def sweep(connection: Connection, tags: Sequence[bytes]) -> int:
    """Erase what is gone of *tags*, at most 500 at once; how many."""
    return len(_erase(connection, _GONE.where(table.c.tag.in_(tags))))


def hand_on(connection: Connection, old: bytes, new: bytes) -> None:
    """After a succession: what *old* keeps here, *new* keeps."""
    connection.execute(update(table).where(table.c.owner == old).values(owner=new))


def put_delivered(connection: Connection, order: bytes, sealed: bytes, now: int) -> bool:
    """Keep a replacement, sealed to its buyer; ``False`` if the order has one already."""
    statement = insert_or(connection, delivered_key).values(order=order, sealed=sealed, at=now)
    stored = statement.on_conflict_do_nothing().returning(delivered_key.c.order)
    return connection.execute(stored).first() is not None


def delivered(connection: Connection, order: bytes) -> bytes | None:
    """The replacement of an order as it was sealed; ``None`` if there is none, or no more."""
    query = select(delivered_key.c.sealed).where(delivered_key.c.order == order)
    sealed = connection.execute(query).scalar()
    return None if sealed is None else bytes(sealed)


def erase_delivered(connection: Connection, order: bytes) -> bool:
    """Forget a delivered replacement for ever; ``False`` if there is none, or no more."""
    statement = update(delivered_key).where(
        delivered_key.c.order == order, delivered_key.c.sealed.is_not(None)
    )
    return connection.execute(statement.values(sealed=None)).rowcount == 1


def _oldest(owner: bytes, product: bytes, now: int) -> Select[Any]:
    return (
        select(table.c.tag, table.c.sealed)
        .join_from(table, keys, keys.c.tag == table.c.tag)
        .join(batches, batches.c.number == table.c.batch)
        .where(table.c.owner == owner, table.c.product == product, _IS_FREE, _is_sellable(now))
        .order_by(table.c.deposited_at, table.c.tag)
        .limit(1)
    )


def _is_sellable(now: int) -> ColumnElement[bool]:
    """What can be seen cheaply of whether its owner may sell the key; the law sees the rest."""
    not_offered = or_(holdings.c.offer_until.is_(None), holdings.c.offer_until <= now)
    return and_(
        keys.c.state == int(State.REGISTERED),
        or_(keys.c.reserved_until.is_(None), keys.c.reserved_until <= now),
        batches.c.status == LIVE_BATCH,
        or_(batches.c.expires_at == 0, batches.c.expires_at * 1_000 > now),
        exists().where(_IS_HELD, not_offered),
    )


def _erase(connection: Connection, which: Select[Any]) -> list[tuple[int, int]]:
    """Delete the rows of *which* but for those that somebody takes at this moment; their places."""
    found = connection.execute(which.with_for_update(of=table, skip_locked=True)).all()
    tags = [row.tag for row in found]
    for start in range(0, len(tags), _CHUNK):
        connection.execute(delete(table).where(table.c.tag.in_(tags[start : start + _CHUNK])))
    return [(row.batch, row.idx) for row in found]


def _columns(one: Deposit, now: int) -> dict[str, Any]:
    return {
        "tag": one.tag,
        "owner": one.owner,
        "batch": one.number,
        "idx": one.index,
        "product": one.product,
        "sealed": one.sealed,
        "deposited_at": now,
        "claim": None,
        "taken_at": None,
    }
