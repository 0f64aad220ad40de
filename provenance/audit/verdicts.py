"""One report, reckoned again entry by entry; and what is said of it at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provenance.audit.figures import Difference, Erased, count, differences
from provenance.audit.findings import Findings
from provenance.core.entries import Entry, EntryType, commit_details
from provenance.core.reportfile import Opening, Report
from provenance.core.reporting import ERASED, Reckoning, Wanted, is_relevant
from provenance.errors import InputRefused


@dataclass(frozen=True, slots=True)
class Published:
    """A report with its openings by log index. One *is_anchored* has its hash in the log, or is wrong."""

    report: Report
    openings: Mapping[int, Opening]
    is_anchored: bool = True


@dataclass(slots=True)
class Verdict:
    """What became of one report; ``index`` is where the log has its hash."""

    report: Report
    index: int | None = None
    figures: int = 0
    erased: int = 0
    differences: list[Difference] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)

    @property
    def is_wrong(self) -> bool:
        """Whether something in it, or about it, is not so."""
        return not self.findings.is_clean or any(one.is_wrong for one in self.differences)

    @property
    def is_proven(self) -> bool:
        """Whether every figure is the log's own."""
        return not self.is_wrong and not self.differences

    def to_json(self) -> dict[str, Any]:
        """As data."""
        span = self.report.span
        return {
            "platform": "0x" + self.report.platform.hex(),
            "hash": self.report.hash.hex(),
            "start": span.start,
            "end": span.end,
            "size": span.size,
            "index": self.index,
            "figures": self.figures,
            "erased": self.erased,
            "verdict": "wrong" if self.is_wrong else "proven" if self.is_proven else "unproven",
            "differences": [one.to_json() for one in self.differences],
            "findings": [one.to_json() for one in self.findings.found],
        }


class Again:
    """One report being reckoned again."""

    def __init__(self, one: Published, verdict: Verdict, names: frozenset[bytes]) -> None:
        self._one = one
        self._verdict = verdict
        self.names = names
        self._span = one.report.span
        self._wanted = Wanted(names, self._span)
        self._details = {index: opening.details for index, opening in one.openings.items()}
        self._reckoning = Reckoning(names, self._span, self._details)
        self._gone = {True: 0, False: 0}
        self._late: int | None = None

    @property
    def receipts(self) -> frozenset[int]:
        """The log indices of the deliveries that its reviews name."""
        return self._reckoning.receipts

    def take(self, index: int, entry: Entry) -> None:
        """Take the entry at *index*, its details only if they are what it commits to."""
        if index >= self._span.size:
            is_counted = is_relevant(entry, self.names) and entry.type is not EntryType.PARTY
            if self._late is None and is_counted and self._span.has(entry.time):
                self._late = index
            return
        if self._wanted.has(entry):
            self._open(index, entry)
        self._reckoning.take(index, entry)

    def finish(self) -> None:
        """Hold what came out against what the report says."""
        verdict, report = self._verdict, self._one.report
        if self._late is not None and self._one.is_anchored:
            said = "it was made before the log had all of its time"
            verdict.findings.add("report_cut_short", said, self._late)
        verdict.erased = sum(self._gone.values())
        verdict.figures = count(report.figures)
        try:
            found = self._reckoning.figures()
        except InputRefused as error:
            verdict.findings.add("details_malformed", error.message)
            return
        erased = Erased(claims=self._gone[False], reviews=self._gone[True])
        verdict.differences = differences(report.figures, found, erased)

    def _open(self, index: int, entry: Entry) -> None:
        opening = self._one.openings.get(index)
        findings = self._verdict.findings
        if opening is None:
            findings.add("opening_missing", "its details are not published, and not said to be erased", index)
        elif opening.salt is not None and not _opens(opening, entry):
            findings.add("opening_wrong", "what is published is not what the entry commits to", index)
        elif opening.salt is not None:
            return
        self._details[index] = ERASED
        self._gone[entry.type is EntryType.QUALIFICATION] += 1


def _opens(opening: Opening, entry: Entry) -> bool:
    try:
        return (
            opening.salt is not None and commit_details(opening.salt, dict(opening.details)) == entry.detail
        )
    except InputRefused:
        return False
