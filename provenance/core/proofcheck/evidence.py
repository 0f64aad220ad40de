"""What a verification established, step by step, and what it could not check and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from provenance.core.entries import Entry, EntryType
from provenance.core.manifest import Domain
from provenance.core.proofcheck.parts import OpenedDetails, address_json, domain_json

STEP_TITLES: Final = (
    "form, bounds, the reader's network and log",
    "the key and its leaf",
    "leaf in batch",
    "manifest and supplier's signature",
    "entries in log",
    "checkpoint signed",
    "anchors consistent with checkpoint",
    "batch, anchors and beacons on chain",
    "opened details",
    "custody lawful, times inside their brackets",
    "completeness by STATE",
)
"""The numbered checks of FORMATS §10; a tuple, because the number is the position."""


_UNDER_CHECKPOINT: Final = (4, 6, 8, 9, 10)


class Status(StrEnum):
    """How much of a step was established."""

    ESTABLISHED = "established"
    PARTLY = "partly"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was established, or, with ``why``, one that was not checked."""

    what: str
    why_not: str | None = None

    def to_json(self) -> dict[str, Any]:
        if self.why_not is None:
            return {"what": self.what, "checked": True}
        return {"what": self.what, "checked": False, "why_not": self.why_not}


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """A numbered step and its findings."""

    number: int
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """Whether all, some or none of the findings were established."""
        checked = [finding.why_not is None for finding in self.findings]
        if all(checked):
            return Status.ESTABLISHED
        return Status.PARTLY if any(checked) else Status.NOT_CHECKED

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.number,
            "title": STEP_TITLES[self.number],
            "status": self.status.value,
            "findings": [finding.to_json() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of a time bracket: a block (``number``) or an anchored size, and its time in unix seconds.

    ``is_checked`` is false where the time is a hint of the bundle that no chain confirmed.
    """

    kind: str
    number: int
    time: int | None
    is_checked: bool

    @property
    def text(self) -> str:
        """Such as ``block 12 (2026-11-18T11:06:40Z)``."""
        when = "time unknown" if self.time is None else iso_time(self.time * 1000)
        return f"{self.kind} {self.number} ({when}{'' if self.is_checked else ', not checked'})"

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "number": self.number, "time": self.time, "checked": self.is_checked}


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """A custody entry with its log index and its time bracket."""

    index: int
    entry: Entry
    after: Bound | None
    before: Bound | None
    details: OpenedDetails | None

    @property
    def text(self) -> str:
        """One line for people."""
        entry = self.entry
        after = f"after {self.after.text}" if self.after else "after no beacon"
        before = f"before {self.before.text}" if self.before else "before no anchor yet"
        who = address_json(entry.actor)
        return f"#{self.index} {entry.type.name} by {who} at {iso_time(entry.time)} ({after}, {before})"

    def to_json(self) -> dict[str, Any]:
        entry = self.entry
        return {
            "index": self.index,
            "type": entry.type.name,
            "reason": entry.reason,
            "time": entry.time,
            "first": entry.first,
            "count": entry.count,
            "actor": address_json(entry.actor),
            "party": address_json(entry.party),
            "after": self.after.to_json() if self.after else None,
            "before": self.before.to_json() if self.before else None,
            "details": self.details.value if self.details else None,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proof that passed: all that it shows, and all that it was not asked or able to show.

    Holds no key, no salt of a leaf and no use.
    """

    network: Domain
    origin: str
    batch_id: bytes
    key_index: int
    checkpoint_size: int
    checkpoint_root: bytes
    anchoring: str
    state: str
    holder: bytes
    sold_before: bool
    completeness: str
    steps: tuple[StepEvidence, ...]
    timeline: tuple[TimelineEvent, ...]
    as_of: Bound | None = None
    is_network_checked: bool = False
    is_checkpoint_checked: bool = False

    @property
    def origin_checked(self) -> bool:
        """Whether the file leads to what the reader brought: his network, and his log's key or his chain.

        Without it the file only agrees with itself, and anybody's own service can make such a file.
        """
        return self.is_network_checked and self.is_checkpoint_checked

    @property
    def resting_steps(self) -> tuple[int, ...]:
        """The steps that established something, but only under a checkpoint whose signer was not checked."""
        if self.is_checkpoint_checked:
            return ()
        return tuple(n for n in _UNDER_CHECKPOINT if self.steps[n].status is not Status.NOT_CHECKED)

    @property
    def conclusions(self) -> tuple[str, ...]:
        """What follows from these being *all* events of the key; nothing where step 10 did not show that.

        ``as_of`` is the anchor of the checkpoint itself: what is not in the timeline had not happened by
        then. Lines such as ``not redeemed as of anchor 12 (2026-11-18T11:06:40Z)``.
        """
        if self.steps[10].status is not Status.ESTABLISHED:
            return ()
        unanchored = f"size {self.checkpoint_size}, not anchored yet"
        moment = self.as_of.text if self.as_of else unanchored
        happened = [event.entry.type for event in self.timeline]
        never = {EntryType.SELL: "not sold", EntryType.REDEEM: "not redeemed", EntryType.VOID: "not void"}
        lines = [f"{words} as of {moment}" for kind, words in never.items() if kind not in happened]
        if self.state == "VOID":
            since = happened.index(EntryType.VOID)
            # Redeemed while a recall passed and taken back after it: void from then on.
            undone = [at for at, kind in enumerate(happened) if kind is EntryType.REINSTATE and at > since]
            event = self.timeline[max([since, *undone])]
            lines.append(f"void since {event.text}, and still as of {moment}")
        return tuple(lines)

    @property
    def not_checked(self) -> tuple[tuple[int, Finding], ...]:
        """Every finding that was not checked, with its step."""
        return tuple((s.number, f) for s in self.steps for f in s.findings if f.why_not is not None)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; the names are stable."""
        return {
            "network": domain_json(self.network),
            "origin": self.origin,
            "batch": self.batch_id.hex(),
            "index": self.key_index,
            "checkpoint": {"size": self.checkpoint_size, "root": self.checkpoint_root.hex()},
            "anchoring": self.anchoring,
            "state": self.state,
            "holder": address_json(self.holder),
            "sold_before": self.sold_before,
            "completeness": self.completeness,
            "steps": [step.to_json() for step in self.steps],
            "timeline": [event.to_json() for event in self.timeline],
            "not_checked": [{"step": number, **finding.to_json()} for number, finding in self.not_checked],
        }


def iso_time(milliseconds: int) -> str:
    """UTC in ISO 8601 with milliseconds where there are any; a plain number past the year 9999."""
    if milliseconds >= 253_402_300_800_000:
        return f"{milliseconds} ms"
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{milliseconds % 1000:03}" if milliseconds % 1000 else ""
    return f"{moment}{fraction}Z"
