"""Which staged lines are known already: one search over whole sets, however many lines there are.

Every look-up of an alias goes by distinct digests and takes one representative: a file of a million
keys that share a three-letter alias costs a million steps, not their square.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import Select, and_, case, delete, false, func, insert, literal, select, update

from provenance.store.bulk import (
    OLD_TAG,
    REFUSING,
    SECRET,
    SERIAL,
    SHORT_SECRET,
    SHORT_WHOLE,
    WHOLE,
    is_refused,
    staged_hit,
    staged_key,
    staged_probe,
)
from provenance.store.database import Connection
from provenance.store.schema import alias as aliases
from provenance.store.schema import batch as batches
from provenance.store.schema import card_key as keys

_HIT_COLUMNS: Final = ["rank", "code", "batch", "idx", "foreign"]
_ABANDONED: Final = 2
_PAGE: Final = 5_000


class Hit(IntEnum):
    """Why a staged line is known; the smallest code of a line is its reason. Up to 4 they refuse it."""

    IN_FILE = 1
    OWN = 2
    OTHER_PARTY = 3
    OTHER_FORMAT = 4
    SIMILAR = 5
    SAME_SERIAL = 6
    SERIAL_IN_FILE = 7


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused line; ``earlier`` is the line of the file that has the same key, if there is one."""

    rank: int
    line: int
    hit: Hit
    earlier: int | None


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A staged line and the key it hit; ``number`` 0 and the earlier line as ``index`` within the file."""

    hit: Hit
    number: int
    index: int
    line: int
    foreign: bool


def search(connection: Connection, own: Collection[bytes], format_id: str) -> None:
    """Find every hit of the staged lines anew; *own* are the addresses of the party that registers."""
    connection.execute(delete(staged_hit))
    found = (
        _in_file(),
        _by_tag(own),
        _by_older_tag(own),
        _by_alias(own, (WHOLE, SECRET), Hit.OTHER_FORMAT, format_id),
        _by_alias(own, (SHORT_WHOLE, SHORT_SECRET), Hit.SIMILAR, format_id),
        _by_alias(own, (SERIAL,), Hit.SAME_SERIAL, None),
        _serial_in_file(),
    )
    for query in found:
        connection.execute(insert(staged_hit).from_select(_HIT_COLUMNS, query))


def _in_file() -> Select[Any]:
    tag, rank = staged_key.c.tag, staged_key.c.rank
    lines = select(
        rank,
        func.row_number().over(partition_by=tag, order_by=rank).label("place"),
        func.first_value(staged_key.c.line).over(partition_by=tag, order_by=rank).label("earlier"),
    )
    return _later_ones(lines, Hit.IN_FILE)


def _serial_in_file() -> Select[Any]:
    digest, rank = staged_probe.c.digest, staged_probe.c.rank
    lines = (
        select(
            rank,
            func.row_number().over(partition_by=digest, order_by=rank).label("place"),
            func.first_value(staged_key.c.line).over(partition_by=digest, order_by=rank).label("earlier"),
        )
        .join_from(staged_probe, staged_key, staged_key.c.rank == rank)
        .where(staged_probe.c.kind == SERIAL, staged_probe.c.fresh == 1)
    )
    return _later_ones(lines, Hit.SERIAL_IN_FILE)


def _later_ones(lines: Select[Any], hit: Hit) -> Select[Any]:
    found = lines.subquery()
    hits = select(found.c.rank, literal(int(hit)), literal(0), found.c.earlier, false())
    return hits.where(found.c.place > 1)


def _by_tag(own: Collection[bytes]) -> Select[Any]:
    return (
        _known(own, staged_key.c.rank)
        .join_from(staged_key, keys, keys.c.tag == staged_key.c.tag)
        .join(batches, batches.c.number == keys.c.batch)
    )


def _by_older_tag(own: Collection[bytes]) -> Select[Any]:
    on = and_(keys.c.tag == staged_probe.c.digest, staged_probe.c.kind == OLD_TAG)
    return (
        _known(own, staged_probe.c.rank)
        .join_from(staged_probe, keys, on)
        .join(batches, batches.c.number == keys.c.batch)
    )


def _known(own: Collection[bytes], rank: Any) -> Select[Any]:
    foreign = batches.c.supplier.not_in(own)
    code = case((foreign, int(Hit.OTHER_PARTY)), else_=int(Hit.OWN))
    return select(rank, code, batches.c.number, keys.c.idx, foreign)


def _by_alias(
    own: Collection[bytes], kinds: tuple[int, ...], hit: Hit, not_format: str | None
) -> Select[Any]:
    """Lines whose alias is known; of all keys that share it, another party's rather than one's own."""
    wanted = select(staged_probe.c.digest).where(staged_probe.c.kind.in_(kinds)).distinct().subquery()
    foreign = batches.c.supplier.not_in(own).label("is_foreign")
    order = (batches.c.supplier.in_(own), aliases.c.batch, aliases.c.idx)
    place = func.row_number().over(partition_by=aliases.c.digest, order_by=order).label("place")
    known = (
        select(aliases.c.digest, aliases.c.batch, aliases.c.idx, foreign, place)
        .join_from(wanted, aliases, aliases.c.digest == wanted.c.digest)
        .join(batches, batches.c.number == aliases.c.batch)
        .where(aliases.c.kind.in_(kinds), batches.c.status != _ABANDONED)
    )
    if not_format is not None:
        known = known.where(batches.c.format != not_format)
    one = known.subquery()
    return (
        select(staged_probe.c.rank, literal(int(hit)), one.c.batch, one.c.idx, one.c.is_foreign)
        .distinct()
        .join_from(staged_probe, one, one.c.digest == staged_probe.c.digest)
        .where(one.c.place == 1, staged_probe.c.kind.in_(kinds))
    )


def batches_hit(connection: Connection) -> list[int]:
    """The numbers of the batches that refuse or alert."""
    query = select(staged_hit.c.batch).where(staged_hit.c.batch != 0).distinct()
    return [row[0] for row in connection.execute(query)]


def refusals(connection: Connection) -> Iterator[Refusal]:
    """Every refused line once, in the order of lines, a page in memory at a time."""
    worst = (
        select(
            staged_hit.c.rank,
            func.min(staged_hit.c.code).label("code"),
            func.min(case((staged_hit.c.code == int(Hit.IN_FILE), staged_hit.c.idx))).label("earlier"),
        )
        .where(staged_hit.c.code <= REFUSING)
        .group_by(staged_hit.c.rank)
        .order_by(staged_hit.c.rank)
        .limit(_PAGE)
    )
    after = -1
    while True:
        page = worst.where(staged_hit.c.rank > after).subquery()
        query = select(page.c.rank, staged_key.c.line, page.c.code, page.c.earlier)
        query = query.join_from(page, staged_key, staged_key.c.rank == page.c.rank).order_by(page.c.rank)
        rows = connection.execute(query).all()
        yield from (Refusal(row.rank, row.line, Hit(row.code), row.earlier) for row in rows)
        if len(rows) < _PAGE:
            return
        after = rows[-1].rank


def known_keys(connection: Connection) -> Iterator[KnownKey]:
    """Every hit on a key, by code and batch: those that refuse, and alerts of lines that stand."""
    refuses = staged_hit.c.code <= REFUSING
    query = (
        select(staged_hit.c.code, staged_hit.c.batch, staged_hit.c.idx, staged_key.c.line)
        .add_columns(staged_hit.c.foreign)
        .join_from(staged_hit, staged_key, staged_key.c.rank == staged_hit.c.rank)
        .where(refuses | ~is_refused(staged_hit.c.rank))
        .order_by(staged_hit.c.code, staged_hit.c.batch, staged_hit.c.rank)
        .execution_options(yield_per=_PAGE)
    )
    for row in connection.execute(query):
        yield KnownKey(Hit(row.code), row.batch, row.idx, row.line, bool(row.foreign))


def mark_suspects(connection: Connection, number: int | None) -> None:
    """Mark the keys of others that were hit and, in batch *number*, the kept lines that hit them."""
    hits = select(staged_hit.c.batch, staged_hit.c.idx).where(staged_hit.c.foreign).distinct()
    if number is None:
        hits = hits.where(staged_hit.c.code <= REFUSING)
    hit = hits.subquery()
    # Driven from the hits: the table of keys is the largest there is.
    theirs = select(keys.c.tag).join_from(
        hit, keys, and_(hit.c.batch == keys.c.batch, hit.c.idx == keys.c.idx)
    )
    _mark(connection, theirs)
    if number is not None:
        mine = select(staged_key.c.tag).join_from(
            staged_hit, staged_key, staged_key.c.rank == staged_hit.c.rank
        )
        _mark(connection, mine.where(staged_hit.c.foreign, ~is_refused(staged_hit.c.rank)))


def _mark(connection: Connection, tags: Select[Any]) -> None:
    connection.execute(update(keys).where(keys.c.tag.in_(tags)).values(suspect=True))
