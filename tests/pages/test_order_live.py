"""The page of an order at the real server: what is done to the order appears without a touch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.api.live_trade import admitted, post, sold
from tests.api.server import Server
from tests.pages.reader import Reader
from tests.support.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"), free_port())
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_a_delivery_appears_on_the_open_page(browser: Any, server: Server) -> None:
    tokens = admitted(server)
    order = sold(server, tokens)
    reader = Reader(browser, server.url, "zh-CN")
    reader.open("/order")
    reader.page.fill("#token", order["order_token"])
    with reader.page.expect_response(lambda answer: "/v1/orders/stream?" in answer.url) as streaming:
        reader.page.click("#submit")
    assert streaming.value.headers["content-type"].startswith("text/event-stream")
    expect(reader.page.locator("ol.journey li[data-what=sell]")).to_have_count(1)
    post(server, tokens["shop"], "/keys/deliver", {"key": order["key"], "use": order["use"]})
    expect(reader.page.locator("ol.journey li[data-what=deliver]")).to_have_count(1, timeout=2_000)
    expect(reader.page.locator(".ring .days")).to_have_text("30")
    reader.status("有新的进展")
    reader.leave()
