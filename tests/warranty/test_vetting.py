"""A key of the reserve is asked about before it replaces another; an issuer that is silent delays nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.core.claims import IssuerAnswer, Liability
from provenance.core.terms import State
from provenance.issuer import Timing, load
from provenance.services.lawbook import Handle
from provenance.services.warranty import vetting
from provenance.services.warranty.claims import ClaimService
from provenance.services.warranty.issuers import Issuers
from provenance.services.warranty.orders import Opened
from provenance.services.warranty.watch import Watch
from provenance.store import issuer_reports, parties
from tests.issuer.reference import ReferenceIssuer, hangs, running, settings
from tests.services.custody_world import ISSUER, OPERATOR, SHOP, key_of
from tests.warranty.test_claims import delivered, filed
from tests.warranty.world import ANNA, DAY, MINUTE, SECOND, WarrantyTrade


class Asked:
    """A trade whose reserve is asked about at a real issuer over HTTP; keys 8 and on lie there."""

    def __init__(self, trade: WarrantyTrade, folder: Path, stack: ExitStack, kept: int = 3) -> None:
        self.trade = trade
        self.issuer = ReferenceIssuer()
        self._running = stack.enter_context(ExitStack())
        self._running.enter_context(running(self.issuer))
        quick = {"timeout_ms": "timeout_ms = 100"}
        adapter = load(settings(self.issuer, folder, **quick), timing=Timing(now=trade.clock.now))
        trade.context = replace(trade.context, askable=adapter.formats)
        trade.claims = ClaimService(trade.context)
        trade.watch = Watch(trade.context, Issuers([adapter]))
        trade.batch(24, holder=SHOP)
        self.terms = trade.publish()
        for number in range(8, 8 + kept):
            trade.stock(number, 1)
            trade.clock.pass_ms(1)  # the one that lies longest goes first

    def says(self, number: int, answer: IssuerAnswer) -> None:
        self.issuer.cards[key_of(number).serial] = (answer.value, None)

    def falls_silent(self) -> None:
        self._running.close()

    @property
    def questions(self) -> int:
        return len(self.issuer.asked)

    def free(self) -> int:
        return sum(one.free for one in self.trade.reserves.counts(SHOP))


@pytest.fixture
def asked(trade: WarrantyTrade, tmp_path: Path) -> Iterator[Asked]:
    with ExitStack() as stack:
        yield Asked(trade, tmp_path, stack)


def test_a_key_that_the_issuer_calls_good_replaces_the_other_in_the_same_beat(asked: Asked) -> None:
    asked.says(8, IssuerAnswer.GOOD)
    trade, opened = asked.trade, asked.trade.buy(key_of(0), asked.terms)
    assert trade.tick(301 * SECOND) == []
    assert trade.claim_of(opened).claim.state is State.REMEDIED
    replacement = trade.replacement(opened)
    assert (replacement.idx, asked.questions, asked.free()) == (8, 1, 2)
    place = (replacement.batch, replacement.idx)
    with trade.database.read() as connection:
        (kept,) = issuer_reports.of_places(connection, [place])[place]
    assert (kept.answer, kept.asked) == (IssuerAnswer.GOOD, True)
    assert trade.tick(MINUTE) == []
    assert asked.questions == 1


def test_keys_that_the_issuer_calls_bad_leave_the_reserve_and_their_owner_is_told(asked: Asked) -> None:
    asked.says(8, IssuerAnswer.ALREADY_USED)
    asked.says(9, IssuerAnswer.FROZEN)
    asked.says(10, IssuerAnswer.GOOD)
    trade, opened = asked.trade, asked.trade.buy(key_of(0), asked.terms)
    assert trade.tick(301 * SECOND) == []
    assert trade.replacement(opened).idx == 10
    assert asked.free() == 0
    with trade.database.read() as connection:
        told = [one for one in parties.alerts_of(connection, SHOP, (0, b""), 100) if one.kind == vetting.KIND]
    assert len(told) == 2
    handle = Handle(opened.sold.handle.batch_id, 8)
    assert trade.state_of(handle).name == "REGISTERED", "the issuer's word moves nothing in the log"


def test_with_nothing_but_bad_keys_the_price_is_owed_and_no_bad_key_is_delivered(asked: Asked) -> None:
    for number in (8, 9, 10):
        asked.says(number, IssuerAnswer.DOES_NOT_EXIST)
    trade, opened = asked.trade, asked.trade.buy(key_of(0), asked.terms)
    assert trade.tick(301 * SECOND) == []
    assert trade.claim_of(opened).claim.state is State.PAYING
    with pytest.raises(AssertionError):
        trade.replacement(opened)


def test_an_issuer_that_is_down_is_tried_once_a_minute_and_every_order_has_its_key(asked: Asked) -> None:
    asked.falls_silent()
    trade = asked.trade
    orders = [trade.buy(key_of(number), asked.terms) for number in range(3)]
    assert trade.tick(301 * SECOND) == []
    assert {trade.claim_of(one).claim.state for one in orders} == {State.REMEDIED}
    assert trade.watch._vetting._rests_until[ISSUER] > trade.clock.now()


def test_a_silent_issuer_costs_the_first_of_many_orders_a_few_seconds_and_the_others_none(
    asked: Asked,
) -> None:
    asked.issuer.moods = [hangs] * 8
    trade = asked.trade
    orders = [trade.buy(key_of(number), asked.terms) for number in range(3)]
    assert trade.tick(301 * SECOND) == []
    assert {trade.claim_of(one).claim.state for one in orders} == {State.REMEDIED}
    assert asked.questions <= 3, "the tries of one question"


def granted(asked: Asked) -> Opened:
    """An order whose claim a reviewer has granted."""
    trade = asked.trade
    opened = delivered(trade, asked.terms)
    claim = filed(trade, opened).claim
    trade.tick(DAY + MINUTE)
    trade.claims.appeal(opened.sold.token, claim.claim_id)
    done = trade.claims.approve(ANNA, OPERATOR, claim.claim_id, Liability.SUPPLIER).claim
    assert (done.state, asked.questions) == (State.REISSUING, 0), "no request waits for an issuer"
    return opened


def test_a_reviewers_word_waits_for_no_issuer_and_the_watch_delivers(asked: Asked) -> None:
    asked.says(8, IssuerAnswer.GOOD)
    trade, opened = asked.trade, granted(asked)
    assert trade.tick(SECOND) == []
    assert trade.claim_of(opened).claim.state is State.REMEDIED
    assert asked.questions == 1


def test_a_replacement_that_nobody_came_to_ask_about_becomes_a_refund_at_its_deadline(asked: Asked) -> None:
    trade, opened = asked.trade, granted(asked)
    due = trade.claim_of(opened).row.due
    assert due is not None
    assert trade.tick(due - trade.clock.now() + 1) == []
    assert trade.claim_of(opened).claim.state is State.PAYING
    assert (asked.questions, asked.free()) == (0, 3)


def test_shortly_before_the_deadline_a_key_goes_out_unasked(asked: Asked) -> None:
    trade, opened = asked.trade, granted(asked)
    due = trade.claim_of(opened).row.due
    assert due is not None
    assert trade.tick(due - trade.clock.now() - vetting.PATIENCE_MS) == []
    assert trade.claim_of(opened).claim.state is State.REMEDIED
    assert asked.questions == 0
