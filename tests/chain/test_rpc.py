"""A node that is wrong, absent, slow, broken or lying."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from provenance.chain.registry import anchor_checkpoint_data
from provenance.chain.rpc import Chain, revert_data
from provenance.chain.sender import Sender
from provenance.chain.transport import Transport, refusal
from provenance.errors import ChainMismatch, ChainRefused, ChainUnavailable, InputRefused
from tests.chain.conftest import CHAIN_ID, LocalChain
from tests.support.faultproxy import Fault, FaultProxy, fault_proxy
from tests.support.impostor import AnswerHandler, Impostor
from tests.support.ports import free_port

SHORT_SECONDS = 2.0


@pytest.fixture
def proxy(node_url: str) -> Iterator[FaultProxy]:
    port = urlsplit(node_url).port
    assert port is not None
    with fault_proxy(port) as running:
        yield running


def code_when(ask: Callable[[], object], kind: type[ChainUnavailable | ChainMismatch | ChainRefused]) -> str:
    with pytest.raises(kind) as raised:
        ask()
    return raised.value.code


def test_a_node_that_is_down_is_unavailable() -> None:
    chain = Chain(f"http://127.0.0.1:{free_port()}", chain_id=CHAIN_ID)
    assert code_when(chain.newest_block, ChainUnavailable) == "chain_unavailable"


def test_a_node_of_another_chain_is_never_asked_anything_else(node_url: str) -> None:
    chain = Chain(node_url, chain_id=1)
    for ask in (chain.newest_block, chain.genesis_hash, lambda: chain.send_raw(b"\x02")):
        assert code_when(ask, ChainMismatch) == "wrong_chain_id"


def test_the_chain_id_is_asked_again_after_an_outage(proxy: FaultProxy, impostor: Impostor) -> None:
    impostor.says()
    chain = Chain(impostor.url, chain_id=CHAIN_ID)
    chain.request("eth_syncing")
    impostor.answer = lambda asked: b"not json"
    assert code_when(chain.newest_block, ChainUnavailable) == "chain_answer_malformed"
    impostor.says(eth_chainId="0x1")
    assert code_when(chain.newest_block, ChainMismatch) == "wrong_chain_id"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.HANG, "chain_timeout"),
        (Fault.DRIP, "chain_timeout"),
        (Fault.RESET, "chain_unavailable"),
        (Fault.CUT, "chain_unavailable"),
        (Fault.LOSE_ANSWER, "chain_unavailable"),
    ],
)
def test_a_bad_network_is_an_outage_and_passes(proxy: FaultProxy, fault: Fault, code: str) -> None:
    chain = Chain(proxy.url, chain_id=CHAIN_ID, timeout_seconds=SHORT_SECONDS)
    chain.verify_network()
    proxy.fault = fault
    assert code_when(chain.newest_block, ChainUnavailable) == code
    proxy.fault = Fault.NONE
    assert chain.newest_block().number >= 0


def test_a_transaction_whose_answer_was_lost_is_sent_again_without_harm(
    local: LocalChain, proxy: FaultProxy
) -> None:
    sender = Sender(Chain(proxy.url, chain_id=CHAIN_ID, timeout_seconds=5), local.anchorer)
    transaction = sender.prepare(local.registry.address, anchor_checkpoint_data(9, b"\x01" * 32, ()), nonce=0)
    sender.chain.verify_network()
    proxy.fault = Fault.LOSE_ANSWER
    assert code_when(lambda: sender.broadcast(transaction.raw), ChainUnavailable) == "chain_unavailable"
    proxy.fault = Fault.NONE
    assert sender.broadcast(transaction.raw) == transaction.hash
    assert local.registry.latest() == 9
    assert local.chain.mined_nonce(local.anchorer.address) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"jsonrpc": "2.0", "id": 999999, "result": "0x7a69"}',
        b'{"jsonrpc": "2.0", "id": 1}',
        b'{"jsonrpc": "2.0", "id": 1, "result": 31337}',
        b'{"jsonrpc": "2.0", "id": 1, "result": "0x"}',
        b'{"jsonrpc": "2.0", "id": 1, "result": "0xzz"}',
        b'{"jsonrpc": "2.0", "id": 1, "result": "0x' + b"1" * 65 + b'"}',
    ],
)
def test_an_answer_that_is_no_ethereum_json_rpc_is_named_so(impostor: Impostor, body: bytes) -> None:
    impostor.answer = lambda asked: body
    chain = Chain(impostor.url, chain_id=CHAIN_ID)
    assert code_when(chain.newest_block, ChainUnavailable) == "chain_answer_malformed"


def test_an_answer_without_end_is_not_read_to_the_end(impostor: Impostor) -> None:
    impostor.answer = lambda asked: b" " * 2_000
    chain = Chain(impostor.url, chain_id=CHAIN_ID, max_answer_bytes=1_000)
    assert code_when(chain.newest_block, ChainUnavailable) == "chain_answer_too_large"


def test_a_gateway_error_is_an_outage_and_a_json_rpc_error_an_answer(impostor: Impostor) -> None:
    impostor.status = 502
    impostor.answer = lambda asked: b"<html>bad gateway</html>"
    chain = Chain(impostor.url, chain_id=CHAIN_ID)
    assert code_when(chain.newest_block, ChainUnavailable) == "chain_unavailable"
    impostor.status = 400
    impostor.answer = lambda asked: json.dumps({"id": asked["id"], "error": {"message": "no"}}).encode()
    assert code_when(chain.newest_block, ChainRefused) == "chain_refused"


def test_a_header_that_does_not_hash_to_its_block_is_caught(node_url: str, impostor: Impostor) -> None:
    block = Chain(node_url, chain_id=CHAIN_ID).request("eth_getBlockByNumber", "0x0", False)
    changed = {**block, "timestamp": hex(int(block["timestamp"], 16) + 1)}
    unknown_fork = {name: value for name, value in block.items() if name != "requestsHash"}
    for lie in (changed, unknown_fork):
        impostor.says(eth_getBlockByNumber=lie)
        chain = Chain(impostor.url, chain_id=CHAIN_ID)
        assert code_when(lambda: chain.header(0), ChainMismatch) == "header_mismatch"  # noqa: B023


def test_a_block_other_than_the_one_asked_for_is_caught(node_url: str, impostor: Impostor) -> None:
    block = Chain(node_url, chain_id=CHAIN_ID).request("eth_getBlockByNumber", "0x0", False)
    impostor.says(eth_getBlockByHash=block)
    chain = Chain(impostor.url, chain_id=CHAIN_ID)
    assert code_when(lambda: chain.header(b"\x01" * 32), ChainUnavailable) == "chain_answer_malformed"


def test_a_block_with_missing_or_wrong_fields_is_caught(node_url: str, impostor: Impostor) -> None:
    block = Chain(node_url, chain_id=CHAIN_ID).request("eth_getBlockByNumber", "0x0", False)
    lies: tuple[Any, ...] = ({}, [], "0x", {**block, "hash": "0x01"}, {**block, "number": None})
    for lie in lies:
        impostor.says(eth_getBlockByNumber=lie)
        chain = Chain(impostor.url, chain_id=CHAIN_ID)
        assert code_when(chain.newest_block, ChainUnavailable) == "chain_answer_malformed"


def test_a_receipt_of_another_transaction_is_caught(impostor: Impostor) -> None:
    impostor.says(eth_getTransactionReceipt={"transactionHash": "0x" + "02" * 32})
    chain = Chain(impostor.url, chain_id=CHAIN_ID)
    assert code_when(lambda: chain.receipt(b"\x01" * 32), ChainUnavailable) == "chain_answer_malformed"


def test_confirmed_blocks_are_counted_from_the_newest_as_the_first(bare_chain: Chain) -> None:
    bare_chain.request("hardhat_mine", "0x5")
    newest = bare_chain.newest_block()
    assert bare_chain.confirmed_block(1) == newest
    assert bare_chain.confirmed_block(3).number == newest.number - 2
    assert bare_chain.confirmed_block(1_000).number == 0
    assert bare_chain.confirmed_block(1_000).hash == bare_chain.genesis_hash()


def test_unknown_blocks_and_transactions_are_none(bare_chain: Chain) -> None:
    assert bare_chain.block(10**9) is None
    assert bare_chain.block(b"\x01" * 32) is None
    assert bare_chain.header(b"\x01" * 32) is None
    assert bare_chain.receipt(b"\x01" * 32) is None
    assert not bare_chain.knows_transaction(b"\x01" * 32)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8545",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "http://",
        "http://127.0.0.1:99999",
        "http://[::1",
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(InputRefused) as refused:
        Transport(url)
    assert refused.value.code == "invalid_node_url"


def test_neither_errors_nor_names_show_the_access_key_of_a_hosted_node() -> None:
    url = f"http://user:hunter2@127.0.0.1:{free_port()}/v3/0123456789abcdef?token=feedbeef"
    chain = Chain(url, chain_id=CHAIN_ID)
    with pytest.raises(ChainUnavailable) as raised:
        chain.newest_block()
    cause = raised.value.__cause__
    shown = f"{raised.value!r} {raised.value.facts} {cause!r} {chain!r}"
    for secret in ("hunter2", "0123456789abcdef", "feedbeef"):
        assert secret not in shown


def test_path_query_and_user_of_the_address_reach_the_node(impostor: Impostor) -> None:
    heard: list[str] = []

    class Listening(AnswerHandler):
        def do_POST(self) -> None:
            heard.append(f"{self.path} {self.headers['Authorization']}")
            super().do_POST()

    impostor.RequestHandlerClass = Listening
    impostor.says()
    address = impostor.url.replace("http://", "http://user:p%40ss@") + "/v3/key?token=1"
    Chain(address, chain_id=CHAIN_ID).verify_network()
    assert heard == ["/v3/key?token=1 Basic dXNlcjpwQHNz"]


@pytest.mark.parametrize(
    ("error", "reason", "data"),
    [
        (
            {"code": 3, "message": "execution reverted", "data": "0x01020304"},
            "execution reverted",
            b"\1\2\3\4",
        ),
        ({"message": "reverted", "data": {"data": "0x0506", "message": "x"}}, "reverted", b"\5\6"),
        ({"message": "x" * 1000}, "x" * 300, None),
        ({"message": "line\nbreak\x1b[31m"}, "line break [31m", None),
        ("plain", "no reason given", None),
        ({"message": 5, "data": "0x"}, "no reason given", None),
    ],
)
def test_a_refusal_keeps_the_reason_short_and_the_revert_data(
    error: Any, reason: str, data: bytes | None
) -> None:
    refused = refusal(error)
    assert refused.facts["reason"] == reason
    assert revert_data(refused) == data
