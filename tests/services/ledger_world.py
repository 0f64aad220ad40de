"""A small world for the ledger's tests: secrets that everyone may know, entries made by hand."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.core.entries import Entry, EntryType
from provenance.core.manifest import Domain
from provenance.core.notes import VerifierKey, verifier_key
from provenance.services.context import Context, Limits, Recorded, record
from provenance.services.headfile import HeadFile
from provenance.services.ledger import Sequencer
from provenance.services.vault import Vault
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
