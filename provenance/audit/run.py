"""An audit from end to end: one checkpoint, everything below it, the chain, and what others were told.

The order matters to a log that tries to please: the chain is asked before the checkpoint is fetched, so a
registry that knows more than the log is no race. Everything is replayed although the first breach would
do: whoever reads the report wants to know where it began and how far it goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from provenance.audit.ahead import bundles
from provenance.audit.brackets import bracketed
from provenance.audit.chaincheck import check_chain
from provenance.audit.findings import Findings
from provenance.audit.manifests import ManifestReader
from provenance.audit.replay import Replay
from provenance.audit.report import AuditReport
from provenance.audit.signing import believed_seen, check_signatures, served_successions
from provenance.audit.snapshot import snapshot_malformed
from provenance.audit.source import LogSource
from provenance.core.merkle import HASH_SIZE, verify_consistency
from provenance.core.notes import Checkpoint, Note, VerifierKey
from provenance.core.policy import Policy
from provenance.core.proofs import NodeReader
from provenance.core.stateproof import BlockHeader
from provenance.core.tiles import TILE_WIDTH, TileRow, consistency_at
from provenance.errors import InputRefused, NotFound, ProofInvalid


class AuditNode(NodeReader, Protocol):
    """A node as an auditor asks it: also for the newest anchored size."""

    def latest(self) -> int:
        """The newest anchored size, 0 for an empty registry."""


@dataclass(frozen=True, slots=True)
class Auditor:
    """What the auditor brings. Every field may be missing; what is missing is reported *not checked*.

    ``log_key`` is the key the log is known by, ``policy`` the witnesses, ``node`` a node of the chain that
    anchors it, ``seen`` notes of this log that anybody was ever given.
    """

    log_key: VerifierKey | None = None
    policy: Policy | None = None
    node: AuditNode | None = None
    seen: tuple[Note, ...] = ()
    workers: int = 4


class Audit:
    """One audit of *source*; ``progress`` is told how many entries were replayed.

    A ``replay`` that :mod:`provenance.audit.snapshot` filled makes it go on where an earlier one left off.
    """

    def __init__(self, source: LogSource, auditor: Auditor) -> None:
        self._source = source
        self._auditor = auditor
        self.progress: Callable[[int], None] = lambda entries: None
        self.findings = Findings()
        self.manifests = ManifestReader(source)
        self._earlier: Checkpoint | None = None
        self._bracketed = True
        node = auditor.node
        self.replay = Replay(
            self.findings,
            manifests=self.manifests,
            entry_at=source.entry,
            block_of=None if node is None else self._block,
        )

    @property
    def may_be_kept(self) -> bool:
        """Whether the replay may be taken up later: nothing in it rests on what the server failed to give."""
        return self.findings.in_doubt is None

    def told(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What to keep beside the replay: the checkpoint it ended in, whose key and chain it was held to."""
        node, key = self._auditor.node, self._auditor.log_key
        bracketed = self._bracketed and node is not None
        return {
            "checkpoint": checkpoint.text,
            "unsigned": [one.hex() for one in self.manifests.unsigned],
            "log_key": None if key is None else key.encode(),
            "chain_id": node.chain_id() if node is not None and bracketed else None,
        }

    def take_up(self, told: dict[str, Any]) -> Checkpoint:
        """Take up what :meth:`told` kept; the checkpoint the earlier run ended in.

        Raises :class:`InputRefused`: ``snapshot_malformed``, ``snapshot_of_another_log``, and
        ``resume_without_node`` where a node is brought now and times were not held against it before.
        """
        try:
            self.manifests.unsigned = {bytes.fromhex(one) for one in told["unsigned"]}
            earlier = Checkpoint.parse(told["checkpoint"])
            chain_id, log_key = told["chain_id"], told["log_key"]
        except (KeyError, TypeError, ValueError, AttributeError, InputRefused) as error:
            raise snapshot_malformed("what was kept") from error
        if (earlier.size, earlier.root) != (self.replay.size, self.replay.root()):
            raise snapshot_malformed("what was kept")
        key, node = self._auditor.log_key, self._auditor.node
        if key is not None and (earlier.origin != key.name or log_key not in (None, key.encode())):
            raise _of_another_log(earlier.origin)
        if node is not None and chain_id != node.chain_id():
            raise InputRefused(
                "what was replayed before was not held against this node's chain; audit from the beginning",
                code="resume_without_node",
            )
        self._earlier = earlier if earlier.size else None
        self._bracketed = chain_id is not None
        return earlier

    def run(self) -> AuditReport:
        """Replay all there is and check it all round.

        Raises :class:`Unavailable` where source or node fail, :class:`InputRefused` where what the source
        gives has no form: then nothing is said about the log.
        """
        latest = 0 if self._auditor.node is None else self._auditor.node.latest()
        note = self._source.checkpoint()
        head = Checkpoint.parse(note.text)
        if self._earlier is not None and self._earlier.origin != head.origin:
            raise _of_another_log(self._earlier.origin)
        report = AuditReport(head.origin, head.size, head.root)
        before = self.replay.counts.entries
        for size in (latest, *(Checkpoint.parse(one.text).size for one in self._auditor.seen)):
            self.replay.watch(size)
        is_whole = True
        if head.size < self.replay.size:
            said = f"the log has {head.size} entries, {self.replay.size} were replayed before"
            self.findings.add("log_shrunk", said)
        else:
            is_whole = self.replay_to(head)
        report.entries = self.replay.counts.entries - before
        if is_whole:
            self._check_around(note, head, latest, report)
        else:
            said = f"the entries from {self.replay.size} on, which the log does not give, and with them"
            report.not_checked.append(f"{said} signatures, seen checkpoints, anchors and time brackets")
        self._finish(report)
        return report

    def _check_around(self, note: Note, head: Checkpoint, latest: int, report: AuditReport) -> None:
        """What needs the whole log replayed: who signed it, what others were given, what the chain holds."""
        announced = self.replay.others.keys
        successions = served_successions(self._source, self.findings)
        seen = believed_seen(self._auditor, head, announced, successions or [], report)
        self._check_seen(seen, head)
        check_signatures(successions, self._auditor, note, announced, self.findings, report)
        unsigned = self.manifests.unsigned
        check_chain(self.replay, self._auditor.node, latest, head, unsigned, self.findings, report)

    def _finish(self, report: AuditReport) -> None:
        report.batches = len(self.replay.keys.batches)
        report.states = self.replay.counts.states
        report.findings = bracketed(self.findings.found, self.replay.others.blocks, report.anchored)
        report.left_off = self.findings.left_off
        report.established.append(f"{self.replay.size} entries replayed, {report.states} STATEs recomputed")

    def replay_to(self, head: Checkpoint) -> bool:
        """Feed every entry up to *head*, hold tiles and root against them; findings say what differs.

        Whether all entries could be had; else the replay is fed in part, and must not be kept. Raises
        :class:`Unavailable` where the source fails; the same goes for the replay then.
        """
        start = self.replay.size
        try:
            for entries in bundles(self._source, start, head.size, self._auditor.workers):
                for row in self.replay.add(entries):
                    self._check_tile(row)
                self.progress(len(entries))
        except (InputRefused, NotFound) as error:
            code = "bundle_missing" if isinstance(error, NotFound) else "bundle_malformed"
            self.findings.add(code, error.message, self.replay.size)
        is_whole = self.replay.size == head.size
        if is_whole and (start < head.size or start == 0):
            for row in self.replay.partial_tiles():
                self._check_tile(row)
        for batch_id, (code, said) in self.manifests.drain().items():
            index = self.replay.keys.batches[batch_id].ranges[0][0]
            self.findings.add(code, said, index, batch=batch_id)
        if is_whole and self.replay.root() != head.root:
            said = "the entries do not add up to the root that the checkpoint names"
            self.findings.add("root_wrong", said, head.size - 1 if head.size else None)
            if self._earlier is not None and not self._is_grown_from(self._earlier, head):
                said = "the audit that this one goes on from ended in another history"
                self.findings.add("fork", said, self._earlier.size - 1)
        return is_whole

    def _check_tile(self, row: TileRow) -> None:
        level, index, hashes = row
        try:
            served = self._source.tile(level, index, len(hashes) // HASH_SIZE)
        except (InputRefused, NotFound) as error:
            code = "tile_missing" if isinstance(error, NotFound) else "tile_malformed"
            first = (index * TILE_WIDTH) << (8 * level)
            self.findings.add(code, f"tile {level}/{index}: {error.message}", first)
            return
        if served != hashes:
            place = next(
                at // 32 for at in range(0, len(hashes), 32) if served[at : at + 32] != hashes[at : at + 32]
            )
            first = (index * TILE_WIDTH + place) << (8 * level)
            said = f"hash {place} of tile {level}/{index} is not that of the entries served"
            self.findings.add("tile_wrong", said, first)

    def _check_seen(self, seen: list[Checkpoint], head: Checkpoint) -> None:
        for one in seen:
            if one.size > head.size:
                said = f"somebody was given a checkpoint of {one.size} entries, the log has {head.size}"
                self.findings.add("log_shrunk", said)
            elif not self._extends(one, head):
                said = f"somebody was given another root for the first {one.size} entries: two histories"
                self.findings.add("fork", said, one.size - 1)

    def _extends(self, old: Checkpoint, head: Checkpoint) -> bool:
        """Whether the log of *head* begins with that of *old*, by the replay or else by its tiles."""
        root = head.root if old.size == head.size else self.replay.roots.get(old.size)
        return root == old.root if root is not None else self._is_grown_from(old, head)

    def _is_grown_from(self, old: Checkpoint, head: Checkpoint) -> bool:
        """The same by the tiles served alone."""
        if old.size == head.size:
            return old.root == head.root
        try:
            proof = consistency_at(self._source.tile, old.size, head.size)
            verify_consistency(old.size, old.root, head.size, head.root, proof)
        except ProofInvalid:
            return False
        except (InputRefused, NotFound) as error:  # no proof of two histories, and none of one
            self.findings.add("tile_missing", error.message)
        return True

    def _block(self, block_hash: bytes) -> tuple[int, int] | None:
        node = self._auditor.node
        raw = None if node is None else node.block_header(block_hash)
        if raw is None:
            return None
        header = BlockHeader.parse(raw)
        return (header.number, header.time) if header.hash == block_hash else None


def _of_another_log(origin: str) -> InputRefused:
    said = (
        f"what was kept is the replay of {origin} under a key it was known by; take another file for this log"
    )
    return InputRefused(said, code="snapshot_of_another_log")
