"""Sending on a real node: repeated, replaced, reorganised away, lost."""

from __future__ import annotations

import pytest

from provenance.chain.registry import anchor_checkpoint_data
from provenance.chain.sender import Action, Sender, TransactionState, already_anchored, decide
from provenance.chain.signer import Signer
from provenance.chain.transactions import Fees, SignedTransaction
from provenance.core.digests import keccak256
from provenance.errors import ChainRefused, LimitReached, Refused
from tests.chain.conftest import LocalChain

ROOT = b"\x0a" * 32


def prepared(local: LocalChain, size: int = 9, outstanding: tuple[int, ...] = ()) -> SignedTransaction:
    sender = local.sender
    data = anchor_checkpoint_data(size, ROOT, ())
    return sender.prepare(local.registry.address, data, nonce=sender.next_nonce(outstanding))


def state(
    local: LocalChain, *attempts: SignedTransaction, depth: int = 1, overdue: bool = False
) -> tuple[TransactionState, Action]:
    decision = decide(attempts[-1], local.sender.observe(attempts), depth=depth, overdue=overdue)
    return decision.state, decision.action


def test_a_signed_transaction_goes_from_pending_to_final(local: LocalChain) -> None:
    transaction = prepared(local)
    assert state(local, transaction) == (TransactionState.PENDING, Action.BROADCAST)
    assert local.sender.broadcast(transaction.raw) == transaction.hash
    assert state(local, transaction, depth=3) == (TransactionState.CONFIRMED, Action.NOTHING)
    local.mine(2)
    assert state(local, transaction, depth=3) == (TransactionState.FINAL, Action.NOTHING)
    confirmation = local.sender.status(transaction.hash)
    assert confirmation is not None
    assert (confirmation.succeeded, confirmation.confirmations) == (True, 3)
    mined_in = local.chain.block(confirmation.block_number)
    assert mined_in is not None and mined_in.hash == confirmation.block_hash


def test_broadcasting_again_is_success_whether_waiting_or_mined(local: LocalChain) -> None:
    transaction = prepared(local)
    local.automine(False)
    for _ in range(2):
        assert local.sender.broadcast(transaction.raw) == transaction.hash
    assert state(local, transaction) == (TransactionState.BROADCAST, Action.NOTHING)
    local.mine()
    assert local.sender.broadcast(transaction.raw) == transaction.hash
    assert local.registry.latest() == 9


def test_a_reorganised_transaction_is_sent_again_and_confirmed_again(local: LocalChain) -> None:
    transaction = prepared(local)
    before = local.snapshot()
    local.sender.broadcast(transaction.raw)
    assert state(local, transaction, depth=5)[0] is TransactionState.CONFIRMED
    local.revert(before)
    assert local.sender.status(transaction.hash) is None
    assert state(local, transaction, depth=5) == (TransactionState.PENDING, Action.BROADCAST)
    local.sender.broadcast(transaction.raw)
    assert state(local, transaction)[0] is TransactionState.FINAL
    assert already_anchored(local.registry, 9, ROOT)


def test_a_waiting_transaction_is_replaced_by_one_with_higher_fees(local: LocalChain) -> None:
    local.automine(False)
    cheap = prepared(local)
    local.sender.broadcast(cheap.raw)
    assert state(local, cheap, overdue=True) == (TransactionState.BROADCAST, Action.BUMP)
    dear = local.sender.bump(cheap)
    assert dear.nonce == cheap.nonce and dear.hash != cheap.hash
    assert 8 * dear.max_fee >= 9 * cheap.max_fee
    local.sender.broadcast(dear.raw)
    local.mine()
    observation = local.sender.observe([cheap, dear])
    assert observation.mined == dear.hash
    assert state(local, cheap, dear) == (TransactionState.FINAL, Action.NOTHING)
    assert local.sender.status(cheap.hash) is None


def test_the_cheaper_attempt_counts_if_it_is_the_one_mined(local: LocalChain) -> None:
    cheap = prepared(local)
    dear = local.sender.bump(cheap)
    local.sender.broadcast(cheap.raw)
    observation = local.sender.observe([cheap, dear])
    assert observation.mined == cheap.hash
    assert state(local, cheap, dear)[0] is TransactionState.FINAL


def test_a_replacement_that_pays_too_little_is_refused_as_such(local: LocalChain) -> None:
    local.automine(False)
    first = prepared(local)
    local.sender.broadcast(first.raw)
    barely = local.anchorer.sign_transaction(
        nonce=first.nonce,
        to=first.to,
        data=first.data,
        gas=first.gas,
        fees=Fees(first.max_fee + 1, first.max_priority_fee + 1),
    )
    with pytest.raises(ChainRefused) as refused:
        local.sender.broadcast(barely.raw)
    assert refused.value.code == "fee_too_low"


def test_a_fee_below_the_base_fee_is_seen_and_bumped(local: LocalChain) -> None:
    local.automine(False)
    ours = prepared(local)
    starved = local.anchorer.sign_transaction(
        nonce=ours.nonce, to=ours.to, data=ours.data, gas=ours.gas, fees=Fees(1, 1)
    )
    assert state(local, starved) == (TransactionState.BROADCAST, Action.BUMP)
    assert local.sender.bump(starved).max_fee > local.chain.newest_block().base_fee


def test_fees_never_pass_the_ceiling(local: LocalChain) -> None:
    transaction = prepared(local)
    thrifty = Sender(local.chain, local.anchorer, fee_ceiling=transaction.max_fee)
    with pytest.raises(LimitReached):
        thrifty.bump(transaction)


def test_a_nonce_lost_to_a_stranger_is_signed_anew(local: LocalChain) -> None:
    ours = prepared(local)
    foreign = local.sender.prepare(b"\x09" * 20, b"", nonce=ours.nonce)
    local.sender.broadcast(foreign.raw)
    assert state(local, ours) == (TransactionState.REPLACED, Action.SIGN_ANEW)
    with pytest.raises(ChainRefused) as refused:
        local.sender.broadcast(ours.raw)
    assert refused.value.code == "nonce_too_low"
    again = prepared(local)
    assert again.nonce == ours.nonce + 1
    local.sender.broadcast(again.raw)
    assert state(local, again)[0] is TransactionState.FINAL


def test_a_transaction_ahead_of_its_turn_waits_for_the_gap(local: LocalChain) -> None:
    first = prepared(local)
    second = local.sender.prepare(
        local.registry.address,
        anchor_checkpoint_data(10, ROOT, ()),
        nonce=local.sender.next_nonce([first.nonce]),
    )
    assert second.nonce == first.nonce + 1
    with pytest.raises(ChainRefused) as refused:
        local.sender.broadcast(second.raw)
    assert refused.value.code == "nonce_too_high"


def test_a_transaction_that_reverts_in_its_block_has_failed(local: LocalChain) -> None:
    late = prepared(local)
    local.automine(False)
    early = local.sender.prepare(
        local.registry.address, anchor_checkpoint_data(20, ROOT, ()), nonce=late.nonce
    )
    behind = local.anchorer.sign_transaction(
        nonce=late.nonce + 1, to=late.to, data=late.data, gas=late.gas, fees=late.fees
    )
    local.sender.broadcast(early.raw)
    local.sender.broadcast(behind.raw)
    local.mine()
    assert state(local, early)[0] is TransactionState.FINAL
    assert state(local, behind, depth=2)[0] is TransactionState.CONFIRMED
    assert state(local, behind) == (TransactionState.FAILED, Action.NOTHING)
    assert not already_anchored(local.registry, 9, ROOT)


def test_a_reverting_transaction_that_is_mined_at_once_was_still_broadcast(local: LocalChain) -> None:
    stale = prepared(local)
    local.sender.broadcast(prepared(local).raw)
    again = local.anchorer.sign_transaction(
        nonce=stale.nonce + 1, to=stale.to, data=stale.data, gas=stale.gas, fees=stale.fees
    )
    assert local.sender.broadcast(again.raw) == again.hash
    assert state(local, again)[0] is TransactionState.FAILED
    assert already_anchored(local.registry, 9, ROOT)


def test_an_account_without_money_is_told_so(local: LocalChain) -> None:
    pauper = Signer(b"\x21" * 32, chain_id=local.chain.chain_id)
    transaction = pauper.sign_transaction(
        nonce=0, to=b"\x09" * 20, data=b"", gas=21_000, fees=prepared(local).fees
    )
    with pytest.raises(ChainRefused) as refused:
        Sender(local.chain, pauper).broadcast(transaction.raw)
    assert refused.value.code == "insufficient_funds"


def test_bytes_that_are_no_transaction_are_refused(local: LocalChain) -> None:
    with pytest.raises(ChainRefused) as refused:
        local.sender.broadcast(b"\x02\x01")
    assert refused.value.code == "chain_refused"
    assert not local.chain.knows_transaction(keccak256(b"\x02\x01"))


def test_a_signer_of_another_chain_sends_nothing_here(local: LocalChain) -> None:
    with pytest.raises(Refused):
        Sender(local.chain, Signer(b"\x21" * 32, chain_id=1))
