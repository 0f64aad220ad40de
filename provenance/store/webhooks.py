"""The endpoints of parties: made, listed, changed, and held by the one worker that sends to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, exists, func, or_, select, update

from provenance.store.database import Connection
from provenance.store.schema import party as parties
from provenance.store.schema_webhooks import webhook_delivery as deliveries
from provenance.store.schema_webhooks import webhook_endpoint as table
from provenance.store.upsert import insert_or

MAX_ENDPOINTS: Final = 10
"""Of one party."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a party is told the events of some types; the secrets are sealed, times in ms."""

    id: bytes
    party: bytes
    url: str
    types: tuple[str, ...]
    secret: bytes
    created_at: int
    old_secret: bytes | None = None
    old_until: int | None = None
    disabled_at: int | None = None
    disabled_by: str | None = None
    failures: int = 0
    failing_since: int | None = None
    rest_until: int = 0


def insert(connection: Connection, endpoint: Endpoint) -> bool:
    """Store an endpoint; ``False`` when all places of its party are taken."""
    row = {name: getattr(endpoint, name) for name in Endpoint.__slots__}
    row |= {"types": " ".join(endpoint.types), "held_until": 0}
    for slot in range(MAX_ENDPOINTS):
        fresh = insert_or(connection, table).values({**row, "slot": slot})
        kept = fresh.on_conflict_do_nothing(index_elements=["party", "slot"]).returning(table.c.slot)
        if connection.execute(kept).first() is not None:
            return True
    return False


def of_parties(connection: Connection, names: Sequence[bytes]) -> list[Endpoint]:
    """The endpoints under these addresses, oldest first."""
    query = select(table).where(table.c.party.in_(names)).order_by(table.c.created_at, table.c.id)
    return [_endpoint(row) for row in connection.execute(query)]


def by_id(connection: Connection, endpoint: bytes) -> Endpoint | None:
    """One endpoint."""
    row = connection.execute(select(table).where(table.c.id == endpoint)).first()
    return None if row is None else _endpoint(row)


def listening(connection: Connection, party: bytes) -> list[Endpoint]:
    """The endpoints, not disabled, of whoever stands for *party* now."""
    return [_endpoint(row) for row in connection.execute(_LISTENING, {"address": party})]


def change(connection: Connection, endpoint: bytes, **columns: Any) -> None:
    """Set columns of an endpoint."""
    connection.execute(update(table).where(table.c.id == endpoint).values(columns))


def disable(connection: Connection, endpoint: bytes, by: str, now: int) -> bool:
    """Send nothing more to an endpoint; ``False`` if it was disabled already."""
    living = update(table).where(table.c.id == endpoint, table.c.disabled_at.is_(None))
    return connection.execute(living.values(disabled_at=now, disabled_by=by)).rowcount == 1


def remove(connection: Connection, endpoint: bytes) -> None:
    """Forget an endpoint with its deliveries; its attempts go with their messages."""
    connection.execute(delete(deliveries).where(deliveries.c.endpoint == endpoint))
    connection.execute(delete(table).where(table.c.id == endpoint))


def with_work(connection: Connection, now: int, horizon: int, limit: int) -> list[tuple[bytes, bytes]]:
    """Endpoints that nobody holds and that something is due for, with their parties, longest unserved first.

    A time more than *horizon* ms ahead was written by a clock that has been set back since, and counts
    as past: nothing waits for a year that does not come.
    """
    waiting = exists().where(
        deliveries.c.endpoint == table.c.id,
        deliveries.c.status == 0,
        _past(deliveries.c.due_at, now, horizon),
    )
    free = (_past(table.c.held_until, now, horizon), _past(table.c.rest_until, now, horizon))
    query = select(table.c.id, table.c.party).where(table.c.disabled_at.is_(None), *free, waiting)
    found = connection.execute(query.order_by(table.c.held_until, table.c.id).limit(limit))
    return [(bytes(row.id), bytes(row.party)) for row in found]


def hold(
    connection: Connection, endpoint: bytes, holder: bytes, now: int, lease_ms: int, horizon: int
) -> bool:
    """Take or keep an endpoint for *lease_ms*; ``False`` if another holds it or it was disabled."""
    free = or_(table.c.holder == holder, _past(table.c.held_until, now, horizon))
    taken = update(table).where(table.c.id == endpoint, table.c.disabled_at.is_(None), free)
    return connection.execute(taken.values(holder=holder, held_until=now + lease_ms)).rowcount == 1


def let_go(connection: Connection, endpoint: bytes, holder: bytes, now: int) -> None:
    """Give an endpoint back, if it is still held."""
    mine = update(table).where(table.c.id == endpoint, table.c.holder == holder)
    connection.execute(mine.values(holder=None, held_until=now))


def count(connection: Connection) -> int:
    """How many endpoints there are."""
    found: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return found


def _past(column: Any, now: int, horizon: int) -> Any:
    return or_(column <= now, column > now + horizon)


def _endpoint(row: Any) -> Endpoint:
    return Endpoint(
        bytes(row.id), bytes(row.party), row.url, tuple(row.types.split()), bytes(row.secret), row.created_at,
        None if row.old_secret is None else bytes(row.old_secret), row.old_until,
        row.disabled_at, row.disabled_by, row.failures, row.failing_since, row.rest_until,
    )  # fmt: skip


def _listening() -> Select[Any]:
    name = select(parties.c.address, parties.c.successor)
    chain = name.where(parties.c.address == bindparam("address")).cte("standing", recursive=True)
    # UNION, not UNION ALL: a circle of successors ends.
    now = chain.union(name.join(chain, parties.c.address == chain.c.successor))
    heard = select(table).join(now, table.c.party == now.c.address)
    return heard.where(now.c.successor.is_(None), table.c.disabled_at.is_(None))


_LISTENING: Final = _listening()
"""Made once: it is asked at every event that could be told, and mostly finds nobody."""
