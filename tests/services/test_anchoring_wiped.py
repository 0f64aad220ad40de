"""A local testnet that was wiped: everything comes back, and proofs made before still verify."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.chain.clients import NodeReader, connect
from provenance.chain.signer import Signer
from provenance.chain.testnet import LocalTestnet
from provenance.core.entries import EntryType, PartyReason
from provenance.core.proofs import ReaderContext, verify
from provenance.errors import ChainUnavailable
from provenance.services.anchoring import AnchoringService
from provenance.services.chainview import RegistryView
from provenance.services.context import Limits
from provenance.services.proving import ProvingService
from provenance.store import anchors
from provenance.store.anchors import AnchorKind, AnchorStatus, size_ref
from provenance.store.database import Database
from tests.services.ledger_world import SUPPLIER, WallClock, World, act, add_batch, admit
from tests.support.parts import missing_part

pytestmark = [pytest.mark.node, pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def testnet(tmp_path: Path) -> Iterator[LocalTestnet]:
    running = LocalTestnet(ROOT, state_dir=tmp_path / "testnet")
    try:
        running.start()
    except ChainUnavailable as error:
        missing_part("the local testnet", error.message)
    yield running
    running.stop()


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(database, tmp_path, WallClock(), Limits(beacon_apart_ms=0))
    database.dispose()


def test_a_wiped_testnet_gets_registry_batches_and_every_anchored_size_back(
    world: World, testnet: LocalTestnet
) -> None:
    registry = connect(testnet.url, chain_id=31337, registry=world.context.domain.registry)
    anchorer, deployer = Signer.test_account(1), Signer.test_account(0)
    anchoring = AnchoringService(world.context, registry, anchorer, "one", depth=1, deployer=deployer)
    anchoring.ensure_registry()
    sequencer = world.sequencer(chain=RegistryView(registry, depth=1))
    proving = ProvingService(world.context, registry)
    admit(world, SUPPLIER, PartyReason.SUPPLIER)
    batch = add_batch(world)
    act(world, batch, EntryType.COMMISSION, SUPPLIER, count=7)
    sizes = []
    for index in (1, 2):
        act(world, batch, EntryType.VOID, SUPPLIER, first=index)
        anchoring.want_checkpoint()
        sequencer.sequence()
        sizes.append(anchoring.want_checkpoint())
        assert anchoring.beat().problems == []
    old = proving.bundle(batch.batch_id, 1)

    url = testnet.wipe()
    assert url
    world.clock.pass_ms(15_000)
    assert anchoring.beat().problems == []

    assert registry.latest() == sizes[-1]
    with world.database.read() as connection:
        for size in sizes:
            assert size is not None
            stored = anchors.get(connection, AnchorKind.CHECKPOINT, size_ref(size))
            on_chain = registry.checkpoint(size)
            assert stored is not None
            assert on_chain is not None
            assert (stored.status, stored.root) == (AnchorStatus.FINAL, on_chain.root)
            assert stored.block_time == on_chain.time
    reader = ReaderContext(world.context.domain, world.log_key, node=NodeReader(registry))
    assert verify(old, reader).anchoring == "anchored"
    fresh = proving.bundle(batch.batch_id, 2, with_state_proof=True)
    trusted = ReaderContext(
        world.context.domain, world.log_key, trusted_block_hash=registry.chain.newest_block().hash
    )
    assert verify(fresh, trusted).anchoring == "anchored"
    act(world, batch, EntryType.VOID, SUPPLIER, first=3)
    anchoring.want_checkpoint()
    sequencer.sequence()
    assert anchoring.beat().problems == []
    assert verify(proving.bundle(batch.batch_id, 3), reader).state == "VOID"


def test_while_the_testnet_is_down_the_log_goes_on(world: World, testnet: LocalTestnet) -> None:
    registry = connect(testnet.url, chain_id=31337, registry=world.context.domain.registry)
    anchorer, deployer = Signer.test_account(1), Signer.test_account(0)
    anchoring = AnchoringService(world.context, registry, anchorer, "one", depth=1, deployer=deployer)
    sequencer = world.sequencer(chain=RegistryView(registry, depth=1))
    testnet.stop()
    world.enter()
    head = sequencer.sequence()
    assert head is not None
    anchoring.want_checkpoint()
    assert anchoring.beat().problems == ["chain_unavailable"]
