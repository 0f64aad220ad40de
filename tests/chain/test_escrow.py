"""The escrow client against the shipped contract on a real node."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provenance.chain.escrow import DepositState, EscrowClient
from provenance.chain.escrow_calls import (
    confirm_call,
    deliver_call,
    deposit_call,
    file_claim_call,
    post_bond_call,
    refund_call,
    release_bond_call,
    rule_call,
    time_out_call,
    withdraw_call,
)
from provenance.chain.escrow_order import ETHER
from provenance.chain.registry import anchor_checkpoint_data, register_batch_data
from provenance.chain.rpc import Chain
from provenance.core import merkle
from provenance.core.entries import Entry, EntryType
from provenance.core.manifest import sign
from provenance.errors import ChainMismatch, InputRefused
from tests.chain.conftest import LocalChain
from tests.chain.escrow_world import (
    ARBITER,
    BOND,
    BUYER,
    DAY,
    EXTRA,
    FRIEND,
    PRICE,
    STRANGER,
    EscrowWorld,
    deploy_escrow,
    evidence,
    lost_key,
)
from tests.chain.golden import BATCH_ID, MANIFEST, SIGNATURE

KEY, PLATFORM = lost_key()
USE = b"\x0e" * 20
GROUNDS = b"\x60" * 32


@pytest.fixture
def world(local: LocalChain) -> EscrowWorld:
    """An escrow over a registry with the golden batch."""
    sender = local.sender
    data = register_batch_data(MANIFEST, SIGNATURE)
    sender.broadcast(sender.prepare(local.registry.address, data, nonce=sender.next_nonce([])).raw)
    return deploy_escrow(local)


def anchored(world: EscrowWorld, *entries: Entry) -> list[bytes]:
    """These entries as the whole log, anchored."""
    raw = [entry.encode() for entry in entries]
    root = merkle.root([merkle.leaf_hash(entry) for entry in raw])
    sender = world.local.sender
    data = anchor_checkpoint_data(len(raw), root, ())
    sender.broadcast(sender.prepare(world.local.registry.address, data, nonce=sender.next_nonce([])).raw)
    return raw


def delivered(world: EscrowWorld) -> bytes:
    """A deposit on the golden batch whose delivery is proven."""
    order = world.order(MANIFEST, PLATFORM, USE)
    deposit = world.pay(order, MANIFEST, KEY)
    log = anchored(world, Entry(EntryType.DELIVER, 1, BATCH_ID, order.seller, 3, 1, USE))
    world.send(STRANGER, deliver_call(deposit, evidence(log, 0)))
    return deposit


def test_a_deposit_is_found_as_it_was_made(world: EscrowWorld) -> None:
    order = world.order(MANIFEST, PLATFORM, USE)
    assert world.client.deposit(order.id) is None
    deposit = world.pay(order, MANIFEST, KEY)
    found = world.deposit(deposit)
    assert found.state is DepositState.FUNDED
    assert found.deadline == world.local.chain.newest_block().time + DAY
    assert (found.buyer, found.platform, found.arbiter) == (BUYER, PLATFORM, ARBITER)
    assert (found.token, found.amount, found.compensation) == (ETHER, PRICE, EXTRA)
    assert (found.batch_id, found.index, found.party, found.max_uses) == (
        MANIFEST.batch_id, 3, USE, MANIFEST.max_uses,
    )  # fmt: skip
    assert world.client.bond(PLATFORM, ETHER) == BOND - EXTRA
    assert world.is_solvent([deposit], [PLATFORM, BUYER])


def test_the_escrow_says_what_it_obeys(world: EscrowWorld) -> None:
    assert world.client.registry() == world.local.registry.address
    assert world.client.windows() == (3600, 90 * DAY)


def test_from_the_payment_to_the_withdrawal_every_step_is_an_event(world: EscrowWorld) -> None:
    deposit = delivered(world)
    world.send(BUYER, file_claim_call(deposit, b"\xc1" * 32))
    world.send(ARBITER, rule_call(deposit, refund=PRICE // 4, compensation=EXTRA // 2, grounds=GROUNDS))
    before = world.local.chain.balance(STRANGER)
    world.send(BUYER, withdraw_call(ETHER, STRANGER))
    assert world.local.chain.balance(STRANGER) - before == PRICE // 4 + EXTRA // 2
    assert world.client.credit(PLATFORM, ETHER) == PRICE - PRICE // 4
    assert world.client.bond(PLATFORM, ETHER) == BOND - EXTRA // 2
    assert world.is_solvent([deposit], [PLATFORM, BUYER])

    events = world.client.events(0, world.local.chain.newest_block().number)
    names = ["BondPosted", "Deposited", "DeliveryProven", "ClaimFiled", "Ruled", "DepositClosed", "Withdrawn"]
    assert [event.name for event in events] == names
    paid, claimed, ruled = events[1].facts, events[3].facts, events[4].facts
    assert (paid["id"], paid["buyer"], paid["amount"], paid["party"]) == (deposit, BUYER, PRICE, USE)
    assert (claimed["claim"], ruled["grounds"], ruled["refund"]) == (b"\xc1" * 32, GROUNDS, PRICE // 4)
    assert events[-1].facts["to"] == STRANGER


def test_a_ruling_by_a_stranger_is_refused_and_moves_nothing(world: EscrowWorld) -> None:
    deposit = delivered(world)
    world.send(BUYER, file_claim_call(deposit, b"\xc1" * 32))
    ruling = rule_call(deposit, refund=PRICE, compensation=EXTRA, grounds=GROUNDS)
    assert world.refusal(STRANGER, ruling) == "not_arbiter"
    assert world.refusal(BUYER, ruling) == "not_arbiter"
    assert world.state(deposit) is DepositState.FROZEN
    assert world.is_solvent([deposit], [PLATFORM, BUYER])


def test_a_second_claim_is_refused(world: EscrowWorld) -> None:
    deposit = delivered(world)
    world.send(BUYER, file_claim_call(deposit, b"\xc1" * 32))
    assert world.refusal(BUYER, file_claim_call(deposit, b"\xc2" * 32)) == "wrong_escrow_state"


def test_a_sale_is_paid_once(world: EscrowWorld) -> None:
    order = world.order(MANIFEST, PLATFORM, USE)
    world.pay(order, MANIFEST, KEY)
    again = deposit_call(order, MANIFEST, sign(KEY, order.digest(world.client.domain)))
    assert world.refusal(BUYER, again) == "already_deposited"


def test_another_max_uses_cannot_be_slipped_in(world: EscrowWorld) -> None:
    order = world.order(MANIFEST, PLATFORM, USE)
    world.send(FRIEND, post_bond_call(PLATFORM, ETHER, BOND))
    forged = replace(MANIFEST, max_uses=MANIFEST.max_uses + 1)
    call = deposit_call(order, forged, sign(KEY, order.digest(world.client.domain)))
    assert world.refusal(BUYER, call) == "manifest_of_another_batch"


def test_an_entry_that_is_not_anchored_is_refused_in_the_registrys_words(world: EscrowWorld) -> None:
    order = world.order(MANIFEST, PLATFORM, USE)
    deposit = world.pay(order, MANIFEST, KEY)
    entry = Entry(EntryType.DELIVER, 1, BATCH_ID, order.seller, 3, 1, USE).encode()
    assert world.refusal(STRANGER, deliver_call(deposit, evidence([entry], 0))) == "unknown_checkpoint"


def test_deadlines_refuse_before_and_act_after(world: EscrowWorld) -> None:
    deposit = delivered(world)
    assert world.refusal(STRANGER, time_out_call(deposit)) == "escrow_deadline_ahead"
    world.pass_time(30 * DAY)
    assert world.refusal(BUYER, file_claim_call(deposit, b"\xc1" * 32)) == "escrow_deadline_passed"
    world.send(STRANGER, time_out_call(deposit))
    assert world.client.credit(PLATFORM, ETHER) == PRICE
    assert world.is_solvent([deposit], [PLATFORM, BUYER])


def test_only_the_buyer_confirms_and_only_the_platform_refunds(world: EscrowWorld) -> None:
    deposit = delivered(world)
    assert world.refusal(STRANGER, confirm_call(deposit)) == "not_buyer"
    assert world.refusal(BUYER, refund_call(deposit)) == "not_platform"
    world.send(BUYER, confirm_call(deposit))
    assert world.refusal(BUYER, confirm_call(deposit)) == "wrong_escrow_state"


def test_a_bond_is_released_to_its_platform_alone(world: EscrowWorld) -> None:
    world.send(FRIEND, post_bond_call(BUYER, ETHER, 5))
    assert world.refusal(STRANGER, release_bond_call(ETHER, 5)) == "bond_too_small"
    world.send(BUYER, release_bond_call(ETHER, 5))
    assert (world.client.bond(BUYER, ETHER), world.client.credit(BUYER, ETHER)) == (0, 5)
    assert world.refusal(STRANGER, withdraw_call(ETHER, STRANGER)) == "nothing_owed"


def test_an_address_without_an_escrow_is_a_mismatch(bare_chain: Chain) -> None:
    nobody = EscrowClient(bare_chain, b"\x0b" * 20)
    for ask in (nobody.registry, lambda: nobody.deposit(bytes(32)), lambda: nobody.bond(PLATFORM, ETHER)):
        with pytest.raises(ChainMismatch) as mismatch:
            ask()
        assert mismatch.value.code == "escrow_missing"


def test_a_contract_that_is_not_the_escrow_is_a_mismatch(local: LocalChain) -> None:
    with pytest.raises(ChainMismatch) as mismatch:
        EscrowClient(local.chain, local.registry.address).windows()
    assert mismatch.value.code == "escrow_foreign"
    impostor = b"\x0c" * 20
    # PUSH1 1, PUSH1 0, MSTORE8, PUSH1 1, PUSH1 0, RETURN: one byte for every question.
    local.chain.request("hardhat_setCode", "0x" + impostor.hex(), "0x600160005360016000f3")
    for ask in (
        EscrowClient(local.chain, impostor).registry,
        lambda: EscrowClient(local.chain, impostor).deposit(bytes(32)),
    ):
        with pytest.raises(ChainMismatch) as mismatch:
            ask()
        assert mismatch.value.code == "escrow_foreign"


def test_an_address_that_is_none_is_refused(bare_chain: Chain) -> None:
    with pytest.raises(InputRefused):
        EscrowClient(bare_chain, b"\x01" * 19)
