"""Signed transactions, stored before they are sent (DESIGN §2, route 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select, update

from provenance.store.anchors import AnchorStatus
from provenance.store.schema_log import anchor
from provenance.store.schema_log import chain_tx as table
from provenance.store.upsert import insert_or


class TxStatus(IntEnum):
    """How far a transaction got; the numbers are stored. Below REPLACED it holds its nonce."""

    STORED = 0
    SENT = 1
    MINED = 2
    REPLACED = 3
    FAILED = 4
    LOST = 5


ESCROW_STEP: Final = 3
"""The kind of a step of the escrow; below it are those of :class:`~provenance.store.anchors.AnchorKind`."""

_WAITING: Final = (int(TxStatus.STORED), int(TxStatus.SENT))


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """A signed transaction for one piece of work; fees in wei per gas, times in ms.

    ``kind`` is that of an anchor, or ``ESCROW_STEP``; ``ref`` names the work among those of its kind.
    """

    hash: bytes
    sender: bytes
    nonce: int
    raw: bytes
    kind: int
    ref: bytes
    status: TxStatus
    max_fee: int
    max_priority_fee: int
    created_at: int
    sent_at: int | None = None


def add(connection: Connection, transaction: StoredTransaction) -> None:
    """Store a signed transaction; its nonce must not be held by another living one.

    Signatures are deterministic: after a reorganisation the very bytes that were lost may be signed
    again, and then they live again.
    """
    row = {name: getattr(transaction, name) for name in StoredTransaction.__slots__}
    row |= {"kind": int(transaction.kind), "status": int(transaction.status)}
    fresh = insert_or(connection, table).values(row)
    revived = {name: fresh.excluded[name] for name in ("kind", "ref", "status", "created_at", "sent_at")}
    connection.execute(fresh.on_conflict_do_update(index_elements=["hash"], set_=revived))


def held_nonces(connection: Connection, sender: bytes, least: int) -> list[int]:
    """Nonces from *least* on that living transactions of *sender* hold."""
    query = select(table.c.nonce).where(
        table.c.sender == sender, table.c.status < int(TxStatus.REPLACED), table.c.nonce >= least
    )
    return list(connection.execute(query).scalars())


def attempts(connection: Connection, kind: int, ref: bytes) -> list[StoredTransaction]:
    """All transactions for one piece of work with the nonce of its living one, oldest first; else none."""
    mine = (table.c.kind == int(kind), table.c.ref == ref)
    living = select(table.c.nonce, table.c.sender).where(*mine, table.c.status < int(TxStatus.REPLACED))
    found = connection.execute(living.order_by(table.c.nonce.desc()).limit(1)).first()
    if found is None:
        return []
    query = select(table).where(*mine, table.c.nonce == found[0], table.c.sender == bytes(found[1]))
    kept = query.where(table.c.status.not_in([int(TxStatus.FAILED), int(TxStatus.LOST)]))
    return _many(connection, kept.order_by(table.c.max_fee, table.c.created_at))


def stragglers(connection: Connection, sender: bytes, limit: int) -> list[StoredTransaction]:
    """Living, unmined transactions whose anchor is final without them, or forgotten."""
    joined = table.outerjoin(anchor, (anchor.c.kind == table.c.kind) & (anchor.c.ref == table.c.ref))
    done = anchor.c.status.is_(None) | (anchor.c.status == int(AnchorStatus.FINAL))
    mine = (table.c.sender == sender, table.c.kind != ESCROW_STEP)
    query = select(table).select_from(joined).where(*mine, done)
    return _many(connection, query.where(table.c.status.in_(_WAITING)).limit(limit))


def waiting(connection: Connection, sender: bytes, kind: int, limit: int) -> list[StoredTransaction]:
    """The living, unmined transactions of one kind, the lowest nonce first."""
    query = select(table).where(table.c.sender == sender, table.c.kind == kind)
    living = query.where(table.c.status.in_(_WAITING))
    return _many(connection, living.order_by(table.c.nonce).limit(limit))


def set_status(connection: Connection, hashes: Sequence[bytes], status: TxStatus) -> None:
    """Move transactions to *status*."""
    if hashes:
        connection.execute(update(table).where(table.c.hash.in_(hashes)).values(status=int(status)))


def set_sent(connection: Connection, tx_hash: bytes, time: int) -> None:
    """Note that the node took a transaction at *time* (ms); the first time stays."""
    statement = update(table).where(table.c.hash == tx_hash, table.c.status == int(TxStatus.STORED))
    connection.execute(statement.values(status=int(TxStatus.SENT), sent_at=time))


def lose_all(connection: Connection) -> None:
    """Every transaction is lost: the chain they were signed for is gone, and nonces begin anew."""
    connection.execute(update(table).where(table.c.status != int(TxStatus.LOST)).values(status=5))


def _many(connection: Connection, query: Any) -> list[StoredTransaction]:
    return [_stored(found) for found in connection.execute(query).mappings()]


def _stored(found: RowMapping) -> StoredTransaction:
    return StoredTransaction(
        bytes(found["hash"]), bytes(found["sender"]), found["nonce"], bytes(found["raw"]),
        found["kind"], bytes(found["ref"]), TxStatus(found["status"]),
        found["max_fee"], found["max_priority_fee"], found["created_at"], found["sent_at"],
    )  # fmt: skip
