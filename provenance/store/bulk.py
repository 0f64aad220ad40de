"""The staging area of one registration: temporary tables, filled in bulk, emptied into the real ones.

They live on one connection and within one transaction, and hold tags only. PostgreSQL is filled by
COPY, SQLite by ``executemany``; everything after that is SQL over whole sets, which both speak.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    exists,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from provenance.store.database import Connection
from provenance.store.schema import alias as aliases
from provenance.store.schema import card_key as keys
from provenance.store.schema import reject as rejects

SERIAL: Final = 0
WHOLE: Final = 1
SECRET: Final = 2
SHORT_WHOLE: Final = 3
SHORT_SECRET: Final = 4
"""Kinds of an alias: the serial, serial and secret, the secret alone; SHORT: under 16 letters and digits."""
OLD_TAG: Final = 9
"""Kind of a probe that is the tag under an older epoch; never an alias."""

REFUSING: Final = 4
"""Hits with a code up to this refuse their line, those above it only alert."""

_TEMPORARY = MetaData()
_BIG = BigInteger().with_variant(Integer, "sqlite")


def _temporary(name: str, *columns: Column[Any]) -> Table:
    return Table(name, _TEMPORARY, *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DROP")


staged_key = _temporary(
    "staged_key",
    Column("rank", _BIG, primary_key=True, autoincrement=False, comment="of the well-formed line"),
    Column("line", BigInteger, nullable=False),
    Column("tag", LargeBinary, nullable=False),
)
staged_probe = _temporary(
    "staged_probe",
    Column("rank", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("fresh", SmallInteger, nullable=False, comment="1 under the newest epoch, to be kept"),
)
staged_hit = _temporary(
    "staged_hit",
    Column("rank", BigInteger, nullable=False),
    Column("code", SmallInteger, nullable=False),
    Column("batch", BigInteger, nullable=False, comment="0: the hit is in the file itself"),
    Column("idx", BigInteger, nullable=False, comment="or the earlier line of the file"),
    Column("foreign", Boolean, nullable=False, comment="the batch is another party's"),
)
staged_place = _temporary(
    "staged_place",
    Column("rank", _BIG, primary_key=True, autoincrement=False),
    Column("idx", BigInteger, nullable=False),
)
_HIT_INDEX = Index("ix_staged_hit_rank", staged_hit.c.rank, staged_hit.c.code)
_TABLES = (staged_key, staged_probe, staged_hit, staged_place)

KeyLine = tuple[int, int, bytes]
"""(rank, line, 32-byte tag)."""
Probe = tuple[int, int, bytes, int]
"""(rank, kind, 16-byte digest or 32-byte older tag, 1 if under the newest epoch)."""


def open_area(connection: Connection) -> None:
    """Make the temporary tables; they go with the transaction, or with :func:`close_area`."""
    for table in _TABLES:
        connection.execute(CreateTable(table))
    connection.execute(CreateIndex(_HIT_INDEX))


def close_area(connection: Connection) -> None:
    """Drop the temporary tables, so that the connection can serve the next registration."""
    for table in _TABLES:
        connection.execute(DropTable(table))


def load(connection: Connection, lines: Sequence[KeyLine], probes: Sequence[Probe]) -> None:
    """Put a chunk of key lines and of their probes into the area."""
    fill(connection, staged_key, lines)
    fill(connection, staged_probe, probes)


def loaded(connection: Connection) -> None:
    """Tell the planner how much there is; call it once after the last chunk."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("ANALYZE staged_key, staged_probe"))


def is_refused(rank: Any) -> ColumnElement[bool]:
    """SQL condition: some hit refuses the line of that *rank*."""
    refusing = staged_hit.alias()
    return exists().where(refusing.c.rank == rank, refusing.c.code <= REFUSING)


def place_in_order(connection: Connection) -> int:
    """Give every line that no hit refuses its rank among them as index; how many there are."""
    order = (func.row_number().over(order_by=staged_key.c.rank) - 1).label("idx")
    kept = select(staged_key.c.rank, order).where(~is_refused(staged_key.c.rank))
    connection.execute(insert(staged_place).from_select(["rank", "idx"], kept))
    count: int = connection.execute(select(func.count()).select_from(staged_place)).scalar_one()
    return count


def place(connection: Connection, places: Iterable[tuple[int, int]]) -> None:
    """Give lines their index as (rank, index), where the order is another."""
    fill(connection, staged_place, places)


def write_keys(connection: Connection, number: int, epoch: int) -> bool:
    """Write every placed line as a key of batch *number*; ``False``, and nothing, if a tag is taken.

    In the order of tags, so that two registrations of one file wait for each other in one direction.
    """
    chosen = (
        select(staged_key.c.tag, literal(epoch), literal(number), staged_place.c.idx)
        .join_from(staged_key, staged_place, staged_place.c.rank == staged_key.c.rank)
        .order_by(staged_key.c.tag)
    )
    try:
        with connection.begin_nested():
            connection.execute(insert(keys).from_select(["tag", "epoch", "batch", "idx"], chosen))
    except IntegrityError:
        return False
    return True


def write_aliases(connection: Connection, number: int) -> None:
    """Keep the fresh aliases of every placed line."""
    chosen = (
        select(staged_probe.c.digest, staged_probe.c.kind, literal(number), staged_place.c.idx)
        .join_from(staged_probe, staged_place, staged_place.c.rank == staged_probe.c.rank)
        .where(staged_probe.c.fresh == 1, staged_probe.c.kind < OLD_TAG)
        .order_by(staged_probe.c.digest)
    )
    connection.execute(insert(aliases).from_select(["digest", "kind", "batch", "idx"], chosen))


def clear_places(connection: Connection) -> None:
    """Take all places back, before another search."""
    connection.execute(staged_place.delete())


def write_rejects(
    connection: Connection, number: int, rows: Iterable[tuple[int, int | None, str, str]]
) -> None:
    """Keep rejected lines of batch *number*: (line, column, code, message)."""
    fill(connection, rejects, ((number, *row) for row in rows))


def fill(connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Put *rows*, all columns in order, into *table*: by COPY where there is one."""
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.columns))
        raw.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', rows)  # noqa: S608  # our own names
        return
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
