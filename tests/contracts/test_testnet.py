"""The local testnet: one a state folder, whoever starts it and however its owner ends."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from provenance.chain.testnet import TESTNET_CHAIN_ID, LocalTestnet
from provenance.errors import ChainMismatch, ChainUnavailable, InputRefused
from tests.contracts.conftest import ROOT

pytestmark = pytest.mark.node


def ask(url: str, method: str, *parameters: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["result"]


def test_it_answers_with_its_chain_id_as_soon_as_it_has_started(testnet: LocalTestnet) -> None:
    assert testnet.is_running
    assert int(ask(testnet.url, "eth_chainId"), 16) == TESTNET_CHAIN_ID
    assert testnet.url.startswith("http://127.0.0.1:")


def test_blocks_in_a_row_may_share_a_second(testnet: LocalTestnet) -> None:
    for _ in range(5):
        ask(testnet.url, "evm_mine")
    newest = int(ask(testnet.url, "eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    first = int(ask(testnet.url, "eth_getBlockByNumber", "0x1", False)["timestamp"], 16)
    ask(testnet.url, "evm_setNextBlockTimestamp", newest)
    ask(testnet.url, "evm_mine")
    assert first <= newest
    assert int(ask(testnet.url, "eth_getBlockByNumber", "latest", False)["timestamp"], 16) == newest


def test_starting_it_twice_gives_the_same_one(testnet: LocalTestnet, tmp_path: Path) -> None:
    ask(testnet.url, "hardhat_mine", "0x7")
    again = LocalTestnet(ROOT, state_dir=tmp_path / "testnet")
    assert again.start() == testnet.url
    assert int(ask(again.url, "eth_blockNumber"), 16) == 7


def test_stopping_stops_it_for_all_and_stopping_again_is_no_error(
    testnet: LocalTestnet, tmp_path: Path
) -> None:
    url = testnet.url
    other = LocalTestnet(ROOT, state_dir=tmp_path / "testnet")
    other.stop()
    assert not testnet.is_running
    with pytest.raises(ChainUnavailable, match="not running"):
        testnet.url
    with pytest.raises(OSError):
        ask(url, "eth_chainId")
    testnet.stop()


def test_a_wiped_testnet_is_empty_and_has_the_same_url(testnet: LocalTestnet) -> None:
    url = testnet.url
    ask(url, "hardhat_mine", "0x7")
    assert testnet.wipe() == url
    assert int(ask(url, "eth_blockNumber"), 16) == 0


OWNER = """
import os, signal, sys
from pathlib import Path
from provenance.chain.testnet import LocalTestnet
print(LocalTestnet(Path(sys.argv[1]), state_dir=Path(sys.argv[2])).start(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_outlives_an_owner_that_was_killed_and_the_next_one_can_stop_it(
    checkout: Path, tmp_path: Path
) -> None:
    state = tmp_path / "testnet"
    owner = subprocess.run(
        [sys.executable, "-c", OWNER, str(checkout), str(state)],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert owner.returncode == -9
    heir = LocalTestnet(checkout, state_dir=state)
    try:
        assert heir.is_running
        assert heir.start() == owner.stdout.strip()
    finally:
        heir.stop()
    assert not heir.is_running


def test_after_the_node_itself_was_killed_it_starts_anew(testnet: LocalTestnet, tmp_path: Path) -> None:
    node = int((tmp_path / "testnet" / "testnet.pid").read_text())
    subprocess.run(["kill", "-9", str(node)], check=True)
    testnet.start()
    assert int((tmp_path / "testnet" / "testnet.pid").read_text()) != node
    assert int(ask(testnet.url, "eth_blockNumber"), 16) == 0


def test_a_stale_number_of_another_process_is_left_alone(checkout: Path, tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        state = tmp_path / "testnet"
        state.mkdir()
        (state / "testnet.pid").write_text(f"{bystander.pid}\n")
        LocalTestnet(checkout, state_dir=state).stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_port_that_is_taken_is_an_error_that_says_so(checkout: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        testnet = LocalTestnet(checkout, taken.getsockname()[1], tmp_path / "testnet")
        with pytest.raises(ChainUnavailable, match="last words") as refused:
            testnet.start()
    assert refused.value.code == "testnet_failed"
    assert not testnet.is_running
    testnet.stop()


def test_asking_for_another_port_than_the_running_one_is_refused(
    testnet: LocalTestnet, tmp_path: Path
) -> None:
    port = int(testnet.url.rsplit(":", 1)[1])
    elsewhere = LocalTestnet(ROOT, port - 1, tmp_path / "testnet")
    with pytest.raises(ChainMismatch):
        elsewhere.start()
    assert testnet.is_running


def test_nothing_listens_but_on_loopback(testnet: LocalTestnet) -> None:
    port = int(testnet.url.rsplit(":", 1)[1])
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].rsplit(":", 1)[1], 16) == port
    ]
    if not listening:
        pytest.skip("this system does not show its sockets under /proc")
    assert {address.split(":")[0] for address in listening} == {"0100007F"}


def test_without_hardhat_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ChainUnavailable, match="make setup") as refused:
        LocalTestnet(tmp_path, state_dir=tmp_path / "testnet").start()
    assert refused.value.code == "hardhat_missing"


def test_a_port_out_of_range_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused):
        LocalTestnet(tmp_path, 65536)


def test_a_testnet_never_started_is_not_running(tmp_path: Path) -> None:
    testnet = LocalTestnet(tmp_path, state_dir=tmp_path / "none")
    assert not testnet.is_running
    testnet.stop()
    assert not (tmp_path / "none").exists()
