"""A simulated month: what was done to each order and what the warranty made of it agree to the cent."""

from __future__ import annotations

import os

import pytest

from tests.warranty import month_truth as truth
from tests.warranty.month import Month
from tests.warranty.world import WarrantyTrade

ORDERS = int(os.environ.get("PROVENANCE_MONTH_ORDERS", "120"))
"""``make month`` has ten thousand."""


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_month_of_orders_with_every_fault_ends_as_the_terms_say(trade: WarrantyTrade) -> None:
    month = Month(trade, ORDERS)
    month.run()
    assert month.crashes > 0
    truth.check_each_order(month)
    truth.check_the_reserve(month)
    truth.check_the_money(month)
    truth.check_every_deadline(month)
    truth.check_the_report(month)
