"""Between which block and which anchor a finding lies, as far as the auditor's node knows them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from provenance.audit.findings import Finding
from provenance.core.proofcheck.evidence import Bound

Block = tuple[int, int, "int | None"]
"""A BEACON: its log index, the number of its block, and the time where a node confirmed it (unix seconds)."""
AnchoredSize = tuple[int, int]
"""A size that the chain holds with the log's own root, and the time of its block (unix seconds)."""


def bracketed(
    findings: Iterable[Finding], blocks: Sequence[Block], anchored: Sequence[AnchoredSize]
) -> tuple[Finding, ...]:
    """Each finding with a log index between the last BEACON up to it and the first anchor that holds it.

    *blocks* and *anchored* ascend.
    """
    starts = [index for index, _, _ in blocks]
    sizes = [size for size, _ in anchored]

    def around(index: int) -> tuple[Bound | None, Bound | None]:
        below, above = bisect_right(starts, index), bisect_right(sizes, index)
        after = before = None
        if below:
            _, number, time = blocks[below - 1]
            after = Bound("block", number, time, time is not None)
        if above < len(sizes):
            before = Bound("anchor", *anchored[above], True)
        return after, before

    return tuple(one if one.index is None else replace(one, bracket=around(one.index)) for one in findings)
