"""The risk score warns with reasons that add up, and refuses nobody."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import risk as month
from provenance.core.claims import IssuerAnswer
from provenance.services import alerts
from provenance.services.issuer_reports import IssuerReportService, Said
from provenance.services.warranty import riskscore
from provenance.services.warranty.risk import KIND, RiskService, known
from provenance.services.warranty.riskscore import FEATURES, Level, RiskFacts
from provenance.store import parties
from tests.services.custody_world import ISSUER, SHOP, SUPPLIER, key_of
from tests.warranty.world import HOUR, MINUTE, SECOND, WarrantyTrade, digest

WORSE = {
    "supplier_faults": 40, "platform_faults": 40, "burst": 90, "scans": 3, "is_suspect": True,
    "sold_before": True, "hours_left": 2.0, "contradicted": True, "rejected": 3,
}  # fmt: skip
COUNTS = st.integers(0, 100_000)
FACTS = st.builds(
    RiskFacts, supplier_orders=COUNTS, supplier_faults=COUNTS, platform_orders=COUNTS, platform_faults=COUNTS,
    burst=COUNTS, per_minute=st.floats(0, 1_000), scans=COUNTS, is_suspect=st.booleans(),
    sold_before=st.booleans(), hours_left=st.none() | st.floats(-1_000, 100_000), contradicted=st.booleans(),
    rejected=COUNTS,
)  # fmt: skip


@given(FACTS)
def test_the_reasons_of_a_score_add_up_to_it(facts: RiskFacts) -> None:
    found = riskscore.score(facts)
    odds = riskscore.weights().rest + sum(reason.contribution for reason in found.reasons)
    assert found.points == round(100 / (1 + math.exp(-odds)))
    assert {reason.code for reason in found.reasons} <= set(FEATURES)


@given(FACTS)
@pytest.mark.parametrize("name", list(WORSE))
def test_what_is_worse_never_lowers_a_score(name: str, facts: RiskFacts) -> None:
    now = getattr(facts, name)
    worse = min(now, WORSE[name]) if name == "hours_left" and now is not None else WORSE[name]
    if name not in ("hours_left", "is_suspect", "sold_before", "contradicted"):
        worse = now + WORSE[name]
    assert riskscore.score(replace(facts, **{name: worse})).points >= riskscore.score(facts).points


def test_the_weights_in_force_are_those_that_the_fit_finds() -> None:
    fitted = month.fit(month.month(month.ORDERS)[: month.ORDERS // 2])
    assert fitted.of == pytest.approx(dict(riskscore.weights().of), abs=0.01)
    assert (fitted.raised_from, fitted.high_from) == (
        riskscore.weights().raised_from,
        riskscore.weights().high_from,
    )


def test_warnings_find_bad_orders_far_better_than_chance() -> None:
    orders = month.month(4_000, seed=7)
    base = sum(one.is_bad for one in orders) / len(orders)
    precision, recall, called = month.told(orders, frozenset({Level.RAISED, Level.HIGH}))
    assert precision > 3 * base
    assert recall > 3 * called / len(orders)


def test_an_order_at_high_risk_is_sold_and_its_platform_told_why(trade: WarrantyTrade) -> None:
    trade.batch(4, holder=SHOP)
    terms = trade.publish()
    with trade.database.write() as connection:
        seen = {"batch": (1000).to_bytes(32).hex(), "count": 60}
        for _ in range(4):
            alerts.tell(trade.context, connection, SUPPLIER, "neighbour_scan", trade.clock.now(), dict(seen))
    opened = trade.buy(key_of(0), terms)
    trade.deliver(opened)
    trade.tick(SECOND)
    trade.tick(SECOND)
    with trade.database.read() as connection:
        told = [one for one in parties.alerts_of(connection, SHOP, (0, b""), 100) if one.kind == KIND]
    assert len(told) == 1
    assert "neighbour_scan" in told[0].facts
    assert trade.claims_on(opened) == 0
    score = RiskService(trade.context).of_order(trade.principal(SHOP), opened.order.id)
    assert score.level is Level.HIGH


def test_the_facts_of_a_score_are_counted_from_the_registry(trade: WarrantyTrade) -> None:
    trade.batch(8, holder=SHOP, expires_at=(trade.clock.now() + 10 * HOUR) // 1000)
    terms = trade.publish()
    late = trade.buy(key_of(0), terms)
    trade.tick(301 * SECOND)
    trade.claims.paid(
        trade.principal(SHOP), trade.claim_of(late).claim.claim_id, trade.claim_of(late).claim.owed, digest()
    )
    trade.clock.pass_ms(HOUR)
    trade.buy(key_of(1), terms)
    trade.clock.pass_ms(SECOND)
    opened = trade.buy(key_of(2), terms)
    reports = IssuerReportService(trade.context)
    for answer in (IssuerAnswer.VOIDED, IssuerAnswer.GOOD):
        trade.clock.pass_ms(1)
        reports.take(ISSUER, [Said(opened.sold.handle, answer, trade.clock.now(), digest())])
    with trade.database.read() as connection:
        found = known(connection, opened.order, trade.clock.now())
    assert (found.platform_orders, found.platform_faults) == (2, 1)
    assert (found.supplier_orders, found.supplier_faults) == (2, 0)
    assert found.burst == 1
    assert found.contradicted
    assert found.hours_left is not None
    assert found.hours_left < 9
    assert found.per_minute == pytest.approx(2 * MINUTE / (30 * 24 * HOUR))
