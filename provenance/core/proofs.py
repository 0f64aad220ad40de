"""The proof bundle and its numbered verification (FORMATS §10): bytes in, evidence out.

:func:`verify` needs no service, no database and no network of its own. It returns the
:class:`Evidence` it established, or raises :class:`ProofRejected` naming the first step that failed;
it never returns "false". A service makes a :class:`Bundle` from its parts and writes ``to_bytes()``.
Consensus-critical and pure.
"""

from __future__ import annotations

from provenance.core.proofcheck import batch_steps, brackets, chain_steps, custody_steps, log_steps
from provenance.core.proofcheck.bundle import BUNDLE_TYPE, MAX_BUNDLE_SIZE, MAX_ENTRIES, Bundle
from provenance.core.proofcheck.context import (
    BatchOnChain,
    CheckpointOnChain,
    NodeReader,
    ReaderContext,
    RegistryReader,
    Witness,
)
from provenance.core.proofcheck.evidence import (
    STEP_TITLES,
    Bound,
    Evidence,
    Finding,
    Status,
    StepEvidence,
    TimelineEvent,
)
from provenance.core.proofcheck.parts import (
    MAX_PATH,
    MAX_RANGES,
    AnchorPart,
    BatchPart,
    BeaconEntry,
    Hints,
    KeyPart,
    LoggedEntry,
    LogIdentity,
    OpenedDetails,
    Opening,
    StatePart,
    StateProof,
)
from provenance.core.proofcheck.reading import read_bundle
from provenance.core.proofcheck.run import Run, reject, rejecting

__all__ = [
    "BUNDLE_TYPE",
    "MAX_BUNDLE_SIZE",
    "MAX_ENTRIES",
    "MAX_PATH",
    "MAX_RANGES",
    "STEP_TITLES",
    "AnchorPart",
    "BatchOnChain",
    "BatchPart",
    "BeaconEntry",
    "Bound",
    "Bundle",
    "CheckpointOnChain",
    "Evidence",
    "Finding",
    "Hints",
    "KeyPart",
    "LogIdentity",
    "LoggedEntry",
    "NodeReader",
    "OpenedDetails",
    "Opening",
    "ReaderContext",
    "RegistryReader",
    "StatePart",
    "StateProof",
    "Status",
    "StepEvidence",
    "TimelineEvent",
    "Witness",
    "read_bundle",
    "verify",
]

_STEPS = (
    batch_steps.check_leaf,
    batch_steps.check_inclusion,
    batch_steps.check_manifest,
    log_steps.check_entries,
    log_steps.check_signatures,
    log_steps.check_anchors,
    chain_steps.check_chain,
    custody_steps.check_details,
    custody_steps.check_custody,
    brackets.check_brackets,
    custody_steps.check_completeness,
)
"""Steps 1 to 10 in their order, step 9 in two parts."""


def verify(raw: bytes, reader: ReaderContext) -> Evidence:
    """Check a bundle's *raw* bytes against what *reader* brings.

    Raises :class:`ProofRejected` with the number of the first step that failed, and
    ``ChainUnavailable`` where the reader's node cannot be asked.
    """
    with rejecting(0, "the bundle"):
        run = Run(read_bundle(raw), reader)
    _check_reader(run)
    for check in _STEPS:
        check(run)
    return _evidence(run)


def _check_reader(run: Run) -> None:
    """Step 0, last part: the bundle is of the network and the log that the reader means."""
    bundle, reader = run.bundle, run.reader
    run.established(0, "a well-formed bundle in canonical form")
    if reader.network is None:
        run.not_checked(0, "the network", "the reader named no chain and registry")
    elif reader.network != bundle.network:
        raise reject(0, "the bundle is of another network than the reader's", "wrong_network")
    else:
        run.established(0, f"the reader's network, chain {bundle.network.chain_id}")
    if reader.log_key is None:
        run.not_checked(0, "the log", "the reader brought no log key")
    elif reader.log_key != bundle.log.key:
        raise reject(0, "the bundle is of another log than the reader's", "wrong_log")
    else:
        run.established(0, f"the reader's log, {bundle.log.origin}")


def _evidence(run: Run) -> Evidence:
    bundle, head, life = run.bundle, run.bundle.head, run.custody
    return Evidence(
        network=bundle.network,
        origin=bundle.log.origin,
        batch_id=bundle.batch.manifest.batch_id,
        key_index=bundle.key.index,
        checkpoint_size=head.size,
        checkpoint_root=head.root,
        anchoring=_anchoring(run),
        state=life.state.name,
        holder=life.holder,
        sold_before=life.sold_before,
        completeness=run.completeness,
        steps=run.steps(),
        timeline=run.timeline,
        as_of=run.anchor_bound(len(bundle.anchors) - 1) if bundle.anchors else None,
        # Both were compared in steps 0 and 5 if they were brought; step 6 made the last anchor the head.
        is_network_checked=run.reader.network is not None,
        is_checkpoint_checked=run.reader.log_key is not None or head.size in run.anchor_times,
    )


def _anchoring(run: Run) -> str:
    if not run.bundle.anchors:
        return "pending"
    return "anchored" if run.anchor_times else "anchored, not checked"
