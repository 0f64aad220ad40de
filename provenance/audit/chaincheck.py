"""What the chain says of a replayed log: its anchors, its batches, and the latest time of its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provenance.audit.findings import Findings
from provenance.audit.otherlaw import TOLERANCE_MS
from provenance.audit.replay import Replay
from provenance.audit.report import AuditReport
from provenance.core.notes import Checkpoint

if TYPE_CHECKING:
    from provenance.audit.run import AuditNode


def check_chain(
    replay: Replay,
    node: AuditNode | None,
    latest: int,
    head: Checkpoint,
    unsigned: set[bytes],
    findings: Findings,
    report: AuditReport,
) -> None:
    """Hold anchors, batches and times against *node*, whose newest anchored size was *latest*."""
    if node is None:
        report.not_checked.append("anchors, batches on chain and time brackets: no node was brought")
        if unsigned:
            report.not_checked.append(f"{len(unsigned)} batches without a supplier's signature")
        return
    _check_latest(replay, node, latest, head, findings)
    _check_anchors(replay, node, findings, report)
    _check_batches(replay, node, unsigned, findings, report)
    if replay.others.unknown_blocks:
        report.not_checked.append(f"{replay.others.unknown_blocks} BEACON blocks that the node does not know")


def _check_latest(replay: Replay, node: AuditNode, latest: int, head: Checkpoint, findings: Findings) -> None:
    if latest > head.size:
        said = f"the chain holds a checkpoint of {latest} entries, the log has {head.size}"
        findings.add("anchor_beyond_log", said)
        return
    anchored = node.checkpoint(latest) if latest else None
    if anchored is None:
        return
    root = head.root if latest == head.size else replay.roots.get(latest)
    if root is not None and root != anchored.root:
        said = f"the chain holds another root for the first {latest} entries: history was rewritten"
        findings.add("anchor_differs", said, latest - 1)
    elif all(mark.size != latest for mark in replay.milestones):
        findings.add("anchor_without_state", "the last entry before an anchored size is a STATE", latest - 1)


def _check_anchors(replay: Replay, node: AuditNode, findings: Findings, report: AuditReport) -> None:
    newest = (0, 0)
    unbracketed = 0
    for mark in replay.milestones:
        newest = max(newest, mark.newest)
        anchored = node.checkpoint(mark.size)
        if anchored is None:
            unbracketed += 1
            continue
        if anchored.root == mark.root:
            report.anchored.append((mark.size, anchored.time))
        else:
            said = f"the chain holds another root for the first {mark.size} entries: history was rewritten"
            findings.add("anchor_differs", said, mark.size - 1)
        late = newest[0] - anchored.time * 1000 - TOLERANCE_MS
        if late > 0:
            said = f"its time is {late // 1000 + TOLERANCE_MS // 1000} s after the block it was anchored in"
            findings.add("after_its_anchor", said, newest[1])
        newest = (0, 0)
    if report.anchors:
        report.established.append(f"{report.anchors} anchored checkpoints have the log's own roots")
    if unbracketed:
        report.not_checked.append(f"{unbracketed} STATEs are not anchored (yet)")


def _check_batches(
    replay: Replay, node: AuditNode, unsigned: set[bytes], findings: Findings, report: AuditReport
) -> None:
    absent, unvouched, registered = 0, 0, 0
    for batch_id, batch in replay.keys.batches.items():
        on_chain = node.batch(batch_id)
        if on_chain is None:
            absent += 1
            unvouched += batch_id in unsigned
            continue
        registered += 1
        if on_chain.size != batch.tree.size:
            said = f"the chain registers {on_chain.size} keys, its COMMISSION says {batch.tree.size}"
            findings.add("batch_differs", said, batch.ranges[0][0], batch=batch_id)
    if registered:
        report.established.append(f"{registered} batches are registered on chain, signed by their suppliers")
    if absent:
        report.not_checked.append(f"{absent} batches are not registered on the chain (yet)")
    if unvouched:
        report.not_checked.append(f"{unvouched} batches neither on chain nor with a supplier's signature")
