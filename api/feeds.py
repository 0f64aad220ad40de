"""The feeds of news that views stream from: what each reads, once a beat for all who watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import orjson

from api import warranty_answers
from api.front.live import Feed, News, Place
from provenance.bootstrap import Services
from provenance.errors import NotFound

FEEDS: Final = "provenance-feeds"
"""Where an app keeps its feeds, by name."""
CHECKPOINTS: Final = "checkpoints"
ORDERS: Final = "orders"
_ORDERS_SECONDS: Final = 0.4
"""What is done to an order is on its stream within a second; a beat reads each watched order once."""
_ORDERS_WATCHED: Final = 64


def made(services: Services) -> dict[str, Feed]:
    """Every feed over *services*."""
    return {
        CHECKPOINTS: Feed(_checkpoints(services)),
        ORDERS: Feed(_orders(services), beat=_ORDERS_SECONDS, most=_ORDERS_WATCHED),
    }


def _orders(services: Services) -> Callable[[Sequence[Place]], Mapping[Place, Sequence[News]]]:
    """An order whenever it has changed, to all who saw it otherwise; a topic is its id, a place a mark."""

    def read(places: Sequence[Place]) -> Mapping[Place, Sequence[News]]:
        told: dict[Place, Sequence[News]] = {}
        for place in places:
            found = services.warranty.watching.news(bytes.fromhex(place[0]), place[1])
            if found is not None:
                data = orjson.dumps(warranty_answers.progress(found), option=orjson.OPT_SORT_KEYS).decode()
                told[place] = (News(found.mark, "order", data),)
        return told

    return read


def _checkpoints(services: Services) -> Callable[[Sequence[Place]], Mapping[Place, Sequence[News]]]:
    """The newest signed checkpoint, to everybody who has an older one or none; a place is a size."""

    def read(places: Sequence[Place]) -> Mapping[Place, Sequence[News]]:
        try:
            note = services.log.checkpoint().decode()
        except NotFound:
            return {}
        size = note.splitlines()[1]
        newest = (News(size, "checkpoint", orjson.dumps({"size": int(size), "note": note}).decode()),)
        return {place: newest for place in places if not place[1].isdigit() or int(place[1]) < int(size)}

    return read
