"""What is to be on the chain, and how far it got: batches and checkpoints (FORMATS §9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select, update

from provenance.store.schema import setting
from provenance.store.schema_log import anchor as table
from provenance.store.upsert import insert_or

_GENESIS: Final = "chain_genesis"
_WISH: Final = "anchor_wish"


class AnchorKind(IntEnum):
    """What is anchored; the numbers are stored."""

    BATCH = 1
    CHECKPOINT = 2


class AnchorStatus(IntEnum):
    """How far an anchor got; the numbers are stored and shown as pending, anchored, final."""

    WANTED = 0
    SENT = 1
    CONFIRMED = 2
    FINAL = 3


@dataclass(frozen=True, slots=True)
class StoredAnchor:
    """An anchor: ``ref`` is a batch id, or a log size in 32 bytes; ``block_time`` is unix seconds."""

    kind: AnchorKind
    ref: bytes
    root: bytes
    status: AnchorStatus
    tx_hash: bytes | None
    block_number: int | None
    block_hash: bytes | None
    block_time: int | None
    created_at: int

    @property
    def size(self) -> int:
        """The size of an anchored checkpoint."""
        return int.from_bytes(self.ref)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where an anchor was seen on chain; number and hash are those of our own transaction's block."""

    tx_hash: bytes | None
    block_number: int | None
    block_hash: bytes | None
    block_time: int


def size_ref(size: int) -> bytes:
    """The ``ref`` of a checkpoint; as bytes they sort as the sizes do."""
    return size.to_bytes(32)


def want(connection: Connection, kind: AnchorKind, ref: bytes, root: bytes, time: int) -> None:
    """Ask for an anchor; asking again changes nothing."""
    row = {"kind": int(kind), "ref": ref, "root": root, "status": 0, "created_at": time}
    connection.execute(insert_or(connection, table).values(row).on_conflict_do_nothing())


def get(connection: Connection, kind: AnchorKind, ref: bytes) -> StoredAnchor | None:
    """One anchor."""
    query = select(table).where(table.c.kind == int(kind), table.c.ref == ref)
    found = connection.execute(query).mappings().first()
    return None if found is None else _stored(found)


def unsettled(connection: Connection, kind: AnchorKind, limit: int) -> list[StoredAnchor]:
    """Anchors that are not final; checkpoints by size, batches oldest first."""
    order = (table.c.ref,) if kind is AnchorKind.CHECKPOINT else (table.c.created_at, table.c.ref)
    query = select(table).where(table.c.kind == int(kind), table.c.status < int(AnchorStatus.FINAL))
    return _many(connection, query.order_by(*order).limit(limit))


def newest_on_chain(
    connection: Connection, *, least: AnchorStatus = AnchorStatus.CONFIRMED
) -> StoredAnchor | None:
    """The largest size that was seen on chain."""
    found = _many(connection, _checkpoints(least).order_by(table.c.ref.desc()).limit(1))
    return found[0] if found else None


def newest_sizes_on_chain(connection: Connection, count: int) -> list[int]:
    """The *count* largest sizes that were seen on chain, the largest first."""
    query = _checkpoints(AnchorStatus.CONFIRMED).order_by(table.c.ref.desc()).limit(count)
    return [anchor.size for anchor in _many(connection, query)]


def newest_wanted(connection: Connection) -> StoredAnchor | None:
    """The largest size ever asked for, wherever it stands."""
    found = _many(connection, _checkpoints(AnchorStatus.WANTED).order_by(table.c.ref.desc()).limit(1))
    return found[0] if found else None


def first_covering(connection: Connection, index: int) -> StoredAnchor | None:
    """The smallest size on chain that covers the entry at log *index*."""
    query = _checkpoints(AnchorStatus.CONFIRMED).where(table.c.ref > size_ref(index))
    found = _many(connection, query.order_by(table.c.ref).limit(1))
    return found[0] if found else None


def set_status(connection: Connection, anchor: StoredAnchor, status: AnchorStatus) -> None:
    """Move an anchor to *status*, keeping what was seen of it."""
    connection.execute(_this(anchor).values(status=int(status)))


def set_sent(connection: Connection, anchor: StoredAnchor, tx_hash: bytes) -> None:
    """Note the newest transaction for an anchor, which is not on chain (any more)."""
    fresh = {"block_number": None, "block_hash": None, "block_time": None}
    connection.execute(_this(anchor).values(status=int(AnchorStatus.SENT), tx_hash=tx_hash, **fresh))


def set_seen(connection: Connection, anchor: StoredAnchor, status: AnchorStatus, sighting: Sighting) -> None:
    """Note where an anchor stands on chain."""
    connection.execute(
        _this(anchor).values(
            status=int(status),
            tx_hash=sighting.tx_hash,
            block_number=sighting.block_number,
            block_hash=sighting.block_hash,
            block_time=sighting.block_time,
        )
    )


def forget(connection: Connection, anchor: StoredAnchor) -> None:
    """Take back the wish for an anchor that can no longer be made."""
    this = (table.c.kind == int(anchor.kind), table.c.ref == anchor.ref)
    connection.execute(table.delete().where(*this))


def want_all_again(connection: Connection) -> None:
    """Everything once anchored is wanted anew: the chain that held it is gone."""
    fresh = {"tx_hash": None, "block_number": None, "block_hash": None, "block_time": None}
    connection.execute(update(table).values(status=int(AnchorStatus.WANTED), **fresh))


def remembered_genesis(connection: Connection) -> bytes | None:
    """The hash of block 0 of the chain that the anchors are on."""
    query = select(setting.c.value).where(setting.c.name == _GENESIS)
    found = connection.execute(query).scalar()
    return None if found is None else bytes.fromhex(found)


def remember_genesis(connection: Connection, block_hash: bytes) -> None:
    """Note the hash of block 0 of the chain that the anchors are on."""
    fresh = insert_or(connection, setting).values(name=_GENESIS, value=block_hash.hex())
    connection.execute(
        fresh.on_conflict_do_update(index_elements=["name"], set_={"value": fresh.excluded.value})
    )


def wish(connection: Connection, time: int) -> None:
    """Ask the sequencer for a checkpoint that can be anchored; *time* is that of the newest wish."""
    fresh = insert_or(connection, setting).values(name=_WISH, value=str(time))
    connection.execute(
        fresh.on_conflict_do_update(index_elements=["name"], set_={"value": fresh.excluded.value})
    )


def wished_at(connection: Connection) -> int | None:
    """The time of the newest wish that is not fulfilled, in ms."""
    found = connection.execute(select(setting.c.value).where(setting.c.name == _WISH)).scalar()
    return None if found is None else int(found)


def fulfil_wish(connection: Connection, time: int) -> None:
    """Take the wish back, unless it is newer than *time*."""
    at = wished_at(connection)
    if at is not None and at <= time:
        connection.execute(setting.delete().where(setting.c.name == _WISH, setting.c.value == str(at)))


def _checkpoints(least: AnchorStatus) -> Any:
    return select(table).where(table.c.kind == int(AnchorKind.CHECKPOINT), table.c.status >= int(least))


def _this(anchor: StoredAnchor) -> Any:
    return update(table).where(table.c.kind == int(anchor.kind), table.c.ref == anchor.ref)


def _many(connection: Connection, query: Any) -> list[StoredAnchor]:
    return [_stored(found) for found in connection.execute(query).mappings()]


def _stored(found: RowMapping) -> StoredAnchor:
    def raw(name: str) -> bytes | None:
        return None if found[name] is None else bytes(found[name])

    return StoredAnchor(
        AnchorKind(found["kind"]), bytes(found["ref"]), bytes(found["root"]), AnchorStatus(found["status"]),
        raw("tx_hash"), found["block_number"], raw("block_hash"), found["block_time"], found["created_at"],
    )  # fmt: skip
