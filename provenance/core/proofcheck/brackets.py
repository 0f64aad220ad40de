"""Step 9, last part: between which block and which anchor each entry lies, and its own time with it.

Everything after a BEACON is younger than its block; everything below an anchored size is older than
the block that anchored it. Log order is what is proven; an entry's own time is only its author's word.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

from provenance.core.proofcheck.evidence import Bound, TimelineEvent
from provenance.core.proofcheck.parts import BeaconEntry, Placed
from provenance.core.proofcheck.run import Run, reject

TOLERANCE_MS: Final = 120_000
"""How far a clock may lie outside its bracket: block times are rough, and clocks drift."""


def check_brackets(run: Run) -> None:
    """Every entry's time lies in its bracket; the timeline of custody with what is known of it."""
    bundle = run.bundle
    brackets = Brackets(run)
    state = (bundle.state,) if bundle.state else ()
    sections: tuple[tuple[str, tuple[Placed, ...]], ...] = (
        ("custody", bundle.custody),
        ("parties", bundle.parties),
        ("beacons", bundle.beacons),
        ("state", state),
    )
    for name, entries in sections:
        for position, placed in enumerate(entries):
            _check(f"{name}[{position}]", placed, brackets)
    run.timeline = tuple(
        TimelineEvent(
            placed.index, placed.entry, brackets.after(placed), brackets.before(placed), placed.details
        )
        for placed in bundle.custody
    )
    _report(run)


class Brackets:
    """The bounds of every place in the log, looked up by bisection: a bundle may hold thousands of each."""

    def __init__(self, run: Run) -> None:
        rows = sorted((beacon.index, position) for position, beacon in enumerate(run.bundle.beacons))
        self._beacons = [index for index, _ in rows]
        self._blocks = [run.beacon_bound(position) for _, position in rows]
        self._sizes = [anchor.size for anchor in run.bundle.anchors]
        self._anchors = [run.anchor_bound(position) for position in range(len(self._sizes))]

    def after(self, placed: Placed) -> Bound | None:
        """The block of the last BEACON before the entry, or of the BEACON itself."""
        find = bisect_right if isinstance(placed, BeaconEntry) else bisect_left
        position = find(self._beacons, placed.index)
        return self._blocks[position - 1] if position else None

    def before(self, placed: Placed) -> Bound | None:
        """The first anchored size that holds the entry."""
        position = bisect_right(self._sizes, placed.index)
        return self._anchors[position] if position < len(self._anchors) else None


def _check(where: str, placed: Placed, brackets: Brackets) -> None:
    lower, upper = brackets.after(placed), brackets.before(placed)
    time = placed.entry.time
    # A header is bound by its BEACON, so its time counts even where no node knows the block; the
    # bundle's own word for an anchor's time does not.
    if lower and lower.time is not None and time < lower.time * 1000 - TOLERANCE_MS:
        raise reject(9, f"{where}: its time is before {lower.text}, which it comes after")
    if not upper or upper.time is None or not upper.is_checked:
        return
    if time > upper.time * 1000 + TOLERANCE_MS:
        raise reject(9, f"{where}: its time is after {upper.text}, which it comes before")


def _report(run: Run) -> None:
    lower = [event for event in run.timeline if not (event.after and event.after.is_checked)]
    upper = [event for event in run.timeline if not (event.before and event.before.is_checked)]
    total = len(run.timeline)
    if len(lower) < total:
        run.established(9, f"{total - len(lower)} entries are after a block that the node knows")
    if len(upper) < total:
        run.established(9, f"{total - len(upper)} entries are before an anchor that the chain holds")
    if lower:
        run.not_checked(9, f"the earliest time of {len(lower)} entries", "no checked block before them")
    if upper:
        run.not_checked(9, f"the latest time of {len(upper)} entries", "no checked anchor after them")
