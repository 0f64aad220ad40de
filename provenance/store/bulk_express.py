"""Keys, aliases and tiles of a new batch straight into their tables, sorted, many thousand at a time.

For a registration that expects nothing of it to be known: the primary key on the tag refuses what is.
PostgreSQL takes binary COPY; the rows are laid out by :class:`Express`, which needs no connection, so
that another thread can prepare the next rows while the database is at these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from sqlalchemy.exc import DBAPIError, IntegrityError

from provenance.core.tiles import TileRow
from provenance.store.bulk import SERIAL
from provenance.store.database import Connection, is_retryable
from provenance.store.driver import driver_of, is_sqlite

_KEYS: Final = "card_key (tag, epoch, batch, idx)"
_ALIASES: Final = "alias (digest, kind, batch, idx)"
_TILES: Final = "tile (tree, level, idx, hashes)"
_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_FOUR: Final = b"\0\4"
_BYTEA: Final = 17
_BYTEA_ARRAY: Final = 1001
_AT_ONCE: Final = 30_000
"""Values in one look-up of SQLite, whose own limit is 32,766."""

_ENOUGH: Final = 1_000

Values = bytes | list[bytes]
"""Values to look up: an array in PostgreSQL's binary form, or as they are for SQLite."""
Rows = bytes | list[tuple[Any, ...]]
"""The rows of one table: laid out for COPY, or as values for SQLite."""


class NotPlain(Exception):
    """The file is not as the quick way expects it: nothing of it may stand, the careful way decides."""


class _Array(bytes):
    """An array of byte strings in PostgreSQL's binary form."""


class _ArrayDumper(Dumper):
    format = pq.Format.BINARY
    oid = _BYTEA_ARRAY

    def dump(self, obj: Any) -> Buffer:
        return bytes(obj)


@dataclass(frozen=True, slots=True)
class Express:
    """Lays out the rows of batch *number* for one of the two databases."""

    number: int
    epoch: int
    sqlite: bool

    def keys(self, first: int, tags: Sequence[bytes]) -> Rows:
        """Rows of the keys from index *first* on, in the order of their 32-byte tags."""
        placed = sorted(zip(tags, range(first, first + len(tags)), strict=True))
        if self.sqlite:
            return [(tag, self.epoch, self.number, index) for tag, index in placed]
        middle = _field(self.epoch.to_bytes(2)) + _field(self.number.to_bytes(8)) + b"\0\0\0\x08"
        head = _FOUR + b"\0\0\0\x20"
        return _copied([piece for tag, at in placed for piece in (head, tag, middle, at.to_bytes(8))])

    def aliases(self, found: Iterable[tuple[bytes, int, int]]) -> Rows:
        """Rows of (16-byte digest, kind, index), in their order."""
        placed = sorted(found)
        if self.sqlite:
            return [(digest, kind, self.number, index) for digest, kind, index in placed]
        head = _FOUR + b"\0\0\0\x10"
        batch = _field(self.number.to_bytes(8)) + b"\0\0\0\x08"
        middles = [_field(kind.to_bytes(2)) + batch for kind in range(16)]
        return _copied(
            [piece for digest, kind, at in placed for piece in (head, digest, middles[kind], at.to_bytes(8))]
        )

    def tiles(self, tiles: Iterable[TileRow]) -> Rows:
        """Rows of tiles, none of which is stored yet."""
        if self.sqlite:
            return [(self.number, *tile) for tile in tiles]
        tree = _FOUR + _field(self.number.to_bytes(8))
        return _copied(
            [
                tree + _field(level.to_bytes(2)) + _field(index.to_bytes(8)) + _field(hashes)
                for level, index, hashes in tiles
            ]
        )

    def values(self, values: Iterable[bytes]) -> Values:
        """Values to be looked up together, in order."""
        ordered = sorted(values)
        if self.sqlite:
            return ordered
        # One dimension, no nulls, its type, its length, indices from 1; then the fields.
        head = b"".join(number.to_bytes(4) for number in (1, 0, _BYTEA, len(ordered), 1))
        return _Array(head + b"".join([_field(value) for value in ordered]))


def has_aliases(connection: Connection) -> bool:
    """Whether any key is known by an alias yet; from here on the transaction looks them up by index."""
    with driver_of(connection) as raw:
        if not is_sqlite(connection):
            # Its own new rows have no statistics yet, and the planner would read all of them each time.
            raw.execute("SET LOCAL enable_seqscan = off")
        return raw.execute("SELECT 1 FROM alias LIMIT 1").fetchone() is not None


def is_alias_known(connection: Connection, number: int, digests: Values) -> bool:
    """Whether one of these stands already: as another batch's alias, or as a serial of this one.

    Also said, without looking further, where this batch has so many of them that they are no exceptions.
    """
    found = _look_up(connection, "SELECT kind, batch FROM alias WHERE digest", digests, _ENOUGH)
    return len(found) == _ENOUGH or any(kind == SERIAL or batch != number for kind, batch in found)


def is_tag_known(connection: Connection, tags: Values) -> bool:
    """Whether one of these tags is registered."""
    return bool(_look_up(connection, "SELECT 1 FROM card_key WHERE tag", tags, 1))


def _look_up(connection: Connection, query: str, values: Values, limit: int) -> list[tuple[int, ...]]:
    with driver_of(connection) as raw:
        if isinstance(values, bytes):
            with raw.cursor() as cursor:
                cursor.adapters.register_dumper(_Array, _ArrayDumper)
                cursor.execute(f"{query} = ANY(%s) LIMIT {limit}", (values,))
                return list(cursor.fetchall())
        found: list[tuple[int, ...]] = []
        for start in range(0, len(values), _AT_ONCE):
            some = values[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            found += raw.execute(f"{query} IN ({marks}) LIMIT {limit - len(found)}", some).fetchall()
        return found


def write(connection: Connection, keys: Rows, aliases: Rows, tiles: Rows) -> None:
    """Put the rows into their tables; raises :class:`NotPlain` if a tag is taken or two block each other."""
    try:
        for table, rows in ((_KEYS, keys), (_ALIASES, aliases), (_TILES, tiles)):
            _write(connection, table, rows)
    except IntegrityError as error:
        raise NotPlain from error
    except DBAPIError as error:
        if is_retryable(error):
            raise NotPlain from error
        raise


def write_tiles(connection: Connection, tiles: Rows) -> None:
    """Put the last tiles of the batch into their table."""
    _write(connection, _TILES, tiles)


def _write(connection: Connection, table: str, rows: Rows) -> None:
    with driver_of(connection) as raw:
        if isinstance(rows, bytes):
            with raw.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(rows)
        else:
            marks = "?, ?, ?, ?"
            raw.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608  # our own names


def _field(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value


def _copied(pieces: list[bytes]) -> bytes:
    return b"".join([_BEGIN, *pieces, _END])
