"""Steps 4 to 6: every entry under the checkpoint, the checkpoint signed, the anchors its past."""

from __future__ import annotations

from provenance.core import merkle, notes
from provenance.core.proofcheck.parts import Placed
from provenance.core.proofcheck.run import Run, reject, rejecting
from provenance.errors import SignatureInvalid


def check_entries(run: Run) -> None:
    """Step 4: every entry stands at its index under the checkpoint's root."""
    bundle, head = run.bundle, run.bundle.head
    state = (bundle.state,) if bundle.state else ()
    sections: tuple[tuple[str, tuple[Placed, ...]], ...] = (
        ("custody", bundle.custody),
        ("parties", bundle.parties),
        ("beacons", bundle.beacons),
        ("state", state),
    )
    for name, placed in sections:
        for position, item in enumerate(placed):
            with rejecting(4, f"{name}[{position}] is not in the log"):
                leaf = merkle.leaf_hash(item.entry.encode())
                merkle.verify_inclusion(leaf, item.index, head.size, item.path, head.root)
    total = sum(len(placed) for _, placed in sections)
    run.established(4, f"{total} entries are in the log of {head.size}")


def check_signatures(run: Run) -> None:
    """Step 5: the log signed the checkpoint, and enough witnesses cosigned it."""
    bundle, reader = run.bundle, run.reader
    if bundle.head.origin != bundle.log.origin:
        raise reject(5, "the checkpoint is of another log")
    with rejecting(5, "the checkpoint"):
        notes.verify(bundle.checkpoint, bundle.log.key)
    if reader.log_key is None:
        run.not_checked(
            5, "the log's key", "the reader brought no log key; the signature fits the key the bundle names"
        )
    else:
        run.established(5, f"the checkpoint of size {bundle.head.size} is signed by {bundle.log.origin}")
    _check_witnesses(run)


def check_anchors(run: Run) -> None:
    """Step 6: the anchored sizes grow, and each is a prefix of the checkpoint; the last is the checkpoint."""
    head, anchors = run.bundle.head, run.bundle.anchors
    previous = 0
    for position, anchor in enumerate(anchors):
        if anchor.size <= previous:
            raise reject(6, f"anchors[{position}] is not larger than the one before")
        previous = anchor.size
        with rejecting(6, f"anchors[{position}] is not a prefix of the checkpoint"):
            merkle.verify_consistency(anchor.size, anchor.root, head.size, head.root, anchor.consistency)
    if anchors and anchors[-1].size != head.size:
        raise reject(6, "the last anchor is not the checkpoint")
    if anchors:
        run.established(6, f"{len(anchors)} anchors are prefixes of the checkpoint, the last is it")
    else:
        run.not_checked(6, "an anchor", "pending: the bundle names none yet")


def _check_witnesses(run: Run) -> None:
    bundle, reader = run.bundle, run.reader
    signed, replayers = [], []
    for witness in reader.witnesses:
        if not any(line.is_by(witness.key) for line in bundle.checkpoint.signatures):
            continue
        with rejecting(5, f"the cosignature of {witness.key.name}"):
            notes.verify_cosignature(bundle.checkpoint, witness.key)
        signed.append(witness.key.name)
        if witness.replays:
            replayers.append(witness.key.name)
    if len(signed) < reader.witness_threshold:
        missing = f"{len(signed)} of the {reader.witness_threshold} cosignatures that the reader asks for"
        raise reject(5, f"the checkpoint bears {missing}", SignatureInvalid.code)
    run.replayers = tuple(replayers)
    if signed:
        run.established(5, f"cosigned by {', '.join(signed)}")
    elif reader.witnesses:
        run.not_checked(5, "witnesses", "none of the reader's witnesses cosigned, and he asks for none")
    else:
        run.not_checked(5, "witnesses", "the reader brought no witness keys")
