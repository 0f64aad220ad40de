"""A small log with its batch, for proofs: the golden world, or what a cheating operator makes of it.

The operator of a test holds every key, so it can sign lies; what it cannot do is make them verify.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provenance.core import merkle, notes, statetree
from provenance.core.entries import Entry, EntryType, number_party, split_number
from provenance.core.manifest import BatchDetails, BatchManifest, Domain
from provenance.core.notes import Checkpoint, VerifierKey
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
    ReaderContext,
    StatePart,
)

VECTORS = Path(__file__).parents[1] / "vectors"
GOLDEN: dict[str, Any] = json.loads((VECTORS / "golden.json").read_bytes())
GOLDEN_FILE = (VECTORS / "golden.provenance.json").read_bytes()

ORIGIN: str = GOLDEN["origin"]
LOG_SEED = bytes.fromhex(GOLDEN["log_private_key"])
RECEIPT_SEED = bytes.fromhex(GOLDEN["receipt_private_key"])
SUPPLIER_KEY = bytes.fromhex(GOLDEN["supplier_private_key"])
NETWORK = Domain(GOLDEN["chain_id"], bytes.fromhex(GOLDEN["registry"][2:]))
LOG_KEY = VerifierKey.parse(GOLDEN["bundle"]["log"]["key"])
READER = ReaderContext(network=NETWORK, log_key=LOG_KEY)


def golden_manifest() -> BatchManifest:
    members = GOLDEN["bundle"]["batch"]["manifest"]
    return BatchManifest(
        supplier=bytes.fromhex(members["supplier"][2:]),
        root=bytes.fromhex(members["root"]),
        size=members["size"],
        max_uses=members["max_uses"],
        expires_at=members["expires_at"],
        details=bytes.fromhex(members["details"]),
    )


def golden_entries() -> list[Entry]:
    return [Entry.decode(base64.b64decode(row["entry"])) for row in GOLDEN["entries"]]


def golden_details() -> dict[int, OpenedDetails]:
    """Opened details by log index."""
    sections = (*GOLDEN["bundle"]["custody"], *GOLDEN["bundle"]["parties"])
    return {
        row["index"]: OpenedDetails(bytes.fromhex(row["details"]["salt"]), row["details"]["value"])
        for row in sections
        if row["details"]
    }


GOLDEN_MANIFEST = golden_manifest()


@dataclass(frozen=True)
class World:
    """A log of *entries*; ``bundle`` proves key ``key_index`` of the golden batch from it."""

    entries: tuple[Entry, ...]
    details: dict[int, OpenedDetails]
    key_index: int = 3
    anchors: tuple[tuple[int, int], ...] = ((9, 1795000030), (14, 1795000060))
    headers: tuple[bytes, ...] = ()
    manifest: BatchManifest = GOLDEN_MANIFEST

    def bundle(self) -> Bundle:
        leaves = [merkle.leaf_hash(entry.encode()) for entry in self.entries]
        head = Checkpoint(ORIGIN, len(leaves), merkle.root(leaves))
        return Bundle(
            network=NETWORK,
            log=LogIdentity(ORIGIN, LOG_KEY),
            batch=self.batch(),
            key=self.key(),
            custody=tuple(self.logged(leaves, self.on_key())),
            parties=tuple(self.logged(leaves, self.of_type(EntryType.PARTY))),
            beacons=tuple(self.beacons(leaves)),
            state=self.state(leaves),
            checkpoint=notes.sign_checkpoint(head, LOG_SEED),
            anchors=tuple(self.anchored(leaves)),
        )

    def batch(self) -> BatchPart:
        details = BatchDetails.from_json(GOLDEN["details"])
        signature = bytes.fromhex(GOLDEN["signature"][2:])
        return BatchPart(self.manifest, details, NETWORK, signature)

    def key(self) -> KeyPart:
        row = GOLDEN["keys"][self.key_index]
        leaves = [bytes.fromhex(key["leaf"]) for key in GOLDEN["keys"]]
        return KeyPart(
            self.key_index,
            leaves[self.key_index],
            merkle.inclusion_path(leaves, self.key_index),
            Opening(bytes.fromhex(row["salt"]), row["serial"], row["secret"]),
            bytes.fromhex(row["use"]),
        )

    def on_key(self) -> list[int]:
        return [
            index
            for index, entry in enumerate(self.entries)
            if entry.type.is_on_keys and entry.covers(self.key_index)
        ]

    def of_type(self, kind: EntryType) -> list[int]:
        return [index for index, entry in enumerate(self.entries) if entry.type is kind]

    def logged(self, leaves: list[bytes], indices: Iterable[int]) -> Iterable[LoggedEntry]:
        for index in indices:
            path = merkle.inclusion_path(leaves, index)
            yield LoggedEntry(index, self.entries[index], path, self.details.get(index))

    def beacons(self, leaves: list[bytes]) -> Iterable[BeaconEntry]:
        for position, index in enumerate(self.of_type(EntryType.BEACON)):
            header = self.headers[position] if position < len(self.headers) else None
            yield BeaconEntry(index, self.entries[index], merkle.inclusion_path(leaves, index), header)

    def state(self, leaves: list[bytes]) -> StatePart | None:
        index = len(self.entries) - 1
        if self.entries[index].type is not EntryType.STATE:
            return None
        records, ranges = records_of(self.entries[:index], self.manifest.size)
        return StatePart(
            index,
            self.entries[index],
            merkle.inclusion_path(leaves, index),
            merkle.inclusion_path([statetree.record_leaf(record) for record in records], self.key_index),
            tuple(ranges),
            0,
            1,
            (),
        )

    def anchored(self, leaves: list[bytes]) -> Iterable[AnchorPart]:
        for size, time in self.anchors:
            path = merkle.consistency_path(leaves, size)
            yield AnchorPart(size, merkle.root(leaves[:size]), path, time)


def records_of(entries: Iterable[Entry], size: int) -> tuple[list[bytes], list[Entry]]:
    """The record of every key, and the range entries of the one batch."""
    on_keys = [entry for entry in entries if entry.type.is_on_keys]
    singles = [entry for entry in on_keys if not entry.is_range]
    records = [
        statetree.chain(entry.encode() for entry in singles if entry.first == index) for index in range(size)
    ]
    return records, [entry for entry in on_keys if entry.is_range]


def with_state(entries: Iterable[Entry], invented: Iterable[Entry] = ()) -> tuple[Entry, ...]:
    """*entries* and the STATE entry that tells the truth about them, or of *invented* range entries too."""
    before = tuple(entries)
    batch = GOLDEN_MANIFEST
    records, ranges = records_of(before, batch.size)
    ranges += invented
    range_chain = statetree.chain(entry.encode() for entry in ranges)
    leaf = statetree.batch_leaf(batch.batch_id, range_chain, statetree.keys_root(records))
    first, count = split_number(len(before))
    state = Entry(
        EntryType.STATE,
        before[-1].time + 1,
        statetree.state_root([leaf]),
        bytes(20),
        first,
        count,
        number_party(1),
    )
    return (*before, state)


def golden_world() -> World:
    return World(tuple(golden_entries()), golden_details())


def world_of(entries: Iterable[Entry], **changes: Any) -> World:
    """A log that ends in an honest STATE, anchored at its end."""
    sealed = with_state(entries)
    anchors = ((len(sealed), 1795000060),)
    return replace(golden_world(), entries=sealed, anchors=anchors, **changes)
