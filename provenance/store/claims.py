"""Claims as they stand, what they were decided from, and what they ask of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Select, and_, func, insert, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema_warranty import claim as table
from provenance.store.schema_warranty import claim_record as records
from provenance.store.schema_warranty import claim_task as tasks
from provenance.store.schema_warranty import warranty_order as orders
from provenance.store.schema_warranty import warranty_progress as progress
from provenance.store.upsert import added, insert_or


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """One claim. ``value`` is its JSON without the terms; ``version`` counts its steps, times in ms."""

    id: bytes
    order: bytes
    platform: bytes
    state: str
    causes: str
    origin: str
    outcome: str | None
    opened_at: int
    last_time: int
    due: int | None
    version: int
    value: str


@dataclass(frozen=True, slots=True)
class Task:
    """What a claim asks of others than the database; amounts in minor units."""

    id: bytes
    claim: bytes
    order: bytes
    kind: str
    amount: int | None
    currency: str | None
    at: int
    done_at: int | None = None


_NAMES: Final = tuple(field.name for field in fields(ClaimRow))
_TASK_NAMES: Final = tuple(field.name for field in fields(Task))


def add(connection: Connection, row: ClaimRow) -> None:
    """Store a new claim; the caller holds its order's lock."""
    connection.execute(insert(table), {name: getattr(row, name) for name in _NAMES})


def put(connection: Connection, row: ClaimRow, seen: int) -> bool:
    """Store a claim after a step; ``False`` when it is no longer the version that was *seen*."""
    values = {name: getattr(row, name) for name in _NAMES if name != "id"}
    statement = update(table).where(table.c.id == row.id, table.c.version == seen).values(values)
    return connection.execute(statement).rowcount == 1


def by_id(connection: Connection, claim: bytes) -> ClaimRow | None:
    """A claim."""
    row = connection.execute(select(table).where(table.c.id == claim)).first()
    return None if row is None else _row(row)


def of_order(connection: Connection, order: bytes) -> list[ClaimRow]:
    """Every claim on an order, the oldest first."""
    return _many(
        connection, select(table).where(table.c.order == order).order_by(table.c.opened_at, table.c.id)
    )


def open_of(connection: Connection, order: bytes) -> ClaimRow | None:
    """The open claim of an order; there is one at most."""
    row = connection.execute(select(table).where(table.c.order == order, table.c.outcome.is_(None))).first()
    return None if row is None else _row(row)


def due(connection: Connection, now: int, limit: int) -> list[tuple[bytes, bytes]]:
    """Claim and order of what has a default to happen at *now*, the longest due first; nothing is locked."""
    query = select(table.c.id, table.c.order).where(table.c.due <= now).order_by(table.c.due).limit(limit)
    return [(bytes(row.id), bytes(row.order)) for row in connection.execute(query)]


def next_due(connection: Connection) -> int | None:
    """When the next default of any claim happens (ms), if ever."""
    soonest: int | None = connection.execute(select(func.min(table.c.due))).scalar()
    return soonest


def waiting(connection: Connection, now: int) -> tuple[int, int | None]:
    """How many claims have a default to happen at *now*, and since when the oldest has (ms)."""
    query = select(func.count(), func.min(table.c.due)).where(table.c.due <= now)
    count, oldest = connection.execute(query).one()
    return count, oldest


def put_off(connection: Connection, order: bytes, until: int) -> None:
    """Have the watch leave the open claim of an order alone until then (ms)."""
    statement = update(table).where(table.c.order == order, table.c.due < until)
    connection.execute(statement.values(due=until))


def listed(
    connection: Connection,
    *,
    platforms: Sequence[bytes] | None = None,
    suppliers: Sequence[bytes] | None = None,
    states: Sequence[str],
    after: tuple[int, bytes],
    limit: int,
) -> list[ClaimRow]:
    """Claims opened after that (time, id), oldest first; of some parties or all, in some states or any."""
    later = or_(table.c.opened_at > after[0], and_(table.c.opened_at == after[0], table.c.id > after[1]))
    query = select(table).where(later)
    if platforms is not None:
        query = query.where(table.c.platform.in_(platforms))
    if suppliers is not None:
        query = query.join(orders, orders.c.id == table.c.order).where(orders.c.supplier.in_(suppliers))
    if states:
        query = query.where(table.c.state.in_(states))
    return _many(connection, query.order_by(table.c.opened_at, table.c.id).limit(limit))


def keep_record(
    connection: Connection, digest: bytes, claim: bytes, kind: str, at: int, document: str
) -> None:
    """Keep what something was decided from, by its hash; the same again changes nothing."""
    values = {"digest": digest, "claim": claim, "kind": kind, "at": at, "document": document}
    added(connection, records, values)


def records_of(connection: Connection, claim: bytes) -> list[tuple[bytes, str, int, str]]:
    """Digest, kind, time and JSON of everything kept for a claim, oldest first."""
    query = select(records).where(records.c.claim == claim).order_by(records.c.at)
    return [(bytes(row.digest), row.kind, row.at, row.document) for row in connection.execute(query)]


def add_task(connection: Connection, task: Task) -> None:
    """Ask others for something."""
    connection.execute(insert(tasks), {name: getattr(task, name) for name in _TASK_NAMES})


def open_tasks(connection: Connection, kinds: Sequence[str], limit: int) -> list[Task]:
    """What is asked and not done, oldest first; locked, and without what another worker has."""
    query = select(tasks).where(tasks.c.done_at.is_(None), tasks.c.kind.in_(kinds))
    query = query.order_by(tasks.c.at).limit(limit).with_for_update(skip_locked=True)
    return [
        Task(bytes(row.id), bytes(row.claim), bytes(row.order), row.kind, row.amount, row.currency, row.at)
        for row in connection.execute(query)
    ]


def tasks_of(connection: Connection, claims: Sequence[bytes]) -> list[Task]:
    """What these claims ask of others and is not done, oldest first."""
    query = select(tasks).where(tasks.c.claim.in_(claims), tasks.c.done_at.is_(None)).order_by(tasks.c.at)
    return [
        Task(bytes(row.id), bytes(row.claim), bytes(row.order), row.kind, row.amount, row.currency, row.at)
        for row in connection.execute(query)
    ]


def task_done(connection: Connection, task: bytes, now: int) -> bool:
    """Note that it is done; ``False`` if it was before."""
    statement = update(tasks).where(tasks.c.id == task, tasks.c.done_at.is_(None)).values(done_at=now)
    return connection.execute(statement).rowcount == 1


def read_up_to(connection: Connection, name: str) -> int:
    """How far the watch has read in *name*; 0 at first. Locks it, so that two never read the same."""
    row = connection.execute(select(progress).where(progress.c.name == name).with_for_update()).first()
    return 0 if row is None else row.value


def has_read(connection: Connection, name: str, value: int) -> None:
    """The watch has read up to *value*."""
    statement = insert_or(connection, progress).values(name=name, value=value)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def _many(connection: Connection, query: Select[Any]) -> list[ClaimRow]:
    return [_row(row) for row in connection.execute(query)]


def _row(row: Any) -> ClaimRow:
    return ClaimRow(
        bytes(row.id), bytes(row.order), bytes(row.platform), row.state, row.causes, row.origin, row.outcome,
        row.opened_at, row.last_time, row.due, row.version, row.value,
    )  # fmt: skip
