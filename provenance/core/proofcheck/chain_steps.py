"""Step 7: what the registry on the chain says of the batch, the anchors and the beacons."""

from __future__ import annotations

from provenance.core import stateproof
from provenance.core.entries import EntryType
from provenance.core.proofcheck.context import BatchOnChain, CheckpointOnChain, NodeReader, RegistryReader
from provenance.core.proofcheck.parts import AnchorPart, BeaconEntry, StateProof
from provenance.core.proofcheck.run import Run, reject, rejecting
from provenance.core.stateproof import BlockHeader
from provenance.errors import ProofRejected

STEP = 7
_NO_CHAIN = "the reader brought neither a node nor a trusted block hash"


class ProvenRegistry:
    """The registry as one state proof shows it; raises :class:`InputRefused` where the proof fails."""

    def __init__(self, proof: StateProof, registry: bytes, block: BlockHeader) -> None:
        self._account = stateproof.verify_account(block.state_root, registry, proof.account)
        self._proofs = dict(proof.storage)

    def batch(self, batch_id: bytes) -> BatchOnChain | None:
        """The batch; a missing slot is a failed proof, since absence is never claimed."""
        root, word = (self._word(slot) for slot in stateproof.batch_slots(batch_id))
        number = int.from_bytes(word)
        return BatchOnChain(root, number & 0xFFFFFFFF, number >> 32)

    def checkpoint(self, size: int) -> CheckpointOnChain | None:
        """The checkpoint anchored at *size*."""
        root, time = (self._word(slot) for slot in stateproof.checkpoint_slots(size))
        return CheckpointOnChain(root, int.from_bytes(time))

    def _word(self, slot: bytes) -> bytes:
        return stateproof.verify_storage(self._account, slot, self._proofs.get(slot, ()))


def check_chain(run: Run) -> None:
    """Step 7: batch, anchors, headers of beacons, then their blocks."""
    node = run.reader.node
    network = run.bundle.network
    if node is not None and node.chain_id() != network.chain_id:
        raise reject(STEP, f"the reader's node is not on chain {network.chain_id}", "chain_mismatch")
    sources = _sources(run)
    _check_batch(run, sources)
    for position, anchor in enumerate(run.bundle.anchors):
        _check_anchor(run, sources, position, anchor)
    for position, beacon in enumerate(run.bundle.beacons):
        _check_header(run, position, beacon)
    for beacon in run.bundle.beacons:
        _check_block(run, node, beacon)


def _sources(run: Run) -> list[RegistryReader]:
    sources: list[RegistryReader] = [run.reader.node] if run.reader.node else []
    proof, trusted = run.bundle.state_proof, run.reader.trusted_block_hash
    if proof is None or trusted is None:
        if proof is not None:
            run.not_checked(STEP, "the state proof", "the reader brought no trusted block hash")
        if trusted is not None:
            run.not_checked(STEP, "the trusted block", "the bundle carries no state proof")
        return sources
    with rejecting(STEP, "the state proof"):
        block = BlockHeader.parse(proof.header)
        if block.hash != trusted:
            raise reject(STEP, "the state proof is not of the block that the reader trusts")
        _require_slots(run, proof)
        sources.append(ProvenRegistry(proof, run.bundle.network.registry, block))
    run.established(STEP, f"the state proof is of trusted block {block.number}")
    return sources


def _require_slots(run: Run, proof: StateProof) -> None:
    batch_id = run.bundle.batch.manifest.batch_id
    wanted = {slot for anchor in run.bundle.anchors for slot in stateproof.checkpoint_slots(anchor.size)}
    wanted.update(stateproof.batch_slots(batch_id))
    if {slot for slot, _ in proof.storage} - wanted:
        raise reject(STEP, "the state proof has slots that are neither the batch's nor an anchor's")


def _check_batch(run: Run, sources: list[RegistryReader]) -> None:
    batch = run.bundle.batch
    what = "the batch on chain"
    if batch.domain != run.bundle.network:
        other = run.reader.other_nodes.get(batch.domain)
        if other is None:
            run.not_checked(STEP, what, "it was signed for another registry, which the reader did not name")
            return
        if other.chain_id() != batch.domain.chain_id:
            raise reject(STEP, f"the other node is not on chain {batch.domain.chain_id}", "chain_mismatch")
        sources = [other]
    if not sources:
        run.not_checked(STEP, what, _NO_CHAIN if run.reader.trusted_block_hash is None else "no state proof")
    for source in sources:
        _compare_batch(run, source)


def _compare_batch(run: Run, source: RegistryReader) -> None:
    manifest = run.bundle.batch.manifest
    with rejecting(STEP, "the batch's state proof"):
        found = source.batch(manifest.batch_id)
    if found is None and not run.bundle.anchors:
        run.not_checked(STEP, "the batch on chain", "pending: the registry does not hold it yet")
    elif found is None:
        raise reject(STEP, "the registry does not hold the batch")
    elif (found.root, found.size) != (manifest.root, manifest.size):
        raise reject(STEP, "the registry holds another root or size for the batch")
    else:
        run.established(STEP, f"the batch is in the registry since {found.time}")


def _check_anchor(run: Run, sources: list[RegistryReader], position: int, anchor: AnchorPart) -> None:
    if not sources:
        why = _NO_CHAIN if run.reader.trusted_block_hash is None else "the bundle carries no state proof"
        run.not_checked(STEP, f"anchors[{position}]: size {anchor.size} on chain, and its time", why)
    for source in sources:
        with rejecting(STEP, f"anchors[{position}]: state proof"):
            found = source.checkpoint(anchor.size)
        if found is None:
            raise reject(STEP, f"anchors[{position}]: the registry holds no checkpoint of size {anchor.size}")
        if found.root != anchor.root:
            raise reject(STEP, f"anchors[{position}]: the registry holds another root at size {anchor.size}")
        run.anchor_times[anchor.size] = found.time
        run.established(STEP, f"size {anchor.size} is anchored since {found.time}")


def _check_header(run: Run, position: int, beacon: BeaconEntry) -> None:
    if beacon.entry.type is not EntryType.BEACON:
        raise reject(STEP, f"beacons[{position}] is not a BEACON")
    if beacon.header is None:
        return
    with rejecting(STEP, f"beacons[{position}].header"):
        _learn_block(run, beacon, beacon.header)
    run.established(STEP, f"the header of block {beacon.entry.number} is the one its BEACON names")


def _check_block(run: Run, node: NodeReader | None, beacon: BeaconEntry) -> None:
    what = f"block {beacon.entry.number} of the BEACON at {beacon.index}"
    if node is None:
        run.not_checked(STEP, what, "only a node tells whether a block is on its chain")
        return
    header = node.block_header(beacon.entry.subject)
    if header is None:
        run.not_checked(STEP, what, "the node does not know it")
        return
    with rejecting(STEP, what):
        _learn_block(run, beacon, header)
    run.known_blocks.add(beacon.index)
    run.established(STEP, f"{what} is on the node's chain")


def _learn_block(run: Run, beacon: BeaconEntry, header: bytes) -> None:
    block = BlockHeader.parse(header)
    if block.hash != beacon.entry.subject:
        raise _no_block("the header is not that of the block the BEACON names")
    if block.number != beacon.entry.number:
        raise _no_block("the header's number is not the one the BEACON names")
    run.header_times[beacon.index] = block.time


def _no_block(message: str) -> ProofRejected:
    return reject(STEP, message)
