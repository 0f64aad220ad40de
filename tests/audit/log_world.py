"""A log in memory as its operator would serve it, honest until a test bends it; and its chain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from provenance.audit.report import AuditReport
from provenance.audit.run import Audit, Auditor
from provenance.audit.source import LogSource
from provenance.core import merkle, statereplay
from provenance.core.batchfile import SignedManifest, batch_path
from provenance.core.entries import (
    Entry,
    EntryType,
    KeyReason,
    PartyReason,
    address_subject,
    number_party,
    split_number,
)
from provenance.core.manifest import BatchManifest, Domain, address_of, sign
from provenance.core.notes import Checkpoint, Note, VerifierKey, sign_checkpoint, verifier_key
from provenance.core.proofs import BatchOnChain, CheckpointOnChain
from provenance.core.stateproof import BlockHeader
from provenance.core.tilepaths import encode_bundle, entries_path, tile_path
from provenance.core.tiles import TreeBuilder
from provenance.errors import NotFound, Unavailable
from tests.core.chain_world import header

ORIGIN = "log.example/world"
LOG_SEED = bytes(range(32))
START = 1_800_000_000_000
SUPPLIER_KEY = bytes(31) + b"\x21"
SUPPLIER = address_of(SUPPLIER_KEY)
OPERATOR, SHOP, OTHER_SHOP, ISSUER, STRANGER = (bytes([n]) * 20 for n in range(0x31, 0x36))
DOMAIN = Domain(31337, b"\x5f" * 20)
T = EntryType


def use_of(number: int) -> bytes:
    return merkle.leaf_hash(b"use" + number.to_bytes(4))[:20]


@dataclass
class MemoryFetcher:
    """Files in a dictionary; ``asked`` are the names that were fetched."""

    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def fetch(self, path: str, limit: int) -> bytes:
        self.asked.append(path)
        if path not in self.files:
            raise NotFound(path, code="file_not_found")
        if len(self.files[path]) > limit:
            raise Unavailable(path, code="source_too_large")
        return self.files[path]


@dataclass
class FakeNode:
    """A chain with a registry, as an auditor asks it."""

    batches: dict[bytes, BatchOnChain] = field(default_factory=dict)
    checkpoints: dict[int, CheckpointOnChain] = field(default_factory=dict)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    blocks: int = 100

    def chain_id(self) -> int:
        return DOMAIN.chain_id

    def batch(self, batch_id: bytes) -> BatchOnChain | None:
        return self.batches.get(batch_id)

    def checkpoint(self, size: int) -> CheckpointOnChain | None:
        return self.checkpoints.get(size)

    def block_header(self, block_hash: bytes) -> bytes | None:
        return self.headers.get(block_hash)

    def latest(self) -> int:
        return max(self.checkpoints, default=0)

    def mine(self, time_s: int) -> BlockHeader:
        self.blocks += 1
        raw = header(self.blocks, time_s)
        block = BlockHeader.parse(raw)
        self.headers[block.hash] = raw
        return block


@dataclass
class LogWorld:
    """Entries in order, the batches they are about, and everything a server shows of them."""

    seed: bytes = LOG_SEED
    time: int = START
    entries: list[Entry] = field(default_factory=list)
    manifests: dict[bytes, BatchManifest] = field(default_factory=dict)
    node: FakeNode = field(default_factory=FakeNode)
    successions: list[Note] = field(default_factory=list)
    serves_manifests: bool = True

    @property
    def log_key(self) -> VerifierKey:
        return verifier_key(ORIGIN, self.seed)

    def add(
        self, kind: EntryType, subject: bytes, actor: bytes = OPERATOR, *, first: int = 0, count: int = 0,
        party: bytes = bytes(20), reason: int = 0, later_ms: int = 10, detail: bytes = bytes(32),
    ) -> int:  # fmt: skip
        """Append an entry; its log index."""
        self.time += later_ms
        self.entries.append(Entry(kind, self.time, subject, actor, first, count, party, reason, detail))
        return len(self.entries) - 1

    def begin(self) -> LogWorld:
        """The log's key and everybody's admission."""
        self.add(T.KEY, self.log_key.public, bytes(20), reason=KeyReason.LOG)
        roles = [
            (OPERATOR, PartyReason.OPERATOR), (SUPPLIER, PartyReason.SUPPLIER), (SHOP, PartyReason.PLATFORM),
            (OTHER_SHOP, PartyReason.PLATFORM), (ISSUER, PartyReason.ISSUER),
        ]  # fmt: skip
        for address, role in roles:
            self.party(address, role)
        return self

    def party(self, address: bytes, role: PartyReason, successor: bytes = bytes(20)) -> int:
        return self.add(T.PARTY, address_subject(address), party=successor, reason=role)

    def batch(
        self, size: int = 7, max_uses: int = 1, *, expires_at: int = 0, commission: bool = True
    ) -> bytes:
        root = merkle.leaf_hash(b"keys" + len(self.manifests).to_bytes(4))
        manifest = BatchManifest(SUPPLIER, root, size, max_uses, expires_at, bytes(32))
        self.manifests[manifest.batch_id] = manifest
        if commission:
            self.add(T.COMMISSION, manifest.batch_id, SUPPLIER, count=size)
        return manifest.batch_id

    def on_chain(self, batch_id: bytes) -> None:
        manifest = self.manifests[batch_id]
        self.node.batches[batch_id] = BatchOnChain(manifest.root, manifest.size, self.time // 1000)

    def hand_over(self, batch: bytes, first: int, count: int, to: bytes = SHOP, by: bytes = SUPPLIER) -> None:
        self.add(T.TRANSFER, batch, by, first=first, count=count, party=to)
        self.add(T.RECEIVE, batch, to, first=first, count=count, party=by)

    def act(
        self, kind: EntryType, batch: bytes, key: int, actor: bytes = SHOP, party: bytes | None = None
    ) -> int:
        return self.add(kind, batch, actor, first=key, count=1, party=use_of(key) if party is None else party)

    def beacon(self) -> int:
        block = self.node.mine(self.time // 1000)
        first, count = split_number(block.number)
        return self.add(T.BEACON, block.hash, bytes(20), first=first, count=count)

    def state(self, root: bytes | None = None, batches: int | None = None) -> int:
        """The STATE of everything so far; *root* and *batches* as the operator wants them to be."""
        replay = statereplay.Replay()
        for entry in self.entries:
            replay.add(entry)
        true = replay.state()
        index = len(self.entries)
        first, count = split_number(index)
        party = number_party(true.batches if batches is None else batches)
        return self.add(
            T.STATE, true.root if root is None else root, bytes(20), first=first, count=count, party=party
        )

    def anchor(self) -> int:
        """A STATE, and the chain takes the root after it; the anchored size."""
        self.state()
        size = len(self.entries)
        self.node.checkpoints[size] = CheckpointOnChain(self.root(), self.time // 1000 + 5)
        return size

    def raws(self) -> list[bytes]:
        return [entry.encode() for entry in self.entries]

    def root(self, size: int | None = None) -> bytes:
        return merkle.root([merkle.leaf_hash(raw) for raw in self.raws()[:size]])

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        count = len(self.entries) if size is None else size
        return Checkpoint(ORIGIN, count, self.root(count))

    def note(self, size: int | None = None) -> Note:
        return sign_checkpoint(self.checkpoint(size), self.seed)

    def files(self) -> dict[str, bytes]:
        """Everything the server serves, by name."""
        found = files_of(self.raws())
        found["checkpoint"] = self.note().encode()
        if self.successions:
            texts = [note.encode().decode() for note in self.successions]
            found["successions"] = json.dumps(texts).encode()
        for batch_id, manifest in self.manifests.items():
            if self.serves_manifests:
                signature = sign(SUPPLIER_KEY, manifest.digest(DOMAIN))
                found[batch_path(batch_id)] = SignedManifest(manifest, DOMAIN, signature).encode()
        return found

    def audit(self, files: dict[str, bytes] | None = None, **brings: Any) -> AuditReport:
        """What an auditor with the log's key and a node says of it."""
        brought = {"log_key": self.log_key, "node": self.node, **brings}
        return self.auditing(files, **brought).run()

    def auditing(self, files: dict[str, bytes] | None = None, **brings: Any) -> Audit:
        source = LogSource(MemoryFetcher(self.files() if files is None else files))
        return Audit(source, Auditor(**brings))


def files_of(raws: Sequence[bytes]) -> dict[str, bytes]:
    """Bundles and tiles over *raws*."""
    builder = TreeBuilder()
    rows = builder.add_many(b"".join(merkle.leaf_hash(raw) for raw in raws))
    rows += builder.finish().tiles
    found = {tile_path(level, index, len(hashes) // 32): hashes for level, index, hashes in rows}
    for start in range(0, len(raws), 256):
        bundle = raws[start : start + 256]
        found[entries_path(start // 256, len(bundle))] = encode_bundle(bundle)
    return found


def rules(report: AuditReport) -> set[str]:
    return {finding.rule for finding in report.findings}


def lived_in() -> LogWorld:
    """A log with some of everything in it, lawful throughout, twice anchored."""
    world = LogWorld().begin()
    batch = world.batch(7)
    world.on_chain(batch)
    world.hand_over(batch, 0, 5)
    world.beacon()
    for kind in (T.SELL, T.DELIVER, T.REDEEM):
        world.act(kind, batch, 0)
    world.act(T.SELL, batch, 1)
    world.act(T.REINSTATE, batch, 1)
    world.anchor()
    world.act(T.SELL, batch, 1, party=use_of(77))
    world.act(T.SELL, batch, 2)
    world.act(T.DELIVER, batch, 2)
    world.add(T.VOID, batch, SUPPLIER, first=2, count=3)
    world.act(T.REISSUE, batch, 2)
    shared = world.batch(3, max_uses=2)
    world.on_chain(shared)
    for number in (1, 2):
        world.act(T.SELL, shared, 0, SUPPLIER, use_of(number))
    world.beacon()
    world.anchor()
    return world
