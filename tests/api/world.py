"""The API over a real database, with a trade to speak through it: every call is HTTP."""

from __future__ import annotations

import io
import itertools
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api import create_app
from api.tracing import make_logger
from provenance.bootstrap import Services, services_over
from provenance.config import Settings
from provenance.core.entries import PartyReason
from provenance.core.manifest import Domain, address_of, sign
from provenance.services.context import Context
from provenance.services.headfile import HeadFile
from provenance.services.ledger import Sequencer
from provenance.services.parties import SCOPES
from provenance.services.vault import Vault
from provenance.store.database import Database

START_MS = 1_800_000_000_000
REGISTRY = bytes.fromhex("5fbdb2315678afecb367f032d93f642f64180aa3")
FORMAT = "google-play"
EVERY_SCOPE = tuple(sorted(SCOPES))


@dataclass
class HandClock:
    time: int = START_MS

    def now(self) -> int:
        self.time += 1
        return self.time


@dataclass
class Someone:
    """A party with a signing key and a bearer token."""

    private_key: bytes
    token: str = ""

    @property
    def address(self) -> bytes:
        return address_of(self.private_key)

    @property
    def hex(self) -> str:
        return "0x" + self.address.hex()


ROLES = {
    "operator": PartyReason.OPERATOR,
    "supplier": PartyReason.SUPPLIER,
    "rival": PartyReason.SUPPLIER,
    "shop": PartyReason.PLATFORM,
    "other_shop": PartyReason.PLATFORM,
    "issuer": PartyReason.ISSUER,
}


@dataclass
class World:
    """Services, an app and a client; ``log`` is everything the API logged."""

    url: str
    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    clock: HandClock = field(default_factory=HandClock)
    log: io.StringIO = field(default_factory=io.StringIO)
    parties: dict[str, Someone] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = Database(self.url)
        self.context = Context(
            database=self.database,
            clock=self.clock,
            entropy=secrets.token_bytes,
            vault=Vault({0: b"T" * 32}, b"M" * 32, secrets.token_bytes),
            origin="log.example/test",
            domain=Domain(31337, REGISTRY),
            receipt_key=Ed25519PrivateKey.from_private_bytes(b"R" * 32),
        )
        self.services: Services = services_over(self.context, Settings(home=self.folder, **self.options))
        self.app = create_app(self.services, logger=make_logger(self.log))
        self.client: FlaskClient = self.app.test_client()
        self._numbers = itertools.count(1)
        for number, (name, role) in enumerate(ROLES.items(), 1):
            self.admit(name, role, number)

    def admit(self, name: str, role: PartyReason, number: int) -> None:
        someone = Someone(bytes(31) + bytes([number]))
        service = self.services.parties
        service.admit(address_of(bytes(31) + b"\x01"), name, role, address=someone.address)
        _, someone.token = service.issue(someone.address, "test", EVERY_SCOPE)
        self.parties[name] = someone

    def __getattr__(self, name: str) -> Someone:
        try:
            return self.__dict__["parties"][name]
        except KeyError:
            raise AttributeError(name) from None

    def call(self, who: Someone | str | None, method: str, path: str, **more: Any) -> TestResponse:
        """One request: *who* is a party, a token or nobody."""
        headers = dict(more.pop("headers", {}))
        token = who.token if isinstance(who, Someone) else who
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.client.open("/v1" + path, method=method, headers=headers, **more)

    def post(self, who: Someone | str | None, path: str, body: Any = None, **more: Any) -> TestResponse:
        return self.call(who, "POST", path, json={} if body is None else body, **more)

    def get(self, who: Someone | str | None, path: str, **more: Any) -> TestResponse:
        return self.call(who, "GET", path, **more)

    def fresh_keys(self, count: int) -> list[str]:
        """Card keys nobody has seen: 16 characters, the last ones random."""
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
        return [
            f"K{next(self._numbers):05d}" + "".join(secrets.choice(letters) for _ in range(10))
            for _ in range(count)
        ]

    def stage(self, keys: list[str], who: Someone | None = None, **query: Any) -> TestResponse:
        said = {"format": FORMAT, **query}
        return self.call(
            who or self.supplier, "POST", "/batches", data="\n".join(keys).encode(), query_string=said,
            content_type="text/plain",
        )  # fmt: skip

    def sign(self, staged: dict[str, Any], who: Someone | None = None) -> TestResponse:
        signer = who or self.supplier
        signature = "0x" + sign(signer.private_key, bytes.fromhex(staged["digest"])).hex()
        path = f"/batches/{staged['batch']}/signature"
        return self.call(signer, "PUT", path, json={"signature": signature})

    def batch(self, keys: list[str], holder: Someone | None = None, **query: Any) -> str:
        """A live batch of *keys* by HTTP alone; its id. *holder* gets it whole."""
        staged = self.stage(keys, **query)
        assert staged.status_code == 202, staged.text
        assert self.sign(staged.json).status_code == 200
        batch = staged.json["batch"]
        if holder is not None:
            whole = {"recipient": holder.hex, "batch": batch, "ranges": [{"first": 0, "count": len(keys)}]}
            offer = self.post(self.supplier, "/transfers", whole)
            assert offer.status_code == 201, offer.text
            assert self.post(holder, f"/transfers/{offer.json['id']}/accept").status_code == 200
        return batch

    def held_keys(self, count: int = 3, **query: Any) -> list[str]:
        """Keys that the shop holds."""
        keys = self.fresh_keys(count)
        self.batch(keys, self.shop, **query)
        return keys

    def sequence(self) -> None:
        """Give everything accepted its place in the log, and sign a checkpoint."""
        key = Ed25519PrivateKey.from_private_bytes(b"L" * 32)
        sequencer = Sequencer(self.context, key, HeadFile(self.folder / "head.json"), "test")
        sequencer.sequence()
        sequencer.stop()

    def close(self) -> None:
        self.database.dispose()


def ref(text: str) -> dict[str, Any]:
    """A key reference by its text."""
    return {"format": FORMAT, "text": text}
