"""The golden bundle, verified against a real chain: by a node, and by a state proof alone."""

from __future__ import annotations

import pytest

from provenance.chain.clients import NodeReader, connect
from provenance.chain.registry import RegistryClient, anchor_checkpoint_data, register_batch_data
from provenance.chain.stateproof import fetch_state_proof
from provenance.core import canonical, merkle
from provenance.core.manifest import Domain
from provenance.core.notes import VerifierKey
from provenance.core.proofs import Evidence, ReaderContext, verify
from provenance.errors import ChainMismatch, ProofRejected
from tests.chain.conftest import CHAIN_ID, LocalChain
from tests.chain.golden import BATCH_ID, ENTRIES, GOLDEN, MANIFEST, REGISTRY, SIGNATURE

BUNDLE = GOLDEN["bundle"]
ANCHORED_SIZES = [anchor["size"] for anchor in BUNDLE["anchors"]]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
NETWORK = Domain(CHAIN_ID, REGISTRY)
LOG_KEY = VerifierKey.parse(BUNDLE["log"]["key"])
GOLDEN_SECONDS = max(anchor["time"] for anchor in BUNDLE["anchors"])


def send(local: LocalChain, data: bytes) -> None:
    sender = local.sender
    sender.broadcast(sender.prepare(local.registry.address, data, nonce=sender.next_nonce([])).raw)


@pytest.fixture
def registered(local: LocalChain) -> LocalChain:
    """The golden batch on a chain whose clock has reached the golden world's."""
    if local.chain.newest_block().time < GOLDEN_SECONDS:
        local.chain.request("evm_setNextBlockTimestamp", hex(GOLDEN_SECONDS))
    send(local, register_batch_data(MANIFEST, SIGNATURE))
    return local


@pytest.fixture
def anchored(registered: LocalChain) -> LocalChain:
    """The same, with the golden log anchored at its sizes."""
    since = 0
    for size in ANCHORED_SIZES:
        path = merkle.consistency_path(LEAVES[:size], since) if since else ()
        send(registered, anchor_checkpoint_data(size, merkle.root(LEAVES[:size]), path))
        since = size
    return registered


def verified_by(registry: RegistryClient) -> Evidence:
    reader = ReaderContext(network=NETWORK, log_key=LOG_KEY, node=NodeReader(registry))
    return verify(canonical.encode(BUNDLE), reader)


def not_checked(evidence: Evidence) -> list[str]:
    """What step 7 left open."""
    return [finding.what for finding in evidence.steps[7].findings if finding.why_not is not None]


def test_a_node_confirms_the_batch_and_every_anchor(anchored: LocalChain) -> None:
    evidence = verified_by(anchored.registry)
    assert evidence.steps[7].number == 7
    assert all(what.startswith("block ") for what in not_checked(evidence))


def test_a_state_proof_does_the_same_without_a_node(anchored: LocalChain) -> None:
    block = anchored.chain.newest_block()
    proof = fetch_state_proof(anchored.registry, BATCH_ID, ANCHORED_SIZES, block_hash=block.hash)
    raw = canonical.encode({**BUNDLE, "state_proof": proof})
    reader = ReaderContext(network=NETWORK, log_key=LOG_KEY, trusted_block_hash=block.hash)
    evidence = verify(raw, reader)
    assert all(what.startswith("block ") for what in not_checked(evidence))
    stranger = ReaderContext(network=NETWORK, log_key=LOG_KEY, trusted_block_hash=block.parent_hash)
    with pytest.raises(ProofRejected) as rejected:
        verify(raw, stranger)
    assert rejected.value.step == 7


def test_a_bundle_whose_anchors_are_not_on_the_chain_is_rejected(registered: LocalChain) -> None:
    with pytest.raises(ProofRejected) as rejected:
        verified_by(registered.registry)
    assert rejected.value.step == 7


def test_a_batch_that_is_not_on_the_chain_is_rejected(local: LocalChain) -> None:
    send(local, anchor_checkpoint_data(14, merkle.root(LEAVES), ()))
    with pytest.raises(ProofRejected) as rejected:
        verified_by(local.registry)
    assert rejected.value.step == 7


def test_a_node_of_another_chain_gives_no_verdict_at_all(node_url: str) -> None:
    with pytest.raises(ChainMismatch):
        verified_by(connect(node_url, chain_id=1, registry=REGISTRY))
