"""A shop with a reported month: a late order that was reissued, a good one that was reviewed."""

from __future__ import annotations

from typing import Any

from provenance.core.reportfile import month_of
from provenance.services.warranty.reports import ReportService
from tests.api.desk import HOUR, Desk
from tests.api.world import START_MS, World

MONTH = month_of(START_MS)
LATE = 301_000


def lived_in(world: World) -> Desk:
    """A late order that was reissued, a good one that was reviewed, and the month at its end."""
    desk = Desk(world)
    desk.stock(5)
    late, good = desk.bought(0), desk.bought(1)
    desk.deliver(good)
    desk.tick(LATE)
    assert review(world, good, 4).status_code == 201
    assert late["order"] != good["order"]
    desk.tick()
    return desk


def review(world: World, sold: dict[str, Any], stars: Any) -> Any:
    body = {"order_token": sold["order_token"], "order": sold["order"], "stars": stars}
    return world.post(None, "/orders/review", body)


def report(desk: Desk, after: int = HOUR) -> list[str]:
    """The month is over; what was made, by hash."""
    world = desk.world
    desk.tick(max(0, MONTH[1] + after - world.clock.time))
    assert list(ReportService(world.context).beat()) == []
    world.sequence()
    listed = world.get(None, f"/platforms/{world.shop.hex}/reports").json["reports"]
    return [one["hash"] for one in listed]
