"""The operator's check of the warranty: its orders, terms and claims are those that the log tells of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from provenance.core.terms import Cause
from provenance.services.fsck import Fsck
from tests.services.custody_world import SHOP, key_of
from tests.warranty.world import MINUTE, WarrantyTrade, warranty_trade


@pytest.fixture
def trade(sqlite_url: str, tmp_path: Path) -> Iterator[WarrantyTrade]:
    made = warranty_trade(sqlite_url, tmp_path)
    made.batch(4, holder=SHOP)
    terms = made.publish()
    opened = made.buy(key_of(0), terms)
    made.buy(key_of(1), terms)
    made.deliver(opened)
    made.tick(MINUTE)
    made.claims.file(opened.sold.token, opened.order.id, (Cause.INVALID_KEY,), ())
    made.tick(MINUTE)
    yield made
    made.database.dispose()


def rules(trade: WarrantyTrade) -> set[str]:
    return {one.rule for one in Fsck(trade.context).run().found}


def test_a_warranty_that_nobody_touched_has_nothing_wrong(trade: WarrantyTrade) -> None:
    assert rules(trade) == {"batch_missing"}, "this world signs no manifest"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("UPDATE warranty_order SET sell = zeroblob(16) WHERE idx = 1", "warranty_order_wrong"),
        ("UPDATE warranty_order SET seller = zeroblob(20) WHERE idx = 1", "warranty_order_wrong"),
        ("UPDATE warranty_order SET party = zeroblob(20) WHERE idx = 1", "warranty_order_wrong"),
        ("UPDATE warranty_order SET idx = 3 WHERE idx = 1", "warranty_order_wrong"),
        ("DELETE FROM warranty_order WHERE idx = 1", "warranty_order_missing"),
        ("UPDATE published_terms SET document = document || ' '", "terms_wrong"),
        ("UPDATE published_terms SET platform = zeroblob(20)", "terms_wrong"),
        ("UPDATE published_terms SET event = zeroblob(16)", "terms_wrong"),
        ("UPDATE claim SET id = zeroblob(32)", "claim_wrong"),
        ("DELETE FROM claim", "claim_missing"),
    ],
)
def test_what_was_changed_or_deleted_beside_the_log_is_found(
    trade: WarrantyTrade, statement: str, rule: str
) -> None:
    file = trade.database.url.database
    assert file is not None
    with closing(sqlite3.connect(file)) as database:  # whoever edits a database asks no foreign key
        assert database.execute(statement).rowcount >= 1
        database.commit()
    assert rule in rules(trade)
