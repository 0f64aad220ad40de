"""What a simulated month must have come to, reckoned from the plan and the terms alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from provenance.audit.recordsource import RecordSource
from provenance.core import money
from provenance.core.claims import Account, Claim, Outcome, PostingKind
from provenance.core.entries import EntryType
from provenance.core.terms import Cause
from provenance.services.opening import recorded_from
from provenance.services.warranty import keeping, timeline
from provenance.services.warranty import money as money_service
from provenance.store import claims as claim_store
from provenance.store import warranty_orders
from tests.audit.record_world import ClientFetcher, Published, audited, client_over, published
from tests.services.custody_world import SHOP
from tests.warranty.month import Fault, Month, Planned
from tests.warranty.world import DAY, MINUTE, SECOND

CAUSES: dict[Fault, Cause] = {
    Fault.LATE: Cause.LATE_DELIVERY,
    Fault.NEVER: Cause.LATE_DELIVERY,
    Fault.USED_BEFORE: Cause.USED_BEFORE_DELIVERY,
    Fault.USED_AFTER: Cause.DUPLICATE_REDEMPTION,
    Fault.RECALLED: Cause.RECALLED,
    Fault.VOIDED: Cause.VOID_AFTER_SALE,
    Fault.INVALID: Cause.INVALID_KEY,
    Fault.FROZEN: Cause.FROZEN,
    Fault.CARRIER_LATE: Cause.CARRIER_DELAY,
    Fault.GROUNDLESS: Cause.INVALID_KEY,
    Fault.BUYER_USED: Cause.USED_BEFORE_DELIVERY,
}
"""Which claim each fault must have led to; the others to none."""
BUYERS_OWN = frozenset({Fault.GROUNDLESS, Fault.BUYER_USED})


@dataclass(frozen=True)
class Found:
    """What the service came to for one order."""

    planned: Planned
    claims: tuple[Claim, ...]


def found(month: Month) -> list[Found]:
    """Every order of the month with its claims."""
    with month.trade.database.read() as connection:
        told = []
        for one in month.plan:
            assert one.opened is not None
            order = warranty_orders.by_id(connection, one.opened.order.id)
            assert order is not None
            rows = claim_store.of_order(connection, order.id)
            told.append(Found(one, tuple(keeping.load(connection, row, order) for row in rows)))
        return told


def expected_claims(month: Month) -> Counter[str]:
    """How many claims of each cause the plan must lead to."""
    return Counter(CAUSES[one.fault].value for one in month.plan if one.fault in CAUSES)


def check_each_order(month: Month) -> None:
    """Every fault was claimed once by its cause, nothing else was, and each claim ended as the terms say."""
    for one in found(month):
        cause = CAUSES.get(one.planned.fault)
        causes = [claim.causes[0] for claim in one.claims]
        assert causes == ([] if cause is None else [cause]), (one.planned.fault, causes)
        for claim in one.claims:
            assert claim.outcome is not None, (one.planned.fault, claim.state)
            is_buyers = one.planned.fault in BUYERS_OWN
            assert (claim.outcome is Outcome.REJECTED) == is_buyers, (one.planned.fault, claim.outcome)
            if claim.outcome is Outcome.DEBT:
                assert not one.planned.pays
            if claim.given is not None and not claim.deciders and not claim.breaches:
                # What no person had to look at is made good inside the half hour.
                assert claim.given.at - claim.opened_at < 30 * MINUTE, (one.planned.fault, claim.state)


def check_the_reserve(month: Month) -> None:
    """The reserve was given out to its last key, each to one order, and only then was money paid."""
    outcomes = Counter(claim.outcome for one in found(month) for claim in one.claims)
    wanting = sum(one.fault in CAUSES and one.fault not in BUYERS_OWN for one in month.plan)
    carriers = sum(one.fault is Fault.CARRIER_LATE for one in month.plan)
    assert outcomes[Outcome.REISSUED] == min(month.stock, wanting - carriers)
    with month.trade.database.read() as connection:
        keys = {
            (later.batch, later.idx)
            for one in month.plan
            if one.opened and (later := warranty_orders.replacement_of(connection, one.opened.order.id))
        }
    assert len(keys) == outcomes[Outcome.REISSUED]


def check_the_money(month: Month) -> None:
    """Every ledger balances to the cent and says what the terms promise; nobody was remedied twice."""
    with month.trade.database.read() as connection:
        for one in found(month):
            assert one.planned.opened is not None
            price = money.parse(one.planned.price, "CNY")
            ledger = money_service.load_ledger(connection, one.planned.opened.order.id, price)
            assert sum(ledger.balance(account) for account in Account) == 0
            given = [claim.given for claim in one.claims if claim.given is not None]
            assert len(given) <= 1
            promised = sum(each.paid.minor + each.voucher.minor + each.goods.minor for each in given)
            assert ledger.remedied.minor == promised
            if one.planned.fault is Fault.CARRIER_LATE and given:
                assert given[0].paid == price.percent(200)


def check_every_deadline(month: Month) -> None:
    """The steps of every claim follow on each other: no default was missed, and none happened twice."""
    trade = month.trade
    with trade.database.read() as connection:
        for one in found(month):
            for claim in one.claims:
                steps = timeline.steps_of(connection, claim.claim_id)
                state = "opened"
                for stored in steps[1:]:
                    details = recorded_from(trade.context, stored).details or {}
                    if stored.entry.type is EntryType.CLAIM:
                        assert details["from"] == state, (json.dumps(details), state)
                    state = details["to"]
                assert state == "closed"


def check_the_report(month: Month) -> None:
    """The figures that the service publishes are those of the plan and of the ledgers, and anybody's."""
    trade = month.trade
    start = min(one.at for one in month.plan) + min_time(month)
    now = Published(trade.figures.over(SHOP, start, start + 100 * DAY), {}, is_anchored=False)
    check_figures(month, now.report.figures)
    trade.clock.pass_ms(60 * DAY)
    assert list(trade.reports.beat()) == []
    trade.log.sequence()
    client = client_over(trade.context, trade.folder)
    opened = RecordSource(ClientFetcher(client, "/v1/")).openings(now.report)
    months = published(client, SHOP)
    log, verdicts = audited(client, [replace(now, openings=opened), *months], SHOP)
    assert log.is_clean, log.findings
    assert [one.to_json() for one in verdicts if not one.is_proven] == []
    counted = sum(one.report.figures["claims"]["opened"] for one in months)
    assert counted == now.report.figures["claims"]["opened"] > 0


def check_figures(month: Month, figures: Mapping[str, Any]) -> None:
    """*figures* over all of the month are those of the plan and of the ledgers."""
    assert figures["claims"]["by_cause"] == dict(sorted(expected_claims(month).items()))
    own = sum(CAUSES.get(one.fault) is not None and one.fault in BUYERS_OWN for one in month.plan)
    assert figures["claims"]["by_outcome"].get("rejected", 0) == own
    assert figures["sales"]["all"] == figures["sales"]["under_terms"] == month.count
    assert figures["sales"]["replacements"] == figures["claims"]["by_outcome"].get("reissued", 0)
    assert figures["given"]["CNY"] == {name: str(amount) for name, amount in given(month).items()}


def min_time(month: Month) -> int:
    """The first ms of the month: every order's time counts from there."""
    first = min(month.plan, key=lambda one: one.at)
    assert first.opened is not None
    return first.opened.order.created_at - first.at - SECOND


def given(month: Month) -> dict[str, money.Money]:
    """What buyers got, by the ledgers."""
    sums = {name: money.zero("CNY") for name in ("paid", "voucher", "goods")}
    kinds = {
        "paid": (PostingKind.REFUNDED, PostingKind.COMPENSATION),
        "voucher": (PostingKind.VOUCHER,),
        "goods": (PostingKind.REISSUED,),
    }
    with month.trade.database.read() as connection:
        for one in month.plan:
            assert one.opened is not None
            price = money.parse(one.price, "CNY")
            ledger = money_service.load_ledger(connection, one.opened.order.id, price)
            for name, some in kinds.items():
                sums[name] += ledger.total(*some)
    return sums
