"""A platform's reports, reckoned again by an outsider: from the public log and the published openings alone.

What a report says is held against the log in both directions: each figure, and whether the report itself
stands in the log, whole, once, and under the names that the platform has there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from provenance.audit.ahead import bundles
from provenance.audit.findings import Findings
from provenance.audit.report import AuditReport
from provenance.audit.run import Auditor
from provenance.audit.signing import AnnouncedKey, check_signatures, served_successions
from provenance.audit.source import LogSource
from provenance.audit.verdicts import Again, Published, Verdict
from provenance.core import lanes
from provenance.core.entries import Entry, EntryType, QualificationReason
from provenance.core.merkle import HASH_SIZE
from provenance.core.notes import Checkpoint
from provenance.core.reportfile import Report, month_of
from provenance.core.reporting import is_relevant, names_at
from provenance.core.tiles import TreeBuilder

__all__ = ["Published", "RecordAudit", "Verdict"]

_COUNTED = frozenset(
    {
        EntryType.SELL, EntryType.REINSTATE, EntryType.PARTY, EntryType.QUALIFICATION,
        EntryType.CLAIM, EntryType.REMEDY,
    }
)  # fmt: skip


class RecordAudit:
    """One audit of reports over the log of *source*; ``progress`` is told how many entries were read."""

    def __init__(self, source: LogSource, auditor: Auditor) -> None:
        self._source = source
        self._auditor = auditor
        self.progress: Callable[[int], None] = lambda entries: None
        self.findings = Findings()
        self._roots: dict[int, bytes] = {}
        self._parties: list[tuple[int, Entry]] = []
        self._keys: list[AnnouncedKey] = []
        self._anchored: dict[bytes, list[tuple[int, Entry]]] = {}

    def run(
        self, published: Sequence[Published], *, all_of: bytes | None = None
    ) -> tuple[AuditReport, list[Verdict]]:
        """Every figure of *published* held against the log; what is wrong with the log itself comes first.

        *all_of* is a platform whose reports these are meant to be, every one. Raises :class:`Unavailable`
        where the source fails, :class:`InputRefused` where what it gives has no form.
        """
        note = self._source.checkpoint()
        head = Checkpoint.parse(note.text)
        log = AuditReport(head.origin, head.size, head.root)
        self._read(head, {one.report.span.size for one in published})
        if self._roots.get(head.size) != head.root:
            self.findings.add("root_wrong", "the entries do not add up to the root that the checkpoint names")
        check_signatures(
            served_successions(self._source, self.findings),
            self._auditor,
            note,
            self._keys,
            self.findings,
            log,
        )
        verdicts = [Verdict(one.report) for one in published]
        for one, verdict in zip(published, verdicts, strict=True):
            self._place(one, verdict, head)
        self._reckon(published, verdicts, head)
        if all_of is not None:
            self._look_for_hidden(all_of, published, head)
        log.entries, log.findings, log.left_off = (
            head.size,
            tuple(self.findings.found),
            self.findings.left_off,
        )
        return log, verdicts

    def _read(self, head: Checkpoint, sizes: set[int]) -> None:
        """The whole log once: its roots, who is who, its keys, and which reports it names."""
        tree, stops = TreeBuilder(), sizes | {head.size}
        if 0 in stops:
            self._roots[0] = tree.root()
        for raws in bundles(self._source, 0, head.size, self._auditor.workers):
            leaves, start, added = lanes.leaf_hashes(raws), tree.size, 0
            for offset, raw in enumerate(raws, 1):
                self._note(start + offset - 1, raw)
                if start + offset in stops:
                    tree.add_many(leaves[HASH_SIZE * added : HASH_SIZE * offset])
                    added = offset
                    self._roots[tree.size] = tree.root()
            tree.add_many(leaves[HASH_SIZE * added :])
            self.progress(len(raws))

    def _note(self, index: int, raw: bytes) -> None:
        if len(raw) < 2 or raw[1] not in (EntryType.PARTY, EntryType.KEY, EntryType.QUALIFICATION):
            return
        entry = Entry.decode(raw)
        if entry.type is EntryType.PARTY:
            self._parties.append((index, entry))
        elif entry.type is EntryType.KEY:
            self._keys.append((index, entry.reason, entry.subject))
        elif entry.reason == QualificationReason.REPORT:
            self._anchored.setdefault(entry.subject, []).append((index, entry))

    def _place(self, one: Published, verdict: Verdict, head: Checkpoint) -> None:
        """Whether the report speaks of this log and of this platform, and where the log names it."""
        report, findings = one.report, verdict.findings
        if report.origin != head.origin:
            findings.add("report_of_another_log", f"it is about the log {report.origin}")
        root = self._roots.get(report.span.size)
        if root is None:
            findings.add("report_ahead", f"it counts {report.span.size} entries, the log has {head.size}")
        elif root != report.root:
            findings.add("report_root_wrong", "the root that it names is not that of the log at this size")
        if report.names != self._names(report):
            findings.add("report_names_wrong", "the log has other addresses under this platform")
        for index, entry in self._anchored.get(report.hash, []):
            if index >= report.span.size and entry.party == report.platform:
                verdict.index = index
                break
        if one.is_anchored and verdict.index is None:
            findings.add("report_not_in_log", "no entry of the log has its hash")
        if one.is_anchored and (report.span.start, report.span.end) != month_of(report.span.start):
            findings.add("report_no_month", "it is not about a calendar month")

    def _names(self, report: Report) -> frozenset[bytes]:
        """The platform's addresses by the log alone."""
        size = report.span.size
        return names_at(report.platform, (entry for index, entry in self._parties if index < size))

    def _reckon(self, published: Sequence[Published], verdicts: Sequence[Verdict], head: Checkpoint) -> None:
        """The log a second time, now that it is known whom each report is about."""
        works = [
            Again(one, verdict, self._names(one.report))
            for one, verdict in zip(published, verdicts, strict=True)
        ]
        names = frozenset().union(*(work.names for work in works))
        receipts = frozenset().union(*(work.receipts for work in works))
        for index, entry in self._entries(head, receipts):
            if entry.type is EntryType.DELIVER or is_relevant(entry, names):
                for work in works:
                    work.take(index, entry)
        for work in works:
            work.finish()

    def _entries(self, head: Checkpoint, receipts: frozenset[int]) -> Iterator[tuple[int, Entry]]:
        """What figures are made of; of deliveries, which are many, the *receipts* alone."""
        tree = TreeBuilder()
        for raws in bundles(self._source, 0, head.size, self._auditor.workers):
            start = tree.size
            tree.add_many(lanes.leaf_hashes(raws))
            for index, raw in enumerate(raws, start):
                if len(raw) > 1 and (raw[1] in _COUNTED or index in receipts):
                    yield index, Entry.decode(raw)
            self.progress(len(raws))
        if tree.root() != self._roots.get(head.size):
            # Else a server could show the honest entries first, and then those that suit the report.
            self.findings.add("root_wrong", "the log gave other entries at the second reading")

    def _look_for_hidden(self, platform: bytes, published: Sequence[Published], head: Checkpoint) -> None:
        """Reports that the log names and nobody shows, and months that were reported twice."""
        names = names_at(platform, (entry for _, entry in self._parties))
        shown = {one.report.hash for one in published}
        for digest, found in self._anchored.items():
            for index, entry in found:
                if entry.party in names and digest not in shown:
                    said = f"the log names a report of this platform that is not shown, {digest.hex()}"
                    self.findings.add("report_hidden", said, index)
        seen: set[tuple[bytes, int]] = set()
        for one in published:
            key = (one.report.platform, one.report.span.start)
            if key in seen:
                self.findings.add("month_reported_twice", "two reports are about one month of this platform")
            seen.add(key)
