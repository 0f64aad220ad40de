"""Anchoring on the real Hardhat node: outages, crashes, reorganisations, rivals, a wiped chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.chain.clients import connect
from provenance.chain.registry import RegistryClient, anchor_checkpoint_data, register_batch_data
from provenance.chain.rpc import Chain
from provenance.chain.sender import Fees
from provenance.chain.signer import Signer
from provenance.services.anchoring import AnchoringService
from provenance.services.chainview import RegistryView
from provenance.services.history import KnownHead
from provenance.store import anchors, manifests, outbox
from provenance.store.anchors import AnchorKind, AnchorStatus, StoredAnchor, size_ref
from provenance.store.database import Database
from tests.chain.conftest import LocalChain, bare_chain, local, node_url
from tests.services.ledger_world import Crash, CrashAt, MadeBatch, WallClock, World, add_batch

__all__ = ["bare_chain", "local", "node_url"]
pytestmark = pytest.mark.node

DEPLOYER, ANCHORER = Signer.test_account(0), Signer.test_account(1)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(database, tmp_path, WallClock())
    database.dispose()


def service(world: World, registry: RegistryClient, **options: Any) -> AnchoringService:
    chosen = {"depth": 1, "deployer": DEPLOYER, **options}
    return AnchoringService(world.context, registry, ANCHORER, chosen.pop("holder", "one"), **chosen)


def checkpoint_at(world: World, count: int = 3) -> int:
    """*count* more entries, sequenced and wanted on chain; the size."""
    world.enter_many(count)
    sequencer = world.sequencer(lease_ms=0)
    head = sequencer.sequence()
    assert head is not None
    return head.size


def anchor_of(world: World, kind: AnchorKind, ref: bytes) -> StoredAnchor:
    with world.database.read() as connection:
        found = anchors.get(connection, kind, ref)
    assert found is not None
    return found


def of_size(world: World, size: int) -> StoredAnchor:
    return anchor_of(world, AnchorKind.CHECKPOINT, size_ref(size))


def of_batch(world: World, batch: MadeBatch) -> StoredAnchor:
    return anchor_of(world, AnchorKind.BATCH, batch.batch_id)


def wanted(world: World, anchoring: AnchoringService, count: int = 3) -> int:
    """*count* more entries, wanted on chain and sequenced; the size, of which the last is a STATE."""
    world.enter_many(count)
    least = anchoring.want_checkpoint()
    size = checkpoint_at(world, 0)
    assert least is None or least <= size
    assert anchoring.want_checkpoint() == size
    return size


def beat_until_final(world: World, anchoring: AnchoringService) -> None:
    for _ in range(10):
        anchoring.beat()
        with world.database.read() as connection:
            left = [one for kind in AnchorKind for one in anchors.unsettled(connection, kind, 10)]
        if not left:
            return
    raise AssertionError(f"never final: {left}")


class TestTheGoodWay:
    def test_a_batch_and_a_checkpoint_are_final_in_one_beat_of_a_local_chain(
        self, world: World, local: LocalChain
    ) -> None:
        batch = add_batch(world)
        anchoring = service(world, local.registry)
        size = wanted(world, anchoring)
        report = anchoring.beat()
        assert (report.sent, report.final, report.problems) == (2, 2, [])
        on_chain = local.registry.batch(batch.batch_id)
        assert on_chain is not None
        stored = of_batch(world, batch)
        assert (stored.status, stored.block_time, on_chain.root) == (
            AnchorStatus.FINAL,
            on_chain.time,
            batch.manifest.root,
        )
        assert stored.tx_hash is not None
        assert stored.block_hash is not None
        checkpoint = local.registry.checkpoint(size)
        assert checkpoint is not None
        assert checkpoint.root == of_size(world, size).root

    def test_a_second_checkpoint_extends_the_first_on_chain(self, world: World, local: LocalChain) -> None:
        anchoring = service(world, local.registry)
        for count in (3, 300):
            size = wanted(world, anchoring, count)
            assert anchoring.beat().problems == []
        assert local.registry.latest() == size
        assert of_size(world, size).status is AnchorStatus.FINAL

    def test_sizes_wait_their_turn_and_go_in_order(self, world: World, local: LocalChain) -> None:
        anchoring = service(world, local.registry)
        sizes = [wanted(world, anchoring, count) for count in (1, 5, 2)]
        anchoring.beat()
        assert [of_size(world, size).status for size in sizes] == [AnchorStatus.FINAL] * 3
        assert local.registry.latest() == sizes[-1]

    def test_one_checkpoint_is_in_flight_at_a_time(self, world: World, local: LocalChain) -> None:
        anchoring = service(world, local.registry)
        first, second = wanted(world, anchoring), wanted(world, anchoring)
        local.automine(False)
        for _ in range(3):
            anchoring.beat()
        assert of_size(world, first).status is AnchorStatus.SENT
        assert of_size(world, second).status is AnchorStatus.WANTED
        local.automine(True)
        local.mine()
        beat_until_final(world, anchoring)
        assert local.registry.latest() == second

    def test_pending_confirmed_and_final_are_told_apart_by_depth(
        self, world: World, local: LocalChain
    ) -> None:
        anchoring = service(world, local.registry, depth=4)
        size = wanted(world, anchoring)
        batch = add_batch(world)
        assert of_size(world, size).status is AnchorStatus.WANTED
        anchoring.beat()
        assert of_size(world, size).status is AnchorStatus.CONFIRMED
        assert of_batch(world, batch).status is AnchorStatus.CONFIRMED
        local.mine(4)
        anchoring.beat()
        assert of_size(world, size).status is AnchorStatus.FINAL
        assert of_batch(world, batch).status is AnchorStatus.FINAL

    def test_on_the_beat_nothing_is_wanted_too_soon_nor_while_another_is_under_way(
        self, world: World, local: LocalChain
    ) -> None:
        anchoring = service(world, local.registry)
        size = wanted(world, anchoring)
        checkpoint_at(world)
        world.clock.pass_ms(600_000)
        assert anchoring.want_checkpoint(apart_ms=600_000) == size
        anchoring.beat()
        assert anchoring.want_checkpoint(apart_ms=600_000) == size + 4
        second = checkpoint_at(world)
        assert second == size + 7
        anchoring.beat()
        checkpoint_at(world)
        assert anchoring.want_checkpoint(apart_ms=600_000) == second
        assert anchoring.want_checkpoint() == second + 4


class TestTroubles:
    @pytest.mark.parametrize("point", ["stored", "broadcast", "noted"])
    def test_a_crash_at_any_point_sends_nothing_twice(
        self, world: World, local: LocalChain, point: str
    ) -> None:
        batch = add_batch(world)
        size = wanted(world, service(world, local.registry))
        hook = CrashAt(point)
        with pytest.raises(Crash):
            service(world, local.registry, hook=hook).beat()
        assert hook.met[-1] == point
        beat_until_final(world, service(world, local.registry))
        assert of_batch(world, batch).status is AnchorStatus.FINAL
        assert of_size(world, size).status is AnchorStatus.FINAL
        assert local.chain.mined_nonce(ANCHORER.address) == 2

    def test_a_node_that_is_down_loses_nothing(self, world: World, local: LocalChain) -> None:
        dead = connect("http://127.0.0.1:9", chain_id=31337, registry=local.registry.address)
        anchoring = service(world, dead)
        size = wanted(world, anchoring)
        assert anchoring.beat().problems == ["chain_unavailable"]
        assert of_size(world, size).status is AnchorStatus.WANTED
        service(world, local.registry).beat()
        assert of_size(world, size).status is AnchorStatus.FINAL

    def test_a_node_of_another_chain_is_left_alone(self, world: World, node_url: str) -> None:
        stranger = connect(node_url, chain_id=5, registry=world.context.domain.registry)
        with pytest.raises(Exception, match="test account"):
            Signer.test_account(1, chain_id=5)
        signer = Signer(bytes(31) + b"\x55", chain_id=5)
        report = AnchoringService(world.context, stranger, signer, "one", depth=1).beat()
        assert report.problems == ["wrong_chain_id"]

    def test_what_a_reorganisation_takes_away_is_sent_again(self, world: World, local: LocalChain) -> None:
        anchoring = service(world, local.registry, depth=6)
        batch = add_batch(world)
        size = wanted(world, anchoring)
        snapshot = local.snapshot()
        anchoring.beat()
        assert of_size(world, size).status is AnchorStatus.CONFIRMED
        local.revert(snapshot)
        assert local.registry.latest() == 0
        anchoring.beat()
        local.mine(6)
        beat_until_final(world, anchoring)
        assert local.registry.latest() == size
        assert of_size(world, size).status is AnchorStatus.FINAL
        assert of_batch(world, batch).status is AnchorStatus.FINAL

    def test_a_reorganisation_deeper_than_final_is_survived_too(
        self, world: World, local: LocalChain
    ) -> None:
        anchoring = service(world, local.registry)
        anchoring.beat()
        snapshot = local.snapshot()
        sizes = [wanted(world, anchoring), wanted(world, anchoring)]
        anchoring.beat()
        local.revert(snapshot)
        assert anchoring.beat().final == 0  # nothing to do, so the chain is left alone for a while
        world.clock.pass_ms(15_000)
        assert anchoring.beat().final == 2
        assert [of_size(world, size).status for size in sizes] == [AnchorStatus.FINAL] * 2
        assert local.registry.checkpoint(sizes[0]) is not None
        assert local.registry.latest() == sizes[1]

    def test_a_stuck_transaction_is_outbid_with_the_same_nonce(self, world: World, local: LocalChain) -> None:
        anchoring = service(world, local.registry, stuck_ms=60_000)
        size = wanted(world, anchoring)
        local.automine(False)
        anchoring.beat()
        first = of_size(world, size).tx_hash
        anchoring.beat()
        assert of_size(world, size).tx_hash == first
        world.clock.pass_ms(61_000)
        anchoring.beat()
        second = of_size(world, size).tx_hash
        assert second != first
        with world.database.read() as connection:
            attempts = outbox.attempts(connection, AnchorKind.CHECKPOINT, size_ref(size))
        assert [attempt.nonce for attempt in attempts] == [0, 0]
        assert [attempt.status for attempt in attempts] == [outbox.TxStatus.REPLACED, outbox.TxStatus.SENT]
        local.automine(True)
        local.mine()
        beat_until_final(world, anchoring)
        assert of_size(world, size).tx_hash == second
        assert local.chain.mined_nonce(ANCHORER.address) == 1

    def test_a_batch_that_somebody_else_registered_is_done(self, world: World, local: LocalChain) -> None:
        batch = add_batch(world)
        anchoring = service(world, local.registry)
        local.automine(False)
        anchoring.beat()
        with world.database.read() as connection:
            signed = manifests.signed_batch(connection, batch.batch_id)
        assert signed is not None
        copier = Signer.test_account(5)
        copied = copier.sign_transaction(
            nonce=0,
            to=local.registry.address,
            data=register_batch_data(signed.manifest, signed.signature),
            gas=500_000,
            # More than ours, so that the copy comes first in the block and ours reverts.
            fees=Fees(10**12, 10**11),
        )
        local.chain.send_raw(copied.raw)
        local.mine()
        local.automine(True)
        beat_until_final(world, anchoring)
        assert of_batch(world, batch).status is AnchorStatus.FINAL
        other = add_batch(world, number=1002)
        beat_until_final(world, anchoring)
        assert of_batch(world, other).status is AnchorStatus.FINAL

    def test_a_checkpoint_that_is_there_already_is_done(self, world: World, local: LocalChain) -> None:
        anchoring = service(world, local.registry)
        size = wanted(world, anchoring)
        sender = local.sender
        data = anchor_checkpoint_data(size, of_size(world, size).root, ())
        sender.broadcast(sender.prepare(local.registry.address, data, nonce=0).raw)
        report = anchoring.beat()
        assert (report.sent, report.final) == (0, 1)

    def test_a_size_that_the_chain_went_past_is_given_up(self, world: World, local: LocalChain) -> None:
        anchoring = service(world, local.registry)
        small = wanted(world, anchoring)
        large = wanted(world, anchoring)
        sender = local.sender
        data = anchor_checkpoint_data(large, of_size(world, large).root, ())
        sender.broadcast(sender.prepare(local.registry.address, data, nonce=0).raw)
        beat_until_final(world, anchoring)
        with world.database.read() as connection:
            assert anchors.get(connection, AnchorKind.CHECKPOINT, size_ref(small)) is None
        assert of_size(world, large).status is AnchorStatus.FINAL

    def test_another_root_on_chain_stops_anchoring_and_the_sequencer(
        self, world: World, local: LocalChain
    ) -> None:
        anchoring = service(world, local.registry)
        size = wanted(world, anchoring)
        sender = local.sender
        data = anchor_checkpoint_data(size, bytes(32), ())
        sender.broadcast(sender.prepare(local.registry.address, data, nonce=0).raw)
        assert anchoring.beat().problems == ["checkpoint_conflict"]
        view = RegistryView(local.registry, depth=1)
        assert view.anchored() == KnownHead(size, bytes(32))
        with pytest.raises(Exception, match="rolled back"):
            world.sequencer(chain=view).start()

    def test_a_nonce_that_others_spent_is_signed_anew(self, world: World, local: LocalChain) -> None:
        anchoring = service(world, local.registry)
        size = wanted(world, anchoring)
        local.automine(False)
        with pytest.raises(Crash):
            service(world, local.registry, hook=CrashAt("stored")).beat()
        local.automine(True)
        sender = local.sender
        sender.broadcast(sender.prepare(ANCHORER.address, b"", nonce=0).raw)
        beat_until_final(world, anchoring)
        assert of_size(world, size).status is AnchorStatus.FINAL

    def test_a_stranger_with_our_nonce_in_the_mempool_is_outbid(
        self, world: World, local: LocalChain
    ) -> None:
        anchoring = service(world, local.registry)
        size = wanted(world, anchoring)
        local.automine(False)
        sender = local.sender
        stranger = sender.broadcast(sender.prepare(ANCHORER.address, b"", nonce=0).raw)
        assert anchoring.beat().problems == []
        local.automine(True)
        local.mine()
        beat_until_final(world, anchoring)
        assert of_size(world, size).status is AnchorStatus.FINAL
        assert local.chain.receipt(stranger) is None
        assert local.chain.mined_nonce(ANCHORER.address) == 1

    def test_only_one_of_two_workers_anchors(self, world: World, local: LocalChain) -> None:
        one, two = service(world, local.registry), service(world, local.registry, holder="two")
        add_batch(world)
        assert one.beat().leads
        assert not two.beat().leads
        one.stop()
        assert two.beat().leads

    def test_a_worker_that_lost_the_lead_while_signing_stores_nothing(
        self, world: World, local: LocalChain, node_url: str
    ) -> None:
        batch = add_batch(world)
        two = service(world, local.registry, holder="two", lease_ms=0)

        class Slow(Chain):
            def estimate_gas(self, sender: bytes, to: bytes | None, calldata: bytes, value: int = 0) -> int:
                estimate = super().estimate_gas(sender, to, calldata, value)
                two.beat()
                return estimate

        slow = RegistryClient(Slow(node_url, chain_id=31337), local.registry.address)
        one = service(world, slow, lease_ms=0)
        assert one.beat().problems == ["not_leader"]
        assert of_batch(world, batch).status is AnchorStatus.FINAL
        assert local.chain.mined_nonce(ANCHORER.address) == 1


class TestDeployment:
    def test_without_a_deployer_a_missing_registry_is_reported(self, world: World, bare_chain: Chain) -> None:
        registry = RegistryClient(bare_chain, world.context.domain.registry)
        assert service(world, registry, deployer=None).beat().problems == ["registry_missing"]

    def test_with_one_it_is_deployed(self, world: World, bare_chain: Chain) -> None:
        registry = RegistryClient(bare_chain, world.context.domain.registry)
        anchoring = service(world, registry)
        assert anchoring.ensure_registry() is not None
        assert anchoring.ensure_registry() is None
        assert registry.identify().anchorer == ANCHORER.address

    def test_a_registry_elsewhere_than_configured_is_refused(self, world: World, bare_chain: Chain) -> None:
        registry = RegistryClient(bare_chain, bytes(19) + b"\x77")
        assert service(world, registry).beat().problems == ["registry_address"]
