"""What a PostgreSQL replica knows, and how the primary is to be told when nobody holds a copy of a commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from provenance.errors import StoreUnavailable

_MOMENT: Final = text("""
    SELECT pg_is_in_recovery() AS follows,
           CAST(extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000 AS bigint) AS replayed,
           head.size, head.time
    FROM (SELECT 1) AS one
    LEFT JOIN (SELECT size, time FROM checkpoint WHERE note IS NOT NULL ORDER BY size DESC LIMIT 1) AS head
        ON true
""")
_WAITING: Final = "SyncRepWaitForLSN"


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a server has come: times in ms by the primary's clock.

    ``replayed`` is the commit time of the last transaction it repeated, ``None`` if it repeated none yet
    or follows nobody any more; ``size`` and ``time`` are those of the newest signed checkpoint it has.
    """

    follows: bool
    replayed: int | None
    size: int
    time: int


def moment(connection: Connection) -> Moment:
    """How far the PostgreSQL behind *connection* has come."""
    row = connection.execute(_MOMENT).one()
    return Moment(row.follows, row.replayed, row.size or 0, row.time or 0)


def is_unconfirmed(notice: Any) -> bool:
    """Whether a notice of the driver says that a commit was let go before a standby had it.

    The server then tells the client of a success all the same: only this warning tells them apart. Its
    words are translated, the function in the server that gives it is not.
    """
    return bool(notice.source_function == _WAITING)


def unconfirmed() -> StoreUnavailable:
    """What whoever made such a commit is told."""
    return StoreUnavailable(
        "it was written, but no standby has it, so it is not promised; ask again what became of it",
        code="commit_unconfirmed",
    )
