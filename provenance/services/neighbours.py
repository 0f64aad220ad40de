"""The neighbour-scan alarm: who tries many keys beside one another is looking for one, whatever he asks from.

Budgets bar an address or an account; whoever has many of those is seen only where he looks. A
neighbourhood is what the keys around one share: all of the serial (of the secret, in formats
without a serial) but its last few symbols. It is counted by a keyed fingerprint, for all callers
together. The alarm only tells: it bars nobody, so that a scan locks no buyer out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from provenance.core.commitments import Tagger
from provenance.core.entries import PartyReason
from provenance.core.keyformats import CardKey, format_by_id
from provenance.errors import KeyMalformed, LimitReached
from provenance.services import alerts
from provenance.services.budgets import Allowance, BudgetService
from provenance.services.context import Context
from provenance.store import neighbours, parties
from provenance.store.database import Connection
from provenance.store.neighbours import Neighbour

KIND: Final = "neighbour_scan"
EXAMPLES: Final = 100
"""Keys named in one alert; the count says how many there are."""
MISSES: Final = Allowance("neighbour-miss", 50)
"""Misses in one neighbourhood, an hour, before it is called a scan."""
_TOLD: Final = Allowance("neighbour-told", 1)
_WIDTH: Final = 1_500
"""Neighbours at the most: three digits, or two letters or digits."""
_PLACES: Final = 16
"""Neighbourhoods counted of one request, the most probed first."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The keys of one format whose *stem* is the same; ``tails`` are the symbols it lacks."""

    format_id: str
    by_serial: bool
    stem: str
    alphabet: str
    tails: int

    @property
    def name(self) -> str:
        """What its budgets go by; never stored but as a keyed fingerprint."""
        return f"{self.format_id}\n{self.by_serial}\n{self.tails}\n{self.stem}"

    def members(self) -> Iterator[str]:
        """Every serial, or secret, that lies in it."""
        return (self.stem + "".join(tail) for tail in product(self.alphabet, repeat=self.tails))


def neighbourhood(key: CardKey) -> Neighbourhood | None:
    """Where a key lies; ``None`` for exact text, which has no neighbours."""
    found = format_by_id(key.format_id)
    rule = found.serial or found.secret
    if rule is None:
        return None
    text = key.serial or key.secret
    tails = 1
    while len(rule.alphabet) ** (tails + 1) <= _WIDTH:
        tails += 1
    return Neighbourhood(key.format_id, bool(key.serial), text[:-tails], rule.alphabet, tails)


class NeighbourWatch:
    """Counts misses by neighbourhood, and tells supplier, holder and operator of a scan, once an hour."""

    def __init__(self, context: Context, budgets: BudgetService) -> None:
        self._context = context
        self._budgets = budgets

    def note(self, keys: Iterable[tuple[CardKey, bool]]) -> None:
        """Count coarse answers: each key with whether it was a miss.

        A hit is written like a miss, at no cost, so that the time taken does not tell them apart.
        """
        misses: Counter[Neighbourhood] = Counter()
        for key, is_miss in keys:
            place = neighbourhood(key)
            if place is not None:
                misses[place] += is_miss
        for place, count in misses.most_common(_PLACES):
            if self._is_over(MISSES, place, count) and not self._is_over(_TOLD, place, 1):
                self._alarm(place)

    def _is_over(self, allowance: Allowance, place: Neighbourhood, cost: int) -> bool:
        try:
            self._budgets.spend(allowance, place.name, cost)
        except LimitReached:
            return True
        return False

    def _alarm(self, place: Neighbourhood) -> None:
        with self._context.database.write() as connection:
            found = self._registered(connection, place)
            told: dict[tuple[bytes, bytes], list[int]] = {}
            for one in found:
                for party in {one.supplier, one.holder}:
                    told.setdefault((party, one.batch_id), []).append(one.index)
            for (party, batch_id), indices in told.items():
                facts = {"batch": batch_id.hex(), "indices": indices[:EXAMPLES], "count": len(indices)}
                self._tell(connection, party, place, facts)
            for operator in parties.everyone(connection):
                if operator.has(PartyReason.OPERATOR):
                    self._tell(connection, operator.address, place, {"count": len(found)})

    def _tell(
        self, connection: Connection, party: bytes, place: Neighbourhood, facts: dict[str, Any]
    ) -> None:
        now = self._context.clock.now()
        facts |= {"format": place.format_id, "misses_an_hour": MISSES.count}
        alerts.tell(self._context, connection, party, KIND, now, facts)

    def _registered(self, connection: Connection, place: Neighbourhood) -> list[Neighbour]:
        taggers = [Tagger(key) for key in self._context.vault.tag_keys.values()]
        if place.by_serial:
            tags = [each.serial_tag(place.format_id, text) for each in taggers for text in place.members()]
            return neighbours.by_serial_tags(connection, tags)
        identities = [key.identity for key in _keys(place)]
        return neighbours.by_tags(connection, [tag for each in taggers for tag in each.tags(identities)])


def _keys(place: Neighbourhood) -> Iterator[CardKey]:
    for secret in place.members():
        try:
            yield CardKey(place.format_id, "", secret)
        except KeyMalformed:
            # Nine in ten of a format with a check symbol: no key there.
            continue
