"""The promise of the tier: the platform's key is gone, and the log pays the buyer.

A real log (database, sequencer, state tree, anchoring service) on a real node; nobody but strangers
and the buyer sends anything to the escrow after the payment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provenance.chain.escrow import DepositState
from provenance.chain.escrow_calls import (
    Evidence,
    answer_call,
    confirm_call,
    deliver_call,
    file_claim_call,
    prove_sold_twice_call,
    prove_used_call,
    time_out_call,
    withdraw_call,
)
from provenance.chain.escrow_order import ETHER
from provenance.core.commitments import order_use, use_party
from provenance.core.entries import Entry, EntryType
from provenance.services.anchoring import AnchoringService
from provenance.services.logreader import LogReader
from provenance.store.database import Database
from tests.chain.conftest import LocalChain
from tests.chain.escrow_world import (
    BOND,
    BUYER,
    DAY,
    EXTRA,
    PRICE,
    STRANGER,
    EscrowWorld,
    deploy_escrow,
    evidence,
    lost_key,
)
from tests.services.ledger_world import MadeBatch, WallClock, World, act, add_batch

SELLER, OTHER_SELLER, ISSUER = (bytes([n]) * 20 for n in (0x5E, 0x5F, 0x15))
INDEX = 3


@dataclass
class Shop:
    """A log with one batch, an escrow, and one order for key 3 of it, paid; its signer's key is lost."""

    world: World
    anchoring: AnchoringService
    escrow: EscrowWorld
    batch: MadeBatch
    use: bytes

    def enter(self, kind: EntryType, actor: bytes, party: bytes, reason: int = 0) -> bytes:
        """One entry on the key, through the ledger; its 124 bytes."""
        self.world.clock.pass_ms(1)
        made = Entry(kind, self.world.clock.now(), self.batch.batch_id, actor, INDEX, 1, party, reason)
        return self.world.enter(made).entry.encode()

    def anchor(self) -> list[bytes]:
        """Sequences and anchors whatever is new; all entries of the log."""
        self.anchoring.want_checkpoint()
        self.world.sequencer(lease_ms=0).sequence()
        for _ in range(5):
            report = self.anchoring.beat()
            assert report.problems == []
        reader = LogReader(self.world.context)
        size = reader.size()
        assert self.escrow.local.registry.latest() == size
        return [reader.entry(index) for index in range(size)]

    def shown(self, *entries: bytes) -> list[Evidence]:
        """Each entry with its path in the log as it is anchored now."""
        log = self.anchor()
        return [evidence(log, log.index(entry)) for entry in entries]

    def pay(self) -> bytes:
        key, platform = lost_key()
        order = self.escrow.order(self.batch.manifest, platform, self.use, seller=SELLER, issuer=ISSUER)
        deposit = self.escrow.pay(order, self.batch.manifest, key)
        del key
        return deposit

    def deliver(self, deposit: bytes) -> None:
        (delivery,) = self.shown(self.enter(EntryType.DELIVER, SELLER, self.use))
        self.escrow.send(STRANGER, deliver_call(deposit, delivery))

    def buyer_gets(self, expected: int, deposit: bytes) -> None:
        """All that is owed to the buyer is *expected*, it is really paid, and the books still balance."""
        chain, escrow = self.escrow.local.chain, self.escrow
        assert escrow.state(deposit) is DepositState.CLOSED
        purse = b"\xb0" * 20
        escrow.send(BUYER, withdraw_call(ETHER, purse))
        assert chain.balance(purse) == expected
        platform = escrow.deposit(deposit).platform
        assert escrow.is_solvent([deposit], [BUYER, platform])


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path, local: LocalChain) -> Iterator[Shop]:
    database = Database(sqlite_url)
    world = World(database, tmp_path, WallClock())
    batch = add_batch(world)
    act(world, batch, EntryType.COMMISSION, batch.manifest.supplier, count=batch.manifest.size)
    token = b"\x70" * 32
    use = use_party(order_use(token, batch.batch_id, INDEX))
    anchoring = AnchoringService(
        world.context, local.registry, local.anchorer, "one", depth=1, deployer=local.deployer
    )
    made = Shop(world, anchoring, deploy_escrow(local), batch, use)
    made.anchor()
    yield made
    database.dispose()


def test_a_key_that_was_used_before_pays_the_buyer_twice_over(shop: Shop) -> None:
    shop.enter(EntryType.SELL, SELLER, shop.use)
    deposit = shop.pay()
    shop.deliver(deposit)
    (used,) = shop.shown(shop.enter(EntryType.REDEEM, ISSUER, shop.use, reason=1))
    shop.escrow.send(STRANGER, prove_used_call(deposit, used))
    assert shop.escrow.client.fault(deposit).index == used.index
    assert shop.escrow.refusal(STRANGER, time_out_call(deposit)) == "escrow_deadline_ahead"
    shop.escrow.pass_time(3 * DAY)
    shop.escrow.send(STRANGER, time_out_call(deposit))
    shop.buyer_gets(PRICE + EXTRA, deposit)


def test_a_key_sold_twice_pays_the_buyer(shop: Shop) -> None:
    first = shop.enter(EntryType.SELL, OTHER_SELLER, b"\x0f" * 20)
    second = shop.enter(EntryType.SELL, SELLER, shop.use)
    deposit = shop.pay()
    earlier, later = shop.shown(first, second)
    shop.escrow.send(STRANGER, prove_sold_twice_call(deposit, earlier, later))
    shop.escrow.pass_time(3 * DAY)
    shop.escrow.send(STRANGER, time_out_call(deposit))
    shop.buyer_gets(PRICE + EXTRA, deposit)


def test_a_sale_that_had_been_taken_back_is_answered_by_anyone(shop: Shop) -> None:
    first = shop.enter(EntryType.SELL, OTHER_SELLER, b"\x0f" * 20)
    undone = shop.enter(EntryType.REINSTATE, OTHER_SELLER, b"\x0f" * 20)
    second = shop.enter(EntryType.SELL, SELLER, shop.use)
    deposit = shop.pay()
    earlier, later, reinstatement = shop.shown(first, second, undone)
    shop.escrow.send(BUYER, prove_sold_twice_call(deposit, earlier, later))
    shop.escrow.send(STRANGER, answer_call(deposit, reinstatement))
    assert shop.escrow.state(deposit) is DepositState.FUNDED
    assert shop.escrow.client.is_answered(deposit, earlier.index)
    again = prove_sold_twice_call(deposit, earlier, later)
    assert shop.escrow.refusal(BUYER, again) == "fault_already_answered"


def test_what_is_never_delivered_is_paid_back(shop: Shop) -> None:
    shop.enter(EntryType.SELL, SELLER, shop.use)
    deposit = shop.pay()
    shop.escrow.pass_time(DAY)
    shop.escrow.send(STRANGER, time_out_call(deposit))
    shop.buyer_gets(PRICE, deposit)
    assert shop.escrow.client.bond(shop.escrow.deposit(deposit).platform, ETHER) == BOND


def test_an_arbiter_who_is_gone_too_does_not_keep_the_money(shop: Shop) -> None:
    shop.enter(EntryType.SELL, SELLER, shop.use)
    deposit = shop.pay()
    shop.deliver(deposit)
    shop.escrow.send(BUYER, file_claim_call(deposit, b"\xc1" * 32))
    shop.escrow.pass_time(7 * DAY)
    shop.escrow.send(STRANGER, time_out_call(deposit))
    shop.buyer_gets(PRICE, deposit)


def test_an_entry_of_the_log_on_another_key_or_use_moves_nothing(shop: Shop) -> None:
    deposit = shop.pay()
    foreign = shop.enter(EntryType.DELIVER, SELLER, b"\x0f" * 20)
    ordinary = shop.enter(EntryType.REDEEM, ISSUER, shop.use)
    other, redeemed = shop.shown(foreign, ordinary)
    assert shop.escrow.refusal(STRANGER, deliver_call(deposit, other)) == "entry_of_another_use"
    assert shop.escrow.refusal(STRANGER, prove_used_call(deposit, redeemed)) == "wrong_entry_reason"
    assert shop.escrow.refusal(STRANGER, confirm_call(deposit)) == "not_buyer"
    assert shop.escrow.state(deposit) is DepositState.FUNDED
