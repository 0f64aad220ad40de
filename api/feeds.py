"""The feeds of news that views stream from: what each reads, once a beat for all who watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import orjson

from api.front.live import Feed, News, Place
from provenance.bootstrap import Services
from provenance.errors import NotFound

FEEDS: Final = "provenance-feeds"
"""Where an app keeps its feeds, by name."""
CHECKPOINTS: Final = "checkpoints"


def made(services: Services) -> dict[str, Feed]:
    """Every feed over *services*."""
    return {CHECKPOINTS: Feed(_checkpoints(services))}


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
