"""A small world for the ledger's tests: secrets that everyone may know, entries made by hand."""

from __future__ import annotations

import itertools
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.core.commitments import leaves
from provenance.core.entries import Entry, EntryType, PartyReason, address_subject
from provenance.core.manifest import BatchDetails, BatchManifest, Domain, address_of, sign
from provenance.core.notes import VerifierKey, verifier_key
from provenance.core.tiles import TreeBuilder
from provenance.services.context import Context, Limits, Recorded, record
from provenance.services.headfile import HeadFile
from provenance.services.ledger import Sequencer
from provenance.services.vault import Vault
from provenance.store import batches
from provenance.store import tiles as tile_store
from provenance.store.batches import BatchRow, Status
from provenance.store.database import Database

LOG_SEED = bytes(range(32))
RECEIPT_SEED = bytes(range(32, 64))
ORIGIN = "log.example/test"
REGISTRY = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
START_MS = 1_800_000_000_000


@dataclass
class HandClock:
    """A clock that stands until it is moved."""

    time: int = START_MS

    def now(self) -> int:
        return self.time

    def pass_ms(self, milliseconds: int) -> None:
        self.time += milliseconds


@dataclass
class WallClock:
    """Real time, for tests with real blocks; it never stands still between two entries."""

    ahead: int = 0

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead

    def pass_ms(self, milliseconds: int) -> None:
        self.ahead += milliseconds


class Crash(BaseException):
    """Stands for kill -9 between two writes: nothing in the code may catch it."""


@dataclass
class CrashAt:
    """A hook that crashes once, at one point."""

    point: str
    met: list[str] = field(default_factory=list)

    def __call__(self, point: str) -> None:
        self.met.append(point)
        if point == self.point and self.met.count(point) == 1:
            raise Crash(point)


@dataclass
class World:
    """Database, clock and folder of one log."""

    database: Database
    folder: Path
    clock: Any = field(default_factory=HandClock)
    limits: Limits = field(default_factory=Limits)
    numbers: Any = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.context = Context(
            database=self.database,
            clock=self.clock,
            entropy=secrets.token_bytes,
            vault=Vault({0: bytes(32)}, bytes(range(64, 96)), secrets.token_bytes),
            origin=ORIGIN,
            domain=Domain(31337, REGISTRY),
            receipt_key=Ed25519PrivateKey.from_private_bytes(RECEIPT_SEED),
            limits=self.limits,
        )
        self.head_file = HeadFile(self.folder / "head.json")

    @property
    def log_key(self) -> VerifierKey:
        return verifier_key(ORIGIN, LOG_SEED)

    def sequencer(self, holder: str = "one", **options: Any) -> Sequencer:
        key = Ed25519PrivateKey.from_private_bytes(LOG_SEED)
        return Sequencer(self.context, key, self.head_file, holder, **options)

    def enter(self, draft: Entry | None = None, details: dict[str, Any] | None = None) -> Recorded:
        """Commit one entry, by default one about nobody in particular."""
        self.clock.pass_ms(1)
        if draft is None:
            subject = next(self.numbers).to_bytes(32)
            draft = Entry(EntryType.QUALIFICATION, self.clock.now(), subject, bytes(20))
        with self.database.write() as connection:
            return record(self.context, connection, draft, details)

    def enter_many(self, count: int) -> list[Recorded]:
        return [self.enter() for _ in range(count)]


SUPPLIER_KEY = bytes(31) + b"\x11"
SHOP_KEY = bytes(31) + b"\x12"
SUPPLIER = address_of(SUPPLIER_KEY)
SHOP = address_of(SHOP_KEY)


@dataclass(frozen=True)
class MadeBatch:
    """A live batch made by hand, with what only its supplier knows."""

    number: int
    manifest: BatchManifest
    seed: bytes
    keys: tuple[tuple[str, str], ...]
    format_id: str = "opaque"

    @property
    def batch_id(self) -> bytes:
        return self.manifest.batch_id


def add_batch(world: World, size: int = 7, number: int = 1001) -> MadeBatch:
    """A signed, live batch with tiles and a wanted anchor, as registration leaves it."""
    seed = secrets.token_bytes(32)
    keys = tuple(("", f"CARD{number}-SECRET{n:06}") for n in range(size))
    identities = [f"opaque\n{serial}\n{secret}".encode() for serial, secret in keys]
    builder = TreeBuilder()
    tiles = builder.add_many(leaves(seed, 0, identities))
    head = builder.finish()
    details = BatchDetails("opaque", 1, "test card", "50.00", "CNY", f"PO-{number}", bytes(32))
    manifest = BatchManifest(SUPPLIER, head.root, size, 1, 0, details.hash)
    domain = world.context.domain
    now = world.clock.now()
    row = BatchRow(
        number=number, batch_id=manifest.batch_id, supplier=SUPPLIER, root=head.root, size=size, max_uses=1,
        expires_at=0, details=rfc8785.dumps(details.to_json()).decode(), format="opaque", shuffled=False,
        seed=world.context.vault.seal(seed, manifest.batch_id), status=Status.LIVE, staged_until=now,
        counts="{}", signature=sign(SUPPLIER_KEY, manifest.digest(domain)), chain_id=domain.chain_id,
        registry=domain.registry, created_at=now, commissioned_at=now,
    )  # fmt: skip
    with world.database.write() as connection:
        batches.insert_one(connection, row)
        batches.want_anchor(connection, row, now)
        tile_store.write(connection, number, [*tiles, *head.tiles])
    return MadeBatch(number, manifest, seed, keys)


def admit(
    world: World,
    address: bytes,
    role: PartyReason,
    details: dict[str, Any] | None = None,
    party: bytes = bytes(20),
) -> Recorded:
    world.clock.pass_ms(1)
    subject = address_subject(address)
    draft = Entry(EntryType.PARTY, world.clock.now(), subject, bytes(20), party=party, reason=int(role))
    return world.enter(draft, details)


def act(
    world: World,
    batch: MadeBatch,
    kind: EntryType,
    actor: bytes,
    *,
    first: int = 0,
    count: int = 1,
    party: bytes = bytes(20),
    details: dict[str, Any] | None = None,
) -> Recorded:
    """One entry on keys of *batch*."""
    world.clock.pass_ms(10)
    draft = Entry(kind, world.clock.now(), batch.batch_id, actor, first, count, party)
    return world.enter(draft, details)
