"""The state of one verification while its steps go by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from provenance.core.lives import KeyCustody
from provenance.core.proofcheck.bundle import Bundle
from provenance.core.proofcheck.context import ReaderContext
from provenance.core.proofcheck.evidence import STEP_TITLES, Bound, Finding, StepEvidence, TimelineEvent
from provenance.errors import CustodyRefused, InputRefused, ProofRejected


@dataclass(slots=True)
class Run:
    """One bundle, one reader, and what the steps so far have learnt.

    ``anchor_times`` (by size) and ``block_times`` (by BEACON index) are unix seconds from a chain;
    ``header_times`` come from headers that the log commits to, which is less.
    """

    bundle: Bundle
    reader: ReaderContext
    findings: dict[int, list[Finding]] = field(default_factory=dict)
    anchor_times: dict[int, int] = field(default_factory=dict)
    header_times: dict[int, int] = field(default_factory=dict)
    known_blocks: set[int] = field(default_factory=set)
    replayers: tuple[str, ...] = ()
    custody: KeyCustody = field(init=False)  # step 9 gives it; nothing reads it before
    timeline: tuple[TimelineEvent, ...] = ()
    completeness: str = ""

    def established(self, step: int, what: str) -> None:
        """Note that *what* was shown."""
        self.findings.setdefault(step, []).append(Finding(what))

    def not_checked(self, step: int, what: str, why: str) -> None:
        """Note that *what* was not checked, and *why*."""
        self.findings.setdefault(step, []).append(Finding(what, why))

    def steps(self) -> tuple[StepEvidence, ...]:
        """Every step with its findings, in order."""
        return tuple(StepEvidence(n, tuple(self.findings.get(n, ()))) for n in range(len(STEP_TITLES)))

    def beacon_bound(self, position: int) -> Bound:
        """The block of the BEACON at *position* of ``beacons``, as far as it is known."""
        beacon = self.bundle.beacons[position]
        is_checked = beacon.index in self.known_blocks
        return Bound("block", beacon.entry.number, self.header_times.get(beacon.index), is_checked)

    def anchor_bound(self, position: int) -> Bound:
        """The anchor at *position* of ``anchors``; its time is the chain's where the chain was asked."""
        anchor = self.bundle.anchors[position]
        is_checked = anchor.size in self.anchor_times
        return Bound("anchor", anchor.size, self.anchor_times.get(anchor.size, anchor.time), is_checked)


def reject(step: int, message: str, cause: str | None = None) -> ProofRejected:
    """The failure of *step*; *cause* is the code of the rule below, where there is one."""
    return ProofRejected(step, message, cause=cause)


@contextmanager
def rejecting(step: int, what: str) -> Iterator[None]:
    """Turn a refusal inside into the failure of *step*, saying *what* failed."""
    try:
        yield
    except (InputRefused, CustodyRefused) as error:
        raise reject(step, f"{what}: {error.message}", error.code) from error
