"""A service with a clock and randomness of the test's own, two suppliers, and files made by number."""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.core.entries import PartyReason
from provenance.core.manifest import Domain, address_of, sign
from provenance.services.context import Context, Limits
from provenance.services.registration import RegistrationService, Staged, StageOptions
from provenance.services.vault import Vault
from provenance.store import parties
from provenance.store.database import Database

START = 1_790_000_000_000
_SEEDS = itertools.count(1)
DOMAIN = Domain(31337, bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3"))


class SettableClock:
    """Stands still until it is moved."""

    def __init__(self, now: int = START) -> None:
        self.time = now

    def now(self) -> int:
        return self.time


class Entropy:
    """Seeded bytes, for several threads."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def __call__(self, size: int) -> bytes:
        with self._lock:
            return self._random.randbytes(size)


class Supplier:
    """A key pair and its address."""

    def __init__(self, number: int) -> None:
        self.private_key = bytes(31) + bytes([number])
        self.address = address_of(self.private_key)

    def sign(self, digest: bytes) -> bytes:
        return sign(self.private_key, digest)


FIRST, SECOND = Supplier(1), Supplier(2)


def make_context(
    url: str,
    *,
    clock: SettableClock | None = None,
    seed: int | None = None,
    epochs: int = 1,
    limits: Limits | None = None,
    domain: Domain = DOMAIN,
) -> Context:
    # Another process has other randomness: a second context of one test must not repeat the first.
    entropy = Entropy(next(_SEEDS) if seed is None else seed)
    tag_keys = {epoch: bytes([epoch]) * 32 for epoch in range(1, epochs + 1)}
    return Context(
        database=Database(url),
        clock=clock or SettableClock(),
        entropy=entropy,
        vault=Vault(tag_keys, b"M" * 32, entropy),
        origin="test.example/log",
        domain=domain,
        receipt_key=Ed25519PrivateKey.from_private_bytes(b"R" * 32),
        limits=limits or Limits(),
    )


class World:
    """The service over one database, with both suppliers admitted."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.url = url
        self.clock = settings.pop("clock", None) or SettableClock()
        self.context = make_context(url, clock=self.clock, **settings)
        self.service = RegistrationService(self.context)

    def admit(self, *suppliers: Supplier) -> None:
        with self.context.database.write() as connection:
            for supplier in suppliers:
                party = parties.Party(
                    supplier.address, "supplier", frozenset({PartyReason.SUPPLIER}), False, START - 1
                )
                parties.put(connection, party)

    def change(self, supplier: Supplier, **changes: Any) -> None:
        columns: dict[str, Any] = {
            "name": "supplier",
            "roles": frozenset({PartyReason.SUPPLIER}),
            "suspended": False,
            "since": START - 1,
            **changes,
        }
        with self.context.database.write() as connection:
            parties.put(connection, parties.Party(supplier.address, **columns))

    def stage(self, supplier: Supplier, text: str | bytes, format: str = "opaque", **options: Any) -> Staged:
        data = text.encode() if isinstance(text, str) else text
        return self.service.stage(supplier.address, BytesIO(data), StageOptions(format, **options))

    def commission(self, supplier: Supplier, staged: Staged) -> Any:
        assert staged.to_sign is not None
        return self.service.commission(
            supplier.address, staged.to_sign.batch_id, supplier.sign(staged.to_sign.digest)
        )

    def alerts(self, supplier: Supplier) -> list[tuple[str, dict[str, Any]]]:
        with self.context.database.read() as connection:
            found = parties.alerts_of(connection, supplier.address, (0, b""), 1_000)
        return [(alert.kind, json.loads(alert.facts)) for alert in found]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.context.database.read() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])

    def close(self) -> None:
        self.context.database.dispose()


@contextmanager
def world(url: str, **settings: Any) -> Iterator[World]:
    made = World(url, **settings)
    made.admit(FIRST, SECOND)
    try:
        yield made
    finally:
        made.close()


def lines(*keys: str) -> str:
    return "\n".join(keys) + "\n"


def numbered(first: int, count: int) -> list[str]:
    """Google Play codes that follow one another; 16 symbols each."""
    return [f"GP{number:014d}" for number in range(first, first + count)]


def sqlite_bytes(url: str) -> bytes:
    """Everything that lies in the database file and beside it."""
    path = Path(url.removeprefix("sqlite:///"))
    return b"".join(each.read_bytes() for each in path.parent.glob(path.name + "*"))
