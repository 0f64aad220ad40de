"""Ten times what the real server can do: refused within bounds, and over when it is over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.load import drive, post
from tests.api.server import Server
from tests.support.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, free_port())
    try:
        made.start()
        yield made
    finally:
        made.stop()


def memory(server: Server) -> int:
    """Bytes of the server's processes now."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return sum(
        int(line.split()[1]) << 10
        for child in children
        for line in Path(f"/proc/{child}/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )


def test_a_flood_is_refused_at_bounded_memory_and_leaves_nothing_behind(server: Server) -> None:
    # Malformed on purpose: each goes through the framework, which is what is slow, and costs no budget.
    one = post("/v1/keys/sell", {"order": "x"}, None)
    drive(server.settings.port, [one] * 2_000, connections=8, seconds=1)
    before = memory(server)
    flood = drive(server.settings.port, [one] * 100_000, connections=700, seconds=4)
    assert set(flood.statuses) == {401, 429}, flood.statuses
    # Some of it is answered all the same: refusing is cheap enough to leave time for work.
    assert flood.statuses[401] > 200
    assert memory(server) - before < 80 << 20
    time.sleep(0.5)
    after = drive(server.settings.port, [one] * 200, connections=4, seconds=10)
    assert set(after.statuses) == {401}
    assert after.percentile(0.5) < 500
