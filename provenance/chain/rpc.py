"""An Ethereum node over HTTP JSON-RPC, and what of it is believed.

The chain id is asked before anything else and again after every failure: behind the same address
another chain may have come up. All errors are of our tree: ChainUnavailable (nobody there, or
nonsense), ChainMismatch (somebody else there), ChainRefused (the node or a contract said no).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provenance.chain import answers
from provenance.chain.headers import header_of
from provenance.chain.transport import DEFAULT_MAX_ANSWER_BYTES, DEFAULT_TIMEOUT_SECONDS, Transport
from provenance.errors import ChainMismatch, ChainRefused, ChainUnavailable

BlockAt = int | bytes | None
"""Where to look: a block's number, its 32-byte hash, or None for the newest block."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: number, 32-byte hash, parent's hash and state root, unix seconds, base fee in wei."""

    number: int
    hash: bytes
    parent_hash: bytes
    state_root: bytes
    time: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a mined transaction ended: where, whether it succeeded, and the gas it took."""

    transaction_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    contract_address: bytes | None


@dataclass(frozen=True, slots=True)
class FeeMarket:
    """The newest base fee and the node's suggested priority fee, both in wei per gas (EIP-1559)."""

    base_fee: int
    priority_fee: int


class Chain:
    """A connection to the chain *chain_id* behind *url*; safe to share between threads."""

    def __init__(
        self,
        url: str,
        *,
        chain_id: int,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES,
    ) -> None:
        self.chain_id = chain_id
        self._transport = Transport(url, timeout_seconds=timeout_seconds, max_answer_bytes=max_answer_bytes)
        self._verified = False

    def __repr__(self) -> str:
        return f"Chain(chain_id={self.chain_id}, {self._transport!r})"

    def request(self, method: str, *params: Any) -> Any:
        """The raw ``result`` of a JSON-RPC *method*; ChainUnavailable, ChainMismatch, ChainRefused."""
        if not self._verified:
            self.verify_network()
        return self._ask(method, *params)

    def verify_network(self) -> None:
        """Return if the node serves our chain id, else raise ChainMismatch ``wrong_chain_id``."""
        found = answers.quantity(self._ask("eth_chainId"), "chain id")
        if found != self.chain_id:
            raise ChainMismatch(
                f"The node serves chain {found}, not {self.chain_id}; "
                "correct the node's address or the chain id.",
                code="wrong_chain_id",
                expected=self.chain_id,
                found=found,
            )
        self._verified = True

    def newest_block(self) -> Block:
        """The newest block that the node knows."""
        return _block(self._block_json("eth_getBlockByNumber", "latest"))

    def block(self, at: int | bytes) -> Block | None:
        """The block of that number or hash on the node's chain, None if it knows none."""
        found = self._find(at)
        return None if found is None else _block(found)

    def confirmed_block(self, depth: int) -> Block:
        """The newest block with *depth* confirmations, counting its own as the first; at least block 0."""
        newest = self.newest_block()
        if depth <= 1:
            return newest
        return _block(self._block_json("eth_getBlockByNumber", hex(max(0, newest.number - depth + 1))))

    def header(self, at: int | bytes) -> bytes | None:
        """The RLP header of that block, checked against its hash, or None if the node does not know it."""
        found = self._find(at)
        if found is None:
            return None
        header = header_of(found)
        if isinstance(at, bytes) and answers.data(found["hash"], "hash", 32) != at:
            answers.malformed("another block than the one asked for")
        return header

    def genesis_hash(self) -> bytes:
        """The hash of block 0: another one under the same chain id is a chain that was wiped."""
        return _block(self._block_json("eth_getBlockByNumber", "0x0")).hash

    def code(self, address: bytes, at: BlockAt = None) -> bytes:
        """The code at *address*, empty if there is no contract."""
        found = self.request("eth_getCode", answers.hex_data(address), block_parameter(at))
        return answers.data(found, "code")

    def mined_nonce(self, address: bytes) -> int:
        """How many transactions of *address* are in blocks, which is its next nonce if none are waiting."""
        found = self.request("eth_getTransactionCount", answers.hex_data(address), "latest")
        return answers.quantity(found, "nonce")

    def balance(self, address: bytes) -> int:
        """The balance of *address* in wei."""
        return answers.quantity(
            self.request("eth_getBalance", answers.hex_data(address), "latest"), "balance"
        )

    def call(self, to: bytes, calldata: bytes, at: BlockAt = None) -> bytes:
        """What a call without a transaction returns; ChainRefused with ``facts['data']`` if it reverts."""
        message = {"to": answers.hex_data(to), "data": answers.hex_data(calldata)}
        return answers.data(self.request("eth_call", message, block_parameter(at)), "result of the call")

    def estimate_gas(self, sender: bytes, to: bytes | None, calldata: bytes, value: int = 0) -> int:
        """The gas that the transaction with *value* wei would take now; ChainRefused if it would revert."""
        message = {"from": answers.hex_data(sender), "data": answers.hex_data(calldata)}
        if value:
            message["value"] = hex(value)
        if to is not None:
            message["to"] = answers.hex_data(to)
        return answers.quantity(self.request("eth_estimateGas", message), "gas")

    def fee_market(self) -> FeeMarket:
        """The base fee of the newest block and the priority fee the node suggests."""
        suggested = answers.quantity(self.request("eth_maxPriorityFeePerGas"), "priority fee")
        return FeeMarket(base_fee=self.newest_block().base_fee, priority_fee=suggested)

    def send_raw(self, raw: bytes) -> bytes:
        """Hand a signed transaction to the node; its hash, or ChainRefused with the node's reason."""
        return answers.data(self.request("eth_sendRawTransaction", answers.hex_data(raw)), "hash", 32)

    def knows_transaction(self, transaction_hash: bytes) -> bool:
        """Whether the node has the transaction, waiting or in a block of its chain."""
        return self.request("eth_getTransactionByHash", answers.hex_data(transaction_hash)) is not None

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """The receipt of a transaction in a block of the node's chain, None if it is in none."""
        found = self.request("eth_getTransactionReceipt", answers.hex_data(transaction_hash))
        return None if found is None else _receipt(found, transaction_hash)

    def _find(self, at: int | bytes) -> dict[str, Any] | None:
        if isinstance(at, bytes):
            found = self.request("eth_getBlockByHash", answers.hex_data(at), False)
        else:
            found = self.request("eth_getBlockByNumber", hex(at), False)
        if found is not None and not isinstance(found, dict):
            answers.malformed("block")
        return found

    def _block_json(self, method: str, at: str) -> dict[str, Any]:
        found = self.request(method, at, False)
        if not isinstance(found, dict):
            answers.malformed("block")
        return found

    def _ask(self, method: str, *params: Any) -> Any:
        try:
            return self._transport.request(method, list(params))
        except ChainUnavailable:
            self._verified = False
            raise


def block_parameter(at: BlockAt) -> Any:
    """The block parameter of a JSON-RPC call (EIP-1898 for a hash)."""
    if at is None:
        return "latest"
    return {"blockHash": answers.hex_data(at)} if isinstance(at, bytes) else hex(at)


def revert_data(refused: ChainRefused) -> bytes | None:
    """The bytes a contract reverted with, None if the refusal carries none."""
    found = refused.facts.get("data")
    return None if found is None else answers.data(found, "revert data")


def _block(found: dict[str, Any]) -> Block:
    return Block(
        number=answers.quantity(answers.member(found, "number"), "number"),
        hash=answers.data(answers.member(found, "hash"), "hash", 32),
        parent_hash=answers.data(answers.member(found, "parentHash"), "parent hash", 32),
        state_root=answers.data(answers.member(found, "stateRoot"), "state root", 32),
        time=answers.quantity(answers.member(found, "timestamp"), "timestamp"),
        base_fee=answers.quantity(found.get("baseFeePerGas") or "0x0", "base fee"),
    )


def _receipt(found: Any, transaction_hash: bytes) -> Receipt:
    if answers.data(answers.member(found, "transactionHash"), "transaction hash", 32) != transaction_hash:
        answers.malformed("another transaction than the one asked for")
    created = answers.member(found, "contractAddress") if "contractAddress" in found else None
    return Receipt(
        transaction_hash=transaction_hash,
        block_number=answers.quantity(answers.member(found, "blockNumber"), "block number"),
        block_hash=answers.data(answers.member(found, "blockHash"), "block hash", 32),
        succeeded=answers.quantity(answers.member(found, "status"), "status") == 1,
        gas_used=answers.quantity(answers.member(found, "gasUsed"), "gas used"),
        contract_address=None if created is None else answers.data(created, "contract address", 20),
    )
