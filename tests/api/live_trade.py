"""A supplier and a shop at the real server, and a key sold under terms there: all of it by HTTP."""

from __future__ import annotations

import time
from typing import Any

import requests

from provenance.bootstrap import build_services
from provenance.core.entries import PartyReason
from provenance.core.manifest import address_of, sign
from tests.api.desk import PRICE, default, digest
from tests.api.server import Server

KEYS = {"supplier": bytes(31) + b"\x05", "shop": bytes(31) + b"\x06"}
ROLES = {"supplier": PartyReason.SUPPLIER, "shop": PartyReason.PLATFORM}
SCOPES = ("register", "transfer", "sell", "warranty")
CARD = "K00001ABCDEFGHJK"


def admitted(server: Server) -> dict[str, str]:
    """Tokens of a supplier and of a shop."""
    services = build_services(server.settings)
    tokens = {}
    for name, role in ROLES.items():
        address = address_of(KEYS[name])
        services.parties.admit(bytes(19) + b"\x01", name, role, address=address)
        tokens[name] = services.parties.issue(address, name, SCOPES)[1]
    services.context.database.dispose()
    return tokens


def post(server: Server, token: str | None, path: str, body: Any, method: str = "POST") -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answered = requests.request(method, f"{server.url}/v1{path}", json=body, headers=headers, timeout=30)
    assert answered.status_code < 300, answered.text
    return answered.json()


def sold(server: Server, tokens: dict[str, str]) -> dict[str, Any]:
    """A key registered, handed over and sold under terms, all by HTTP."""
    staged = post(server, tokens["supplier"], "/batches", {"format": "google-play", "keys": [CARD]})
    signature = "0x" + sign(KEYS["supplier"], bytes.fromhex(staged["digest"])).hex()
    path = f"/batches/{staged['batch']}/signature"
    post(server, tokens["supplier"], path, {"signature": signature}, "PUT")
    offer = {
        "recipient": "0x" + address_of(KEYS["shop"]).hex(),
        "batch": staged["batch"],
        "ranges": [{"first": 0, "count": 1}],
    }
    transfer = post(server, tokens["supplier"], "/transfers", offer)["id"]
    post(server, tokens["shop"], f"/transfers/{transfer}/accept", {})
    terms = post(server, tokens["shop"], "/terms", default())["hash"]
    body = {
        "key": {"format": "google-play", "text": CARD}, "number": "A-1", **PRICE, "terms": terms,
        "paid": {"at": time.time_ns() // 1_000_000, "record": digest()},
    }  # fmt: skip
    order: dict[str, Any] = post(server, tokens["shop"], "/orders", body)
    return order
