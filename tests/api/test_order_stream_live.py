"""The live timeline through the real server: what is done to an order is with its watcher within a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests

from tests.api.live_trade import admitted, post, sold
from tests.api.server import Server
from tests.support.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"), free_port())
    try:
        made.start()
        yield made
    finally:
        made.stop()


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
