"""The live timeline through the real server: what is done to an order is with its watcher within a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from provenance.bootstrap import build_services
from provenance.core.entries import PartyReason
from provenance.core.manifest import address_of, sign
from tests.api.desk import PRICE, default, digest
from tests.api.server import Server
from tests.support.ports import free_port

pytestmark = pytest.mark.slow

KEYS = {"supplier": bytes(31) + b"\x05", "shop": bytes(31) + b"\x06"}
ROLES = {"supplier": PartyReason.SUPPLIER, "shop": PartyReason.PLATFORM}
SCOPES = ("register", "transfer", "sell", "warranty")
CARD = "K00001ABCDEFGHJK"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"), free_port())
    try:
        made.start()
        yield made
    finally:
        made.stop()


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


def events(answer: requests.Response) -> Iterator[dict[str, Any]]:
    for line in answer.iter_lines(chunk_size=1):
        if line.startswith(b"data: "):
            yield orjson.loads(line[6:])


def test_a_delivery_is_with_its_watcher_within_a_second(server: Server, tmp_path: Path) -> None:
    tokens = admitted(server)
    order = sold(server, tokens)
    shown = {"order_token": order["order_token"], "order": order["order"]}
    ticket = post(server, None, "/orders/stream-ticket", shown)["ticket"]
    address = f"{server.url}/v1/orders/stream"
    with requests.get(address, params={"ticket": ticket}, stream=True, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        news = events(answer)
        assert [one["what"] for one in next(news)["timeline"]].count("deliver") == 0
        post(server, tokens["shop"], "/keys/deliver", {"key": order["key"], "use": order["use"]})
        began = time.monotonic()
        assert next(news)["timeline"][-1]["what"] == "deliver"
        assert time.monotonic() - began < 1.0
    assert ticket not in server.log.read_text()
