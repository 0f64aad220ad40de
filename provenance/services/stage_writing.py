"""Registration, second phase: one transaction that finds what is known and stores what is new.

Everything heavy is SQL over the staging area; Python walks the lines once to load them and once to
hash the leaves.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field
from heapq import merge
from itertools import compress, count, islice
from typing import Final

import rfc8785

from provenance.core.commitments import leaves, shuffled_order
from provenance.core.manifest import BatchManifest
from provenance.core.tiles import Appended, TreeBuilder
from provenance.errors import Conflict
from provenance.services import stage_alerts
from provenance.services.context import Context
from provenance.services.identity import require_open_epoch
from provenance.services.stage_reading import Readings
from provenance.services.stage_values import (
    INLINE_REJECTS,
    INLINE_REJECTS_ROLLED_BACK,
    Counts,
    Duplicates,
    Staged,
    StageOptions,
    ToSign,
)
from provenance.store import batches, bulk, bulk_search, parties, tiles
from provenance.store.batches import BatchRow, RejectedLine, Status
from provenance.store.bulk_search import Hit
from provenance.store.database import Connection

_CHUNK: Final = 4_096
_TILES_AT_ONCE: Final = 500
_SEARCHES: Final = 20
"""Every further search means that another registration of the same keys was committed meanwhile."""
_LENGTH_PREFIX: Final = 4

_CODES: Final = {
    Hit.IN_FILE: "duplicate_in_file",
    Hit.OWN: "duplicate_own",
    Hit.OTHER_PARTY: "duplicate_other_party",
    Hit.OTHER_FORMAT: "duplicate_other_format",
}
_REASONS: Final = {
    Hit.OWN: "you have registered this key before; leave the line out",
    Hit.OTHER_PARTY: "another party has registered this key; both of you are told",
    Hit.OTHER_FORMAT: "this key is registered under another format; leave the line out",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What the second phase is given."""

    supplier: bytes
    options: StageOptions
    readings: Readings
    seed: bytes = field(repr=False)


def store(context: Context, connection: Connection, request: Request) -> Staged:
    """Store the file as a staged batch, or nothing; within the caller's transaction."""
    require_open_epoch(context, connection)
    now = context.clock.now()
    number = new_number(context)
    bulk.open_area(connection)
    _load(connection, request.readings)
    kept, duplicates = _write_keys(context, connection, request, number, now)
    counts = Counts(sum(kept), request.readings.rejects.count, duplicates)
    if not counts.accepted or (counts.refused and request.options.on_error == "rollback"):
        staged = _nothing(context, connection, request, Counts(0, counts.rejected, duplicates), now)
    else:
        staged = _batch(context, connection, request, number, kept, counts, now)
    bulk.close_area(connection)
    return staged


def _load(connection: Connection, readings: Readings) -> None:
    stream = readings.key_lines()
    while chunk := list(islice(stream, _CHUNK)):
        bulk.load(connection, [line for line, _ in chunk], [probe for _, probes in chunk for probe in probes])
    bulk.loaded(connection)


def _write_keys(
    context: Context, connection: Connection, request: Request, number: int, now: int
) -> tuple[bytearray, Duplicates]:
    """Which lines stand (1 by rank), and the duplicates; the keys are written unless it rolls back."""
    own = parties.names_of(connection, request.supplier)
    for _ in range(_SEARCHES):
        _search(connection, own, request.options.format, now)
        kept, duplicates = _judge(connection, request.readings.keys.count)
        refused = request.readings.rejects.count + duplicates.total
        if not any(kept) or (refused and request.options.on_error == "rollback"):
            return kept, duplicates
        _place(connection, request, kept)
        if bulk.write_keys(connection, number, context.vault.epoch):
            return kept, duplicates
        bulk.clear_places(connection)
    raise Conflict("others register the same keys at this moment; send the file again", code="busy")


def _search(connection: Connection, own: Sequence[bytes], format_id: str, now: int) -> None:
    bulk_search.search(connection, own, format_id)
    hit = bulk_search.batches_hit(connection)
    # A staged batch whose time is over holds its keys no longer; nobody needs to sweep first.
    if hit and batches.abandon_expired(connection, now, hit):
        bulk_search.search(connection, own, format_id)


def _judge(connection: Connection, total: int) -> tuple[bytearray, Duplicates]:
    kept = bytearray(b"\1" * total)
    seen: Counter[Hit] = Counter()
    for refusal in bulk_search.refusals(connection):
        kept[refusal.rank] = 0
        seen[refusal.hit] += 1
    return kept, Duplicates(seen[Hit.IN_FILE], seen[Hit.OWN], seen[Hit.OTHER_PARTY], seen[Hit.OTHER_FORMAT])


def _place(connection: Connection, request: Request, kept: bytearray) -> None:
    if not _is_shuffled(request):
        bulk.place_in_order(connection)
        return
    ranks = array("I", compress(count(), kept))
    order = shuffled_order(request.seed, len(ranks))
    bulk.place(connection, ((ranks[at], index) for index, at in enumerate(order)))


def _is_shuffled(request: Request) -> bool:
    wish = request.options.shuffle
    return request.readings.is_sequential if wish is None else wish


def _nothing(context: Context, connection: Connection, request: Request, counts: Counts, now: int) -> Staged:
    guesses = stage_alerts.tell(context, connection, request.supplier, None, now)
    rejected = islice(_rejected(connection, request.readings), INLINE_REJECTS_ROLLED_BACK)
    return Staged(counts, tuple(rejected), guesses)


def _batch(
    context: Context,
    connection: Connection,
    request: Request,
    number: int,
    kept: bytearray,
    counts: Counts,
    now: int,
) -> Staged:
    tree = _grow(connection, number, request, kept)
    sealed = Sealed(request.supplier, request.options, request.seed, request.readings.source)
    to_sign = sealed.to_sign(context, tree, _is_shuffled(request), now)
    batches.insert_one(connection, batch_row(context, number, to_sign, counts, now))
    bulk.write_aliases(connection, number)
    write_rejects(connection, number, _rejected(connection, request.readings))
    guesses = stage_alerts.tell(context, connection, request.supplier, (number, to_sign.batch_id), now)
    rejected = batches.rejected_lines(connection, number, 0, INLINE_REJECTS)
    return Staged(counts, tuple(rejected), guesses, to_sign)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a manifest says besides its tree."""

    supplier: bytes
    options: StageOptions
    seed: bytes = field(repr=False)
    source: bytes

    def to_sign(self, context: Context, tree: Appended, shuffled: bool, now: int) -> ToSign:
        """The manifest over *tree*, for the supplier to check and sign."""
        options = self.options
        details = options.details(self.source)
        manifest = BatchManifest(
            self.supplier, tree.root, tree.size, options.max_uses, options.expires_at, details.hash
        )
        until = now + context.limits.staged_ms
        return ToSign(manifest, details, context.domain, shuffled, until, self.seed)


def batch_row(context: Context, number: int, to_sign: ToSign, counts: Counts, now: int) -> BatchRow:
    """The row of a staged batch, its seed sealed."""
    manifest = to_sign.manifest
    return BatchRow(
        number=number,
        batch_id=manifest.batch_id,
        supplier=manifest.supplier,
        root=manifest.root,
        size=manifest.size,
        max_uses=manifest.max_uses,
        expires_at=manifest.expires_at,
        details=rfc8785.dumps(to_sign.details.to_json()).decode(),
        format=to_sign.details.format,
        shuffled=to_sign.shuffled,
        seed=context.vault.seal(to_sign.seed, manifest.batch_id),
        status=Status.STAGED,
        staged_until=to_sign.staged_until,
        counts=json.dumps(counts.to_json()),
        signature=None,
        chain_id=to_sign.domain.chain_id,
        registry=to_sign.domain.registry,
        created_at=now,
    )


def _grow(connection: Connection, number: int, request: Request, kept: bytearray) -> Appended:
    """Hash the leaves in the order of their indices and store the tree."""
    builder = TreeBuilder()
    pending = []
    stream = _identities(request, kept)
    first = 0
    while chunk := list(islice(stream, _CHUNK)):
        pending += builder.add_many(leaves(request.seed, first, chunk))
        first += len(chunk)
        if len(pending) >= _TILES_AT_ONCE:
            tiles.write(connection, number, pending)
            pending.clear()
    grown = builder.finish()
    tiles.write(connection, number, [*pending, *grown.tiles])
    return grown


def _identities(request: Request, kept: bytearray) -> Iterator[bytes]:
    spool = request.readings.identities
    if not _is_shuffled(request):
        return compress(spool, kept)
    positions = array("Q", compress(_positions(spool), kept))
    order = shuffled_order(request.seed, len(positions))
    return spool.at(positions[at] for at in order)


def _positions(records: Iterable[bytes]) -> Iterator[int]:
    position = 0
    for record in records:
        yield position
        position += _LENGTH_PREFIX + len(record)


def _rejected(connection: Connection, readings: Readings) -> Iterator[RejectedLine]:
    """Every rejected line of the file, unread ones and duplicates, in the order of lines."""
    duplicates = (
        RejectedLine(refusal.line, None, _CODES[refusal.hit], _reason(refusal))
        for refusal in bulk_search.refusals(connection)
    )
    return merge(readings.rejected_lines(), duplicates, key=lambda rejected: rejected.line)


def write_rejects(connection: Connection, number: int, stream: Iterator[RejectedLine]) -> None:
    """Keep the rejected lines of batch *number*."""
    # In chunks: a COPY and the pages of _rejected cannot share the connection at one moment.
    while chunk := list(islice(stream, _CHUNK)):
        bulk.write_rejects(connection, number, [astuple(rejected) for rejected in chunk])


def _reason(refusal: bulk_search.Refusal) -> str:
    if refusal.hit is Hit.IN_FILE:
        return f"line {refusal.earlier} of the file has the same key; leave one out"
    return _REASONS[refusal.hit]


def new_number(context: Context) -> int:
    """A batch's row number, at random: it says nothing about how many there are."""
    return int.from_bytes(context.entropy(8)) >> 1 or 1
