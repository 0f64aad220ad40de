"""The keeper on a real node: what the chain is paid and pays is in the order's ledger, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.chain import escrow_bundle
from provenance.chain.answers import hex_data
from provenance.chain.escrow import DepositState, EscrowClient
from provenance.chain.escrow_calls import (
    confirm_call,
    deposit_call,
    file_claim_call,
    post_bond_call,
    refund_call,
)
from provenance.chain.escrow_events import EscrowEvent
from provenance.chain.escrow_order import ETHER
from provenance.chain.registry import expected_address
from provenance.chain.rpc import Chain
from provenance.chain.signer import Signer
from provenance.chain.wallet import Wallet
from provenance.core.claims import Outcome, PostingKind
from provenance.core.entries import EntryType
from provenance.core.manifest import address_of, sign
from provenance.core.proofs import Bundle, read_bundle
from provenance.core.terms import State
from provenance.errors import ChainRefused, Refused
from provenance.services.acts import Act as CustodyAct
from provenance.services.escrow.desk import EscrowDesk
from provenance.services.escrow.offers import struct_of
from provenance.services.escrow.reading import PATIENCE
from provenance.services.proving import ProvingService
from provenance.services.warranty import money as ledgers
from provenance.services.warranty.money import PaymentState
from provenance.services.warranty.orders import EventKind, Opened
from provenance.services.warranty.status import StatusService
from provenance.store import claims as claim_store
from provenance.store import escrow, manifests, warranty_orders
from tests.chain.conftest import LocalChain, bare_chain, local, node_url
from tests.chain.escrow_world import BUYER, FRIEND, PRICE, STRANGER
from tests.services.custody_world import ISSUER
from tests.services.ledger_world import Crash, CrashAt, MadeBatch
from tests.support.ports import free_port
from tests.warranty.escrow_shop import KEEPER, PLATFORM, PLATFORM_KEY, EscrowShop, escrow_shop
from tests.warranty.world import DAY, HOUR, MINUTE, SECOND, money

__all__ = ["bare_chain", "local", "node_url"]


@pytest.fixture
def everywhere(database_url: str, tmp_path: Path, local: LocalChain) -> Iterator[EscrowShop]:
    """The shop on each database."""
    made = escrow_shop(database_url, tmp_path, local)
    yield made
    made.database.dispose()


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path, local: LocalChain) -> Iterator[EscrowShop]:
    made = escrow_shop(sqlite_url, tmp_path, local)
    yield made
    made.database.dispose()


def anchored(shop: EscrowShop) -> MadeBatch:
    batch = shop.registered()
    shop.anchor()
    return batch


def is_paid(shop: EscrowShop, opened: Opened) -> bool:
    with shop.database.read() as connection:
        return EventKind.PAID in warranty_orders.events_of(connection, opened.order.id)


def faulty(shop: EscrowShop, **changes: Any) -> Opened:
    """An order paid into the escrow whose key had been used; its platform is gone for half an hour."""
    opened = shop.bought(anchored(shop), **changes)
    keeper = shop.keeper()
    shop.round(keeper, 1)
    shop.deliver(opened)
    shop.used_before(opened)
    shop.anchor()
    # The first beat shows the delivery, the second sees that it is shown.
    shop.round(keeper, 2)
    return opened


def sent_by_keeper(shop: EscrowShop) -> int:
    return shop.chain.local.chain.mined_nonce(KEEPER.address)


def test_a_platform_that_does_not_pay_is_ruled_to_and_the_ledger_says_what_the_buyer_got(
    everywhere: EscrowShop,
) -> None:
    shop, opened = everywhere, faulty(everywhere)
    assert is_paid(shop, opened)
    assert shop.ledger(opened).total(PostingKind.PAID) == money("49.50")
    assert shop.deposit(opened).state == DepositState.DELIVERED
    (seen,) = StatusService(shop.context).of_token(opened.sold.token)
    assert seen.deposit is not None
    assert (seen.deposit.state, seen.deposit.is_offered) == ("delivered", True)
    assert shop.claim_of(opened).claim.state is State.PAYING
    shop.freeze(opened)
    shop.later(31 * MINUTE)
    assert shop.round(shop.keeper(), 3) == []
    assert shop.deposit(opened).state == DepositState.CLOSED
    assert shop.claim_of(opened).claim.state is State.REMEDIED
    assert [one.kind for one in shop.ledger(opened).postings] == [PostingKind.PAID, PostingKind.REFUNDED]
    assert shop.withdrawn() == PRICE
    assert sent_by_keeper(shop) == 2


def test_with_platform_and_arbiter_gone_the_log_pays_a_buyer_who_made_no_call(shop: EscrowShop) -> None:
    opened = faulty(shop, arbiter=STRANGER)
    shop.later(31 * MINUTE)
    keeper = shop.keeper()
    assert shop.round(keeper, 2) == []
    assert shop.deposit(opened).state == DepositState.PROVEN
    assert shop.claim_of(opened).claim.state is State.UNPAID
    shop.later(HOUR)
    assert shop.round(keeper, 3) == []
    assert shop.claim_of(opened).claim.state is State.REMEDIED
    assert shop.ledger(opened).total(PostingKind.REFUNDED) == money("49.50")
    # What the chain held beside the price is the buyer's too: the contract, not the claim, says so.
    assert shop.withdrawn() == 2 * PRICE


@pytest.mark.parametrize("point", ["stored", "broadcast", "read"])
def test_a_keeper_killed_between_two_writes_is_followed_by_one_that_fires_nothing_twice(
    shop: EscrowShop, point: str
) -> None:
    opened = faulty(shop, arbiter=STRANGER)
    shop.later(31 * MINUTE)
    shop.watch.beat()
    before = sent_by_keeper(shop)
    with pytest.raises(Crash):
        shop.round(shop.keeper(hook=CrashAt(point)), 1)
    assert shop.round(shop.keeper("two"), 3) == []
    assert shop.deposit(opened).state == DepositState.PROVEN
    assert sent_by_keeper(shop) == before + 1


def test_while_the_node_is_away_everything_waits_and_then_goes_on(shop: EscrowShop) -> None:
    opened = faulty(shop, arbiter=STRANGER)
    shop.later(31 * MINUTE)
    chain, escrow_address = shop.chain.client.chain, shop.chain.client.address
    gone = EscrowClient(Chain(f"http://127.0.0.1:{free_port()}", chain_id=chain.chain_id), escrow_address)
    assert set(shop.round(shop.keeper(client=gone), 2)) == {"chain_unavailable"}
    assert shop.claim_of(opened).claim.state is State.UNPAID
    assert shop.round(shop.keeper(), 2) == []
    assert shop.deposit(opened).state == DepositState.PROVEN


def test_a_chain_that_forgets_a_payment_is_read_anew_and_the_order_is_paid_once(shop: EscrowShop) -> None:
    batch = shop.registered()
    shop.anchor()
    opened, keeper = shop.order(batch), shop.keeper()
    call = shop.offer(opened)
    shop.chain.send(FRIEND, post_bond_call(PLATFORM, ETHER, 2 * PRICE))
    before = shop.chain.local.snapshot()
    shop.chain.send(BUYER, call)
    shop.round(keeper, 1)
    assert shop.deposit(opened).state == DepositState.FUNDED
    shop.chain.local.revert(before)
    shop.chain.local.mine(3)
    assert shop.round(keeper, 1) == []
    with shop.database.read() as connection:
        assert escrow.deposit_of(connection, opened.order.id) is None
    shop.chain.send(BUYER, call)
    shop.round(keeper, 1)
    assert shop.deposit(opened).state == DepositState.FUNDED
    assert [one.kind for one in shop.ledger(opened).postings] == [PostingKind.PAID]


def stranded(shop: EscrowShop, opened: Opened, payer: bytes, key: bytes, **changes: Any) -> None:
    """*payer* pays for the sale what nobody offered here, on the signature of *key*'s account."""
    with shop.database.read() as connection:
        (row,) = escrow.offers_of(connection, opened.order.id)
        struct = replace(struct_of(row), buyer=payer, platform=address_of(key), compensation=0, **changes)
        signed = manifests.signed_batch(connection, struct.batch_id)
    assert signed is not None
    shop.chain.send(payer, deposit_call(struct, signed.manifest, sign(key, struct.digest(shop.seat.domain))))


def test_a_stranger_who_pays_a_grain_for_a_sale_neither_pays_the_order_nor_stands_in_its_way(
    shop: EscrowShop,
) -> None:
    opened = shop.order(anchored(shop))
    call = shop.offer(opened)
    shop.chain.send(FRIEND, post_bond_call(PLATFORM, ETHER, 2 * PRICE))
    stranded(shop, opened, FRIEND, b"\x1d" * 32, amount=1)
    assert shop.round(shop.keeper(), 1) == []
    assert not is_paid(shop, opened)
    shop.chain.send(BUYER, call)
    assert shop.round(shop.keeper(), 1) == []
    assert is_paid(shop, opened)
    assert shop.deposit(opened).is_offered


def test_another_amount_than_was_offered_pays_for_no_order(shop: EscrowShop) -> None:
    opened = shop.order(anchored(shop))
    shop.offer(opened)
    stranded(shop, opened, BUYER, PLATFORM_KEY, amount=PRICE - 1)
    assert shop.round(shop.keeper(), 2) == []
    assert not is_paid(shop, opened)
    held = shop.deposit(opened)
    assert (held.is_offered, held.trouble, held.due) == (False, "deposit_not_offered", None)
    assert shop.ledger(opened).postings == ()


def test_what_the_platform_got_back_before_the_fault_showed_stays_owed(shop: EscrowShop) -> None:
    opened = faulty(shop)
    shop.chain.send(BUYER, confirm_call(shop.deposit(opened).deposit))
    shop.later(31 * MINUTE)
    assert "escrow_short" in shop.round(shop.keeper(), 2)
    assert shop.claim_of(opened).claim.state is State.UNPAID
    assert shop.deposit(opened).trouble == "escrow_short"
    assert shop.ledger(opened).total(PostingKind.REFUNDED) == money("0.00")


def test_a_claim_that_was_rejected_or_withdrawn_gives_the_platform_its_money(shop: EscrowShop) -> None:
    opened = faulty(shop)
    shop.freeze(opened)
    claim = shop.claim_of(opened).claim
    assert claim.state is State.PAYING
    shop.claims.paid(shop.principal(opened.order.platform), claim.claim_id, money("49.50"), b"\x99" * 32)
    shop.claims.confirm(opened.sold.token, claim.claim_id)
    assert shop.round(shop.keeper(), 3) == []
    held = shop.deposit(opened)
    assert (held.state, held.refund) == (DepositState.CLOSED, 0)
    assert shop.chain.client.credit(PLATFORM, bytes(20)) == PRICE


def test_a_keeper_of_another_contract_or_none_says_so_and_reads_nothing(shop: EscrowShop) -> None:
    chain = shop.chain.client.chain
    for address, code in (
        (b"\x0b" * 20, "escrow_missing"),
        (shop.chain.local.registry.address, "escrow_foreign"),
    ):
        assert list(shop.keeper(client=EscrowClient(chain, address)).beat()) == [code]
        with shop.database.read() as connection:
            assert escrow.read_up_to(connection, address) is None


def test_on_a_local_chain_the_escrow_is_put_where_everybody_expects_it(shop: EscrowShop) -> None:
    local = shop.chain.local
    expected = expected_address(local.deployer.address, 1)
    assert local.chain.code(expected) == b""
    client = EscrowClient(local.chain, expected)
    assert list(shop.keeper(client=client, deployer=local.deployer).beat()) == []
    assert client.registry() == local.registry.address
    assert list(shop.keeper("two", client=client, deployer=local.deployer).beat()) == []
    assert local.chain.mined_nonce(local.deployer.address) == 2


# Says 1 to every question: that it transferred, and that the escrow has as much as before.
TAKES_ALL = bytes.fromhex("60016000526020" + "6000f3")
# Calls whoever calls it: withdraw(address,address), and hands on what that was refused with.
CALLS_BACK = bytes.fromhex(
    "63f940e38560e01b600052" + "6000600060446000600033" + "5af1" + "3d600060003e3d6000fd"
)


def test_tokens_that_take_a_fee_or_call_back_bring_nothing_in_and_pay_for_nothing(shop: EscrowShop) -> None:
    batch = shop.registered()
    shop.anchor()
    tokens = {"token_takes_fee": (b"\xfe" * 20, TAKES_ALL), "reentrant_call": (b"\xfd" * 20, CALLS_BACK)}
    for place, (code, (token, content)) in enumerate(tokens.items()):
        shop.chain.local.chain.request("hardhat_setCode", hex_data(token), hex_data(content))
        assert shop.chain.refusal(FRIEND, post_bond_call(PLATFORM, token, 5)) == code
        opened = shop.order(batch, place)
        assert shop.chain.refusal(BUYER, shop.offer(opened, token=token)) == "bond_too_small"
        assert shop.round(shop.keeper(), 1) == []
        assert not is_paid(shop, opened)
        assert shop.chain.client.bond(PLATFORM, token) == 0


def test_a_second_keeper_stands_by_while_the_first_leads(shop: EscrowShop) -> None:
    assert list(shop.keeper("one", lease_ms=60_000).beat()) == []
    read_to = shop.chain.local.chain.newest_block().number
    shop.chain.local.mine(3)
    standing_by = shop.keeper("two", lease_ms=60_000)
    assert list(standing_by.beat()) == []
    with shop.database.read() as connection:
        known = escrow.read_up_to(connection, shop.chain.client.address)
    assert known is not None and known[0] == read_to


def test_a_node_that_is_behind_is_waited_for_and_a_wiped_chain_is_read_from_its_start(
    shop: EscrowShop,
) -> None:
    local, keeper = shop.chain.local, shop.keeper()
    before = local.snapshot()
    local.mine(20)
    assert list(keeper.beat()) == []
    local.revert(before)
    assert [list(keeper.beat()) for _ in range(PATIENCE)] == [["chain_behind"]] * (PATIENCE - 1) + [[]]
    with shop.database.read() as connection:
        known = escrow.read_up_to(connection, shop.chain.client.address)
    assert known is not None and known[0] == local.chain.newest_block().number


class Miserly(EscrowClient):
    """An escrow behind a node that tells of four blocks at most."""

    def __init__(self, chain: Chain, address: bytes) -> None:
        super().__init__(chain, address)
        self.asked: list[tuple[int, int]] = []

    def events(self, first_block: int, last_block: int) -> list[EscrowEvent]:
        self.asked.append((first_block, last_block))
        if last_block - first_block > 3:
            raise ChainRefused("query returned more than 10000 results", code="chain_refused")
        return super().events(first_block, last_block)


def test_blocks_that_somebody_filled_are_read_by_halves(shop: EscrowShop) -> None:
    opened = shop.bought(anchored(shop))
    client = Miserly(shop.chain.client.chain, shop.chain.client.address)
    assert shop.round(shop.keeper(client=client), 1) == []
    assert is_paid(shop, opened)
    assert len(client.asked) > 2


def test_a_debt_that_the_chain_pays_late_stays_on_record_and_is_owed_no_more(shop: EscrowShop) -> None:
    opened = faulty(shop, arbiter=STRANGER)
    shop.later(31 * MINUTE)
    shop.watch.beat()
    shop.later(3 * DAY + MINUTE)
    shop.watch.beat()
    claim = shop.claim_of(opened).claim
    assert claim.outcome is Outcome.DEBT
    keeper = shop.keeper()
    shop.round(keeper, 2)
    shop.later(HOUR)
    assert shop.round(keeper, 3) == []
    assert shop.deposit(opened).state == DepositState.CLOSED
    assert shop.claim_of(opened).claim.outcome is Outcome.DEBT
    with shop.database.read() as connection:
        paid = {one.kind: one.state for one in ledgers.of_claim(connection, claim.claim_id)}
    assert paid == {"refund": PaymentState.STOPPED, "bond": PaymentState.PAID}
    assert shop.withdrawn() == 2 * PRICE


def test_a_platform_that_gives_the_price_back_on_chain_has_paid_its_claim(shop: EscrowShop) -> None:
    opened = faulty(shop)
    (standing,) = EscrowDesk(shop.context, shop.seat).of_token(opened.sold.token)
    assert standing.freeze == file_claim_call(
        shop.deposit(opened).deposit, shop.claim_of(opened).claim.claim_id
    ).data  # fmt: skip
    chain = shop.chain.local.chain
    chain.request("hardhat_setBalance", hex_data(PLATFORM), hex(PRICE))
    platform = Wallet(chain, Signer(PLATFORM_KEY, chain_id=31337))
    platform.send(shop.chain.client.address, refund_call(shop.deposit(opened).deposit))
    assert shop.claim_of(opened).claim.state is State.PAYING
    assert shop.round(shop.keeper(), 2) == []
    claim = shop.claim_of(opened).claim
    assert (claim.state, claim.breaches) == (State.REMEDIED, ())
    assert shop.ledger(opened).total(PostingKind.REFUNDED) == money("49.50")
    (standing,) = EscrowDesk(shop.context, shop.seat).of_token(opened.sold.token)
    assert standing.freeze is None
    with shop.database.read() as connection:
        assert claim_store.tasks_of(connection, [claim.claim_id]) == []


def test_a_step_that_a_reorganisation_undid_is_sent_again_under_its_nonce(shop: EscrowShop) -> None:
    opened = faulty(shop, arbiter=STRANGER)
    shop.later(31 * MINUTE)
    shop.watch.beat()
    local, keeper, before = shop.chain.local, shop.keeper(), sent_by_keeper(shop)
    fork = local.snapshot()
    shop.round(keeper, 2)
    assert shop.deposit(opened).state == DepositState.PROVEN
    local.revert(fork)
    local.mine(4)
    assert shop.chain.state(shop.deposit(opened).deposit) is DepositState.DELIVERED
    assert shop.round(keeper, 3) == []
    assert shop.deposit(opened).state == DepositState.PROVEN
    assert sent_by_keeper(shop) == before + 1


def shown_by(shop: EscrowShop, opened: Opened) -> Bundle:
    """The proof file of the order's key as it is anchored now, read."""
    shop.anchor()
    handle = opened.sold.handle
    return read_bundle(ProvingService(shop.context).bundle(handle.batch_id, handle.index, want_anchored=True))


def test_a_fault_that_anybody_answered_lets_the_deposit_go_on_where_it_stood(shop: EscrowShop) -> None:
    opened, client = shop.bought(anchored(shop)), shop.chain.client
    keeper = shop.keeper()
    keeper.beat()
    deposit = shop.deposit(opened).deposit
    shop.used_before(opened)
    accused = escrow_bundle.accusation(client, deposit, shop.chain.deposit(deposit), shown_by(shop, opened))
    shop.chain.send(STRANGER, accused)
    keeper.beat()
    assert shop.deposit(opened).state == DepositState.PROVEN
    assert shop.deposit(opened).fault is not None

    shop.clock.pass_ms(SECOND)
    undo = CustodyAct(EntryType.REINSTATE, ISSUER, opened.order.party)
    shop.custody.act(opened.sold.handle, undo)
    answer = escrow_bundle.answer(client, deposit, shop.chain.deposit(deposit), shown_by(shop, opened))
    shop.chain.send(STRANGER, answer)
    keeper.beat()
    row = shop.deposit(opened)
    assert row.state == DepositState.FUNDED
    assert row.deadline == shop.chain.deposit(deposit).deadline
    with pytest.raises(Refused) as refused:
        escrow_bundle.accusation(client, deposit, shop.chain.deposit(deposit), shown_by(shop, opened))
    assert refused.value.code == "no_fault_in_bundle"
