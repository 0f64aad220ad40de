"""What is known of the log's past, and the refusal to go on from anything that does not extend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provenance.core import tiles
from provenance.errors import Unavailable
from provenance.store import anchors, checkpoints
from provenance.store import tiles as tile_store
from provenance.store.checkpoints import StoredHead
from provenance.store.database import Connection


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A size of the log and its root (32 bytes) that somebody was already told."""

    size: int
    root: bytes


def history_of(connection: Connection) -> list[KnownHead]:
    """The last signed checkpoint and the newest anchored size, as the database remembers them."""
    signed = checkpoints.newest_signed(connection)
    anchored = anchors.newest_on_chain(connection)
    known = [] if signed is None else [KnownHead(signed.size, signed.root)]
    return known + ([] if anchored is None else [KnownHead(anchored.size, anchored.root)])


def require_extends(connection: Connection, head: StoredHead | None, known: Iterable[KnownHead]) -> None:
    """Return if the stored log reaches *head* and begins with every *known* one.

    Raises :class:`Unavailable` (``rolled_back``).
    """
    read = tile_store.reader(connection, tile_store.LOG_TREE)
    told = list(known) if head is None else [*known, KnownHead(head.size, head.root)]
    size = 0 if head is None else head.size
    for past in told:
        if past.size > size:
            raise rolled_back(f"somebody was told of {past.size} entries, the database has {size}")
        if tiles.root_at(read, past.size) != past.root:
            raise rolled_back(f"the log's first {past.size} entries are not those that were told")


def rolled_back(what: str = "the head file knows entries that the database does not") -> Unavailable:
    """The refusal to sign: *what* says by which evidence."""
    return Unavailable(
        f"{what}: the database was rolled back or replaced; restore the newest copy before starting",
        code="rolled_back",
    )
