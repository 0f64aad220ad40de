"""A database with a batch of a million keys, a log of a million entries, and the state tree over both."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy import insert

from bench.served import context_over
from provenance.core import canonical, merkle
from provenance.core.commitments import leaves
from provenance.core.entries import (
    ZERO_ADDRESS,
    Entry,
    EntryType,
    KeyReason,
    address_subject,
    number_party,
    split_number,
)
from provenance.core.manifest import BatchDetails, BatchManifest, address_of, sign
from provenance.core.notes import Checkpoint, sign_checkpoint, verifier_key
from provenance.core.statefold import State, fold, state_of
from provenance.core.tiles import TreeBuilder
from provenance.services.context import Context
from provenance.store import anchors, batches, checkpoints
from provenance.store import entries as entry_store
from provenance.store import state as state_store
from provenance.store import tiles as tile_store
from provenance.store.anchors import AnchorKind, AnchorStatus, Sighting
from provenance.store.batches import BatchRow, Status
from provenance.store.database import Connection, create_schema
from provenance.store.schema import entry as entry_table
from provenance.store.state import Progress, StateShelf

LOG_SEED: Final = b"L" * 32
KEYS_PER_ENTRY: Final = 3
"""Acts on each key that was sold: SELL, DELIVER, REDEEM."""
_START: Final = 1_800_000_000_000
_SUPPLIER_KEY: Final = bytes(31) + b"\x11"
_SUPPLIER: Final = address_of(_SUPPLIER_KEY)
_OPERATOR: Final = address_of(bytes(31) + b"\x10")
_SHOP: Final = address_of(bytes(31) + b"\x12")
_NUMBER: Final = 1
_SEED: Final = b"S" * 32
_HEAD: Final = 8
"""Entries before the first sale."""
_AT_ONCE: Final = 10_000
T = EntryType


@dataclass(frozen=True, slots=True)
class World:
    """What was built: a batch, of which the first *sold* keys were redeemed, and a log of *entries*."""

    batch_id: bytes
    sold: int
    entries: int

    def event_of(self, key: int) -> bytes:
        """The event id of the REDEEM of *key*."""
        return (_HEAD + 3 * key + 2).to_bytes(16)

    def entry_of(self, key: int) -> bytes:
        """The bytes of that entry."""
        place = _HEAD + 3 * key + 2
        return _act(place, T.REDEEM, self.batch_id, key).encode()


def build(url: str, n: int) -> World:
    """Fill the empty database at *url*: *n* keys, about *n* entries, anchored."""
    create_schema(url)
    context = context_over(url)
    database = context.database
    sold = (n - _HEAD - 1) // 3
    try:
        with database.write() as connection:
            batch_id = _batch(connection, context, n)
        builder = TreeBuilder()
        count = 0
        entries = itertools.chain(_begun(context, batch_id, n), _lives(batch_id, sold))
        while some := list(itertools.islice(entries, _AT_ONCE)):
            with database.write() as connection:
                _put(connection, builder, count, some)
                fold(StateShelf(connection, 0), some)
            count += len(some)
        with database.write() as connection:
            _finish(connection, context, builder, count, batch_id)
    finally:
        database.dispose()
    return World(batch_id, sold, count + 1)


def _batch(connection: Connection, context: Context, n: int) -> bytes:
    builder = TreeBuilder()
    for start in range(0, n, _AT_ONCE):
        identities = [f"opaque\n\nBENCH-{key:012}".encode() for key in range(start, min(n, start + _AT_ONCE))]
        rows = builder.add_many(leaves(_SEED, start, identities))
        tile_store.write(connection, _NUMBER, rows)
    head = builder.finish()
    tile_store.write(connection, _NUMBER, head.tiles)
    details = BatchDetails("opaque", 1, "bench card", "50.00", "CNY", "PO-1", bytes(32))
    manifest = BatchManifest(_SUPPLIER, head.root, n, 1, 0, details.hash)
    domain = context.domain
    batches.insert_one(
        connection,
        BatchRow(
            number=_NUMBER, batch_id=manifest.batch_id, supplier=_SUPPLIER, root=head.root, size=n,
            max_uses=1, expires_at=0, details=canonical.encode(details.to_json()).decode(), format="opaque",
            shuffled=False, seed=context.vault.seal(_SEED, manifest.batch_id), status=Status.LIVE,
            staged_until=_START, counts="{}", signature=sign(_SUPPLIER_KEY, manifest.digest(domain)),
            chain_id=domain.chain_id, registry=domain.registry, created_at=_START, commissioned_at=_START,
        ),
    )  # fmt: skip
    return manifest.batch_id


def _begun(context: Context, batch_id: bytes, n: int) -> Iterator[Entry]:
    times = itertools.count(_START)
    key = verifier_key(context.origin, LOG_SEED).public
    yield Entry(T.KEY, next(times), key, ZERO_ADDRESS, reason=KeyReason.LOG)
    for address, role in ((_OPERATOR, 6), (_SUPPLIER, 1), (_SHOP, 2)):
        yield Entry(T.PARTY, next(times), address_subject(address), _OPERATOR, reason=role)
    yield Entry(T.COMMISSION, next(times), batch_id, _SUPPLIER, 0, n)
    yield Entry(T.TRANSFER, next(times), batch_id, _SUPPLIER, 0, n, _SHOP)
    yield Entry(T.RECEIVE, next(times), batch_id, _SHOP, 0, n, _SUPPLIER)
    first, count = split_number(12)
    yield Entry(T.BEACON, next(times), sha256(b"block 12").digest(), ZERO_ADDRESS, first, count)


def _lives(batch_id: bytes, sold: int) -> Iterator[Entry]:
    for key in range(sold):
        for offset, kind in enumerate((T.SELL, T.DELIVER, T.REDEEM)):
            yield _act(_HEAD + 3 * key + offset, kind, batch_id, key)


def _act(place: int, kind: EntryType, batch_id: bytes, key: int) -> Entry:
    return Entry(kind, _START + place, batch_id, _SHOP, key, 1, sha256(key.to_bytes(4)).digest()[:20])


def _put(connection: Connection, builder: TreeBuilder, start: int, entries: Iterable[Entry]) -> None:
    rows = [
        entry_store.row(place.to_bytes(16), entry, None) | {"log_index": place}
        for place, entry in enumerate(entries, start)
    ]
    connection.execute(insert(entry_table), rows)
    tile_store.write(
        connection,
        tile_store.LOG_TREE,
        builder.add_many(b"".join(merkle.leaf_hash(row["raw"]) for row in rows)),
    )


def _finish(
    connection: Connection, context: Context, builder: TreeBuilder, index: int, batch_id: bytes
) -> None:
    """The STATE at *index*, its signed checkpoint, and both anchors."""
    state: State = state_of(StateShelf(connection, 0))
    first, count = split_number(index)
    said = Entry(T.STATE, _START + index, state.root, ZERO_ADDRESS, first, count, number_party(state.batches))
    _put(connection, builder, index, [said])
    head, size = builder.finish(), index + 1
    tile_store.write(connection, tile_store.LOG_TREE, head.tiles)
    state_store.set_progress(connection, Progress(size, size, 0))
    checkpoints.add(connection, size, head.root, _START + size)
    note = sign_checkpoint(Checkpoint(context.origin, size, head.root), LOG_SEED)
    checkpoints.set_note(connection, size, head.root, note.encode().decode())
    for kind, ref, root in (
        (AnchorKind.CHECKPOINT, anchors.size_ref(size), head.root),
        (AnchorKind.BATCH, batch_id, bytes(32)),
    ):
        anchors.want(connection, kind, ref, root, _START)
        wanted = anchors.get(connection, kind, ref)
        if wanted is not None:
            seen = Sighting(bytes(32), 14, bytes(32), (_START + size) // 1000 + 60)
            anchors.set_seen(connection, wanted, AnchorStatus.FINAL, seen)
