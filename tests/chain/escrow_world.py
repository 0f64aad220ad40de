"""An escrow on the test chain, and those who deal through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from provenance.chain.answers import hex_data
from provenance.chain.escrow import Deposit, DepositState, EscrowClient, explained
from provenance.chain.escrow_calls import (
    Call,
    Evidence,
    deposit_call,
    escrow_deployment_data,
    post_bond_call,
)
from provenance.chain.escrow_order import ETHER, WarrantyOrder
from provenance.chain.signer import Signer
from provenance.core import merkle
from provenance.core.manifest import BatchManifest, address_of, sign
from provenance.errors import ChainRefused
from tests.chain.conftest import LocalChain

BUYER, ARBITER, STRANGER, FRIEND = (Signer.test_account(n).address for n in (2, 4, 5, 6))
PRICE, EXTRA, BOND = 10**18, 2 * 10**18, 5 * 10**18
DAY = 86_400
GENEROUS_GAS = 3_000_000
"""Said outright, so that the node does not estimate first and a revert is one of the transaction."""


@dataclass
class EscrowWorld:
    """One escrow; senders are accounts that the node has unlocked, as wallets would be."""

    local: LocalChain
    client: EscrowClient

    def send(self, sender: bytes, call: Call, to: bytes | None = None) -> None:
        """One transaction, mined; ChainRefused with the escrow's own code if it reverts."""
        message = {
            "from": hex_data(sender),
            "to": hex_data(self.client.address if to is None else to),
            "value": hex(call.value),
            "data": hex_data(call.data),
            "gas": hex(GENEROUS_GAS),
        }
        try:
            self.local.chain.request("eth_sendTransaction", message)
        except ChainRefused as error:
            raise explained(error) from error

    def refusal(self, sender: bytes, call: Call) -> str:
        """The code by which the call is refused."""
        try:
            self.send(sender, call)
        except ChainRefused as error:
            return error.code
        raise AssertionError("the call was accepted")

    def pass_time(self, seconds: int) -> None:
        self.local.chain.request("evm_increaseTime", hex(seconds))
        self.local.mine()

    def order(self, manifest: BatchManifest, platform: bytes, party: bytes, **changes: Any) -> WarrantyOrder:
        order = WarrantyOrder(
            buyer=BUYER,
            platform=platform,
            seller=b"\x5e" * 20,
            arbiter=ARBITER,
            issuer=b"\x15" * 20,
            token=ETHER,
            amount=PRICE,
            compensation=EXTRA,
            batch_id=manifest.batch_id,
            index=3,
            party=party,
            terms=b"\x7e" * 32,
            valid_until=self.local.chain.newest_block().time + DAY,
            delivery_window=DAY,
            acceptance_window=30 * DAY,
            ruling_window=7 * DAY,
            answer_window=3 * DAY,
        )
        return replace(order, **changes)

    def pay(self, order: WarrantyOrder, manifest: BatchManifest, platform_key: bytes) -> bytes:
        """Bond posted by a friend of the platform, order signed and paid; the deposit's name."""
        self.send(FRIEND, post_bond_call(order.platform, order.token, BOND))
        self.send(
            order.buyer, deposit_call(order, manifest, sign(platform_key, order.digest(self.client.domain)))
        )
        return order.id

    def deposit(self, deposit: bytes) -> Deposit:
        found = self.client.deposit(deposit)
        assert found is not None
        return found

    def state(self, deposit: bytes) -> DepositState:
        return self.deposit(deposit).state

    def is_solvent(self, deposits: Sequence[bytes], accounts: Sequence[bytes], token: bytes = ETHER) -> bool:
        """Whether the ether held is open deposits, credits and bonds, to the wei."""
        owed = sum(
            held.amount + held.compensation
            for held in map(self.deposit, deposits)
            if held.state is not DepositState.CLOSED
        )
        owed += sum(
            self.client.credit(account, token) + self.client.bond(account, token) for account in accounts
        )
        return self.local.chain.balance(self.client.address) == owed


def deploy_escrow(local: LocalChain, *, minimum: int = 3600, maximum: int = 90 * DAY) -> EscrowWorld:
    data = escrow_deployment_data(local.registry.address, minimum_window=minimum, maximum_window=maximum)
    return EscrowWorld(local, EscrowClient(local.chain, deploy(local, data)))


def deploy(local: LocalChain, data: bytes) -> bytes:
    """Where the contract of this creation code came to lie."""
    message = {"from": hex_data(FRIEND), "data": hex_data(data), "gas": hex(10_000_000)}
    sent = local.chain.request("eth_sendTransaction", message)
    receipt = local.chain.receipt(bytes.fromhex(sent[2:]))
    assert receipt is not None and receipt.succeeded and receipt.contract_address is not None
    return receipt.contract_address


def lost_key() -> tuple[bytes, bytes]:
    """A private key that signs one order and is then never used again, and its address."""
    key = b"\x1c" * 32
    return key, address_of(key)


def evidence(entries: Sequence[bytes], index: int) -> Evidence:
    """Entry *index* in the log of exactly these entries."""
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    return Evidence(len(entries), index, entries[index], merkle.inclusion_path(leaves, index))
