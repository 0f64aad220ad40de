"""A local chain that was wiped: noticed, and rebuilt with the very transactions stored before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.chain.clients import NodeReader
from provenance.chain.deployment import deploy_registry
from provenance.chain.registry import RegistryClient, anchor_checkpoint_data, register_batch_data
from provenance.chain.rpc import Chain
from provenance.chain.sender import Action, Sender, already_anchored, already_registered, decide
from provenance.chain.signer import Signer
from provenance.chain.testnet import LocalTestnet
from provenance.chain.transactions import SignedTransaction
from provenance.core import merkle
from provenance.errors import ChainMismatch, ChainUnavailable
from tests.chain.conftest import CHAIN_ID, ROOT
from tests.chain.golden import BATCH_ID, ENTRIES, MANIFEST, REGISTRY, SIGNATURE
from tests.chain.golden import ROOT as BATCH_ROOT
from tests.support.parts import missing_part

pytestmark = [pytest.mark.node, pytest.mark.slow]
LOG_ROOT = merkle.root([merkle.leaf_hash(entry) for entry in ENTRIES])


@pytest.fixture
def testnet(tmp_path: Path) -> Iterator[LocalTestnet]:
    running = LocalTestnet(ROOT, state_dir=tmp_path / "testnet")
    try:
        running.start()
    except ChainUnavailable as error:
        missing_part("the local testnet", error.message)
    yield running
    running.stop()


def test_a_wiped_chain_is_noticed_and_rebuilt_from_the_stored_transactions(testnet: LocalTestnet) -> None:
    chain = Chain(testnet.url, chain_id=CHAIN_ID)
    deployer, anchorer = Signer.test_account(0), Signer.test_account(1)
    registry = RegistryClient(chain, deploy_registry(chain, deployer, anchorer=anchorer.address).address)
    sender = Sender(chain, anchorer)
    stored: list[SignedTransaction] = []
    for data in (register_batch_data(MANIFEST, SIGNATURE), anchor_checkpoint_data(14, LOG_ROOT, ())):
        stored.append(sender.prepare(registry.address, data, nonce=len(stored)))
        sender.broadcast(stored[-1].raw)
    before = chain.genesis_hash()
    first = chain.block(0)
    assert first is not None

    testnet.stop()
    with pytest.raises(ChainUnavailable):
        registry.latest()
    while int(time.time()) <= first.time:
        # Two chains that begin in one second begin with the same block.
        time.sleep(0.05)
    testnet.wipe()
    chain = Chain(testnet.url, chain_id=CHAIN_ID)
    registry, sender = RegistryClient(chain, REGISTRY), Sender(chain, anchorer)

    assert chain.genesis_hash() != before
    with pytest.raises(ChainMismatch) as mismatch:
        NodeReader(registry).batch(BATCH_ID)
    assert mismatch.value.code == "registry_missing"
    assert deploy_registry(chain, deployer, anchorer=anchorer.address).address == REGISTRY
    for transaction in stored:
        decision = decide(transaction, sender.observe([transaction]), depth=1, overdue=False)
        assert decision.action is Action.BROADCAST
        sender.broadcast(transaction.raw)
    assert already_registered(registry, BATCH_ID, BATCH_ROOT)
    assert already_anchored(registry, 14, LOG_ROOT)
