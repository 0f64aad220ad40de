"""Small logs with their batches, signed by worthless test keys, from which the shared corpus is made.

The operator of a corpus holds every key, so it can sign lies; what it cannot do is make them verify.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provenance.core import manifest, merkle, notes, statetree
from provenance.core.commitments import keyless_party, order_use, use_party
from provenance.core.digests import keccak256
from provenance.core.entries import (
    ZERO_ADDRESS,
    ZERO_HASH,
    Entry,
    EntryType,
    PartyReason,
    address_subject,
    commit_details,
    number_party,
    split_number,
)
from provenance.core.manifest import BatchDetails, BatchManifest, Domain
from provenance.core.notes import Checkpoint, Note
from provenance.core.proofs import (
    AnchorPart,
    BatchPart,
    BeaconEntry,
    Bundle,
    KeyPart,
    LoggedEntry,
    LogIdentity,
    OpenedDetails,
    Opening,
    StatePart,
    StateProof,
)
from tests.core.chain_world import header

VECTORS = Path(__file__).parents[1] / "vectors"
GOLDEN: dict[str, Any] = json.loads((VECTORS / "golden.json").read_bytes())
GOLDEN_TEXT = (VECTORS / "golden.provenance.json").read_text(encoding="utf-8")
ORIGIN: str = GOLDEN["origin"]
LOG_SEED = bytes.fromhex(GOLDEN["log_private_key"])
SUPPLIER_KEY = bytes.fromhex(GOLDEN["supplier_private_key"])
NETWORK = Domain(GOLDEN["chain_id"], bytes.fromhex(GOLDEN["registry"][2:]))
OTHER_NETWORK = Domain(11155111, bytes(19) + b"\x77")
START_MS = 1_795_000_000_000
TOKEN = bytes.fromhex(GOLDEN["order_token"])

SUPPLIER = manifest.address_of(SUPPLIER_KEY)
SHOP = manifest.address_of(bytes.fromhex(GOLDEN["shop_private_key"]))
SHOP2 = keyless_party("second shop")
ISSUER = keyless_party("issuer")
OPERATOR = keyless_party("operator")
NEWCOMER = keyless_party("newcomer")
OUTSIDER = keyless_party("outsider")

T = EntryType


@dataclass(frozen=True)
class Batch:
    """A batch of the first *size* golden keys, signed by the golden supplier for *domain*."""

    size: int = 7
    max_uses: int = 1
    expires_at: int = 0
    reference: str = "PO-2026-0001"
    product: str = "移动充值卡 50元"
    domain: Domain = NETWORK
    supplier: bytes = SUPPLIER

    @property
    def leaves(self) -> list[bytes]:
        return [bytes.fromhex(row["leaf"]) for row in GOLDEN["keys"][: self.size]]

    @property
    def details(self) -> BatchDetails:
        told = {"supplier_reference": self.reference, "product": self.product}
        return BatchDetails.from_json({**GOLDEN["details"], **told})

    @property
    def manifest(self) -> BatchManifest:
        root = merkle.root(self.leaves)
        return BatchManifest(
            self.supplier, root, self.size, self.max_uses, self.expires_at, self.details.hash
        )

    @property
    def id(self) -> bytes:
        return self.manifest.batch_id

    def part(self) -> BatchPart:
        signature = manifest.sign(SUPPLIER_KEY, self.manifest.digest(self.domain))
        return BatchPart(self.manifest, self.details, self.domain, signature)

    def key(self, index: int, *, opened: bool = True, use: bytes | None = None) -> KeyPart:
        row = GOLDEN["keys"][index]
        opening = Opening(bytes.fromhex(row["salt"]), row["serial"], row["secret"]) if opened else None
        return KeyPart(index, self.leaves[index], merkle.inclusion_path(self.leaves, index), opening, use)

    def use(self, index: int, buyer: int = 0) -> bytes:
        """The use of the key at *index* that the order token of *buyer* gives."""
        return order_use(bytes([TOKEN[0] ^ buyer, *TOKEN[1:]]), self.id, index)

    def party(self, index: int, buyer: int = 0) -> bytes:
        return use_party(self.use(index, buyer))


class Tree:
    """The paths of one tree, its nodes hashed once: a log of thousands would take minutes otherwise."""

    def __init__(self, leaves: list[bytes]) -> None:
        self._size = len(leaves)
        self._nodes = {(index, index + 1): leaf for index, leaf in enumerate(leaves)}

    def path(self, index: int) -> tuple[bytes, ...]:
        return tuple(self._node(*part) for part in merkle.inclusion_ranges(index, self._size))

    def _node(self, begin: int, end: int) -> bytes:
        if (begin, end) not in self._nodes:
            middle = begin + merkle.split(end - begin)
            self._nodes[begin, end] = merkle.node_hash(self._node(begin, middle), self._node(middle, end))
        return self._nodes[begin, end]


@dataclass
class World:
    """A log in the making, and the bundle that proves one key of it."""

    batch: Batch = field(default_factory=Batch)
    index: int = 3
    origin: str = ORIGIN
    entries: list[Entry] = field(default_factory=list)
    opened: dict[int, OpenedDetails] = field(default_factory=dict)
    headers: dict[int, bytes] = field(default_factory=dict)
    clock: int = START_MS
    tree: Tree = field(default_factory=lambda: Tree([]))

    def add(
        self,
        kind: EntryType,
        subject: bytes,
        actor: bytes,
        *,
        first: int = 0,
        count: int = 0,
        party: bytes = ZERO_ADDRESS,
        reason: int = 0,
        after_ms: int = 1000,
        details: dict[str, Any] | None = None,
    ) -> int:
        """Log an entry *after_ms* after the last one; its index."""
        self.clock += after_ms
        index, detail = len(self.entries), ZERO_HASH
        if details is not None:
            salt = bytes([index % 256]) * 16
            self.opened[index] = OpenedDetails(salt, details)
            detail = commit_details(salt, details)
        self.entries.append(Entry(kind, self.clock, subject, actor, first, count, party, reason, detail))
        return index

    def admit(self, *parties: tuple[bytes, PartyReason]) -> None:
        for address, reason in parties:
            self.add(T.PARTY, address_subject(address), OPERATOR, reason=reason)

    def succeed(self, old: bytes, new: bytes) -> None:
        reason = PartyReason.SUCCEEDED
        self.add(T.PARTY, address_subject(old), OPERATOR, party=new, reason=reason)

    def commission(self, batch: Batch | None = None, actor: bytes | None = None) -> int:
        of = batch or self.batch
        return self.add(T.COMMISSION, of.id, actor or of.supplier, count=of.size)

    def on_key(self, kind: EntryType, actor: bytes, party: bytes = ZERO_ADDRESS, **more: Any) -> int:
        """An entry on the key of this world alone, or on the range that *first* and *count* name."""
        place = {"first": self.index, "count": 1, **more}
        return self.add(kind, self.batch.id, actor, party=party, **place)

    def hand_over(self, giver: bytes, taker: bytes, first: int = 0, count: int | None = None) -> None:
        place = {"first": first, "count": count or self.batch.size}
        self.on_key(T.TRANSFER, giver, taker, **place)
        self.on_key(T.RECEIVE, taker, giver, **place)

    def beacon(self, number: int, time: int | None = None, *, shown: bool = True) -> bytes:
        """A BEACON of a block made at *time* (seconds; now if none); *shown*: with its header."""
        block = header(number, self.clock // 1000 if time is None else time)
        index = self.add(T.BEACON, block_hash(block), ZERO_ADDRESS, **number_place(number))
        if shown:
            self.headers[index] = block
        return block

    def seal(self, *batches: Batch, root: bytes | None = None) -> int:
        """The STATE entry over all before it, true unless *root* is given; its index."""
        truth = self.state_root(batches or (self.batch,))
        place = number_place(len(self.entries))
        party = number_party(len(batches or (self.batch,)))
        return self.add(T.STATE, root or truth, ZERO_ADDRESS, party=party, **place)

    def state_root(self, batches: tuple[Batch, ...]) -> bytes:
        return statetree.state_root([self._batch_leaf(batch, len(self.entries)) for batch in batches])

    def _batch_leaf(self, batch: Batch, size: int) -> bytes:
        records, ranges = self.records(batch, size)
        chain = statetree.chain(entry.encode() for entry in ranges)
        return statetree.batch_leaf(batch.id, chain, statetree.keys_root(records))

    def records(self, batch: Batch, size: int) -> tuple[list[bytes], list[Entry]]:
        """The record of every key of *batch*, and its range entries, over the first *size* entries."""
        about = [entry for entry in self.entries[:size] if entry.subject == batch.id]
        singles = [entry for entry in about if not entry.is_range]
        rows = [[entry.encode() for entry in singles if entry.first == key] for key in range(batch.size)]
        return [statetree.chain(row) for row in rows], [entry for entry in about if entry.is_range]

    @property
    def leaves(self) -> list[bytes]:
        return [merkle.leaf_hash(entry.encode()) for entry in self.entries]

    def bundle(
        self,
        *,
        anchors: tuple[tuple[int, int], ...] = (),
        batches: tuple[Batch, ...] = (),
        opened: bool = True,
        use: bytes | None = None,
        note: Note | None = None,
        log_key: notes.VerifierKey | None = None,
        state_proof: StateProof | None = None,
        omit: tuple[int, ...] = (),
    ) -> Bundle:
        """The proof of the world's key: *anchors* are (size, unix seconds), *omit* leaves entries out."""
        self.tree = Tree(self.leaves)
        places = [index for index in range(len(self.entries)) if index not in omit]
        custody = [index for index in places if self._is_custody(self.entries[index])]
        return Bundle(
            network=NETWORK,
            log=LogIdentity(self.origin, log_key or notes.verifier_key(self.origin, LOG_SEED)),
            batch=self.batch.part(),
            key=self.batch.key(self.index, opened=opened, use=use),
            custody=tuple(self._logged(index) for index in custody),
            parties=tuple(self._logged(index) for index in places if self._is(index, T.PARTY)),
            beacons=tuple(self._beacon(index) for index in places if self._is(index, T.BEACON)),
            state=self._state(batches or (self.batch,)),
            checkpoint=note or self.note(),
            anchors=tuple(self._anchor(size, time) for size, time in anchors),
            state_proof=state_proof,
        )

    def note(self, seed: bytes = LOG_SEED) -> Note:
        return notes.sign_checkpoint(self.head(), seed)

    def head(self) -> Checkpoint:
        return Checkpoint(self.origin, len(self.entries), merkle.root(self.leaves))

    def _is(self, index: int, kind: EntryType) -> bool:
        return self.entries[index].type is kind

    def _is_custody(self, entry: Entry) -> bool:
        return entry.type.is_on_keys and entry.subject == self.batch.id and entry.covers(self.index)

    def _logged(self, index: int) -> LoggedEntry:
        path = self.tree.path(index)
        return LoggedEntry(index, self.entries[index], path, self.opened.get(index))

    def _beacon(self, index: int) -> BeaconEntry:
        path = self.tree.path(index)
        return BeaconEntry(index, self.entries[index], path, self.headers.get(index))

    def _anchor(self, size: int, time: int) -> AnchorPart:
        path = merkle.consistency_path(self.leaves, size)
        return AnchorPart(size, merkle.root(self.leaves[:size]), path, time)

    def _state(self, batches: tuple[Batch, ...]) -> StatePart | None:
        index = len(self.entries) - 1
        if not self._is(index, T.STATE):
            return None
        records, ranges = self.records(self.batch, index)
        position = batches.index(self.batch)
        batch_leaves = [merkle.leaf_hash(self._batch_leaf(batch, index)) for batch in batches]
        return StatePart(
            index,
            self.entries[index],
            self.tree.path(index),
            merkle.inclusion_path([statetree.record_leaf(record) for record in records], self.index),
            tuple(ranges),
            position,
            len(batches),
            merkle.inclusion_path(batch_leaves, position),
        )


def started(batch: Batch | None = None, index: int = 3, **more: Any) -> World:
    """A world whose parties are admitted and whose batch is commissioned and held by the supplier."""
    world = World(batch or Batch(), index, **more)
    world.admit(
        (SUPPLIER, PartyReason.SUPPLIER),
        (SHOP, PartyReason.PLATFORM),
        (SHOP2, PartyReason.PLATFORM),
        (ISSUER, PartyReason.ISSUER),
        (OPERATOR, PartyReason.OPERATOR),
    )
    world.commission()
    return world


def in_shop(batch: Batch | None = None, **more: Any) -> World:
    """The same, with every key handed over to the shop."""
    world = started(batch, **more)
    world.hand_over(SUPPLIER, SHOP)
    return world


def number_place(number: int) -> dict[str, int]:
    first, count = split_number(number)
    return {"first": first, "count": count}


def block_hash(block: bytes) -> bytes:
    return keccak256(block)
