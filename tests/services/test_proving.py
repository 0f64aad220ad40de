"""Bundles made from the store, checked by the core alone: pending, anchored, by node, by state proof."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.chain.clients import NodeReader
from provenance.chain.signer import Signer
from provenance.core.commitments import order_use, use_party
from provenance.core.entries import EntryType, PartyReason
from provenance.core.keyformats import CardKey
from provenance.core.proofs import Evidence, ReaderContext, read_bundle, verify
from provenance.errors import ChainUnavailable, Conflict, InputRefused, NotFound, ProofRejected
from provenance.services.anchoring import AnchoringService
from provenance.services.chainview import RegistryView
from provenance.services.context import Limits
from provenance.services.proving import ProvingService
from provenance.store import anchors
from provenance.store.anchors import AnchorKind
from provenance.store.database import Database
from tests.chain.conftest import LocalChain, bare_chain, local, node_url
from tests.services.ledger_world import (
    SHOP,
    SUPPLIER,
    MadeBatch,
    WallClock,
    World,
    act,
    add_batch,
    admit,
)

__all__ = ["bare_chain", "local", "node_url"]

KEY = 3
TOKEN = bytes(range(32))
DETAILS = {"order": "A-1001", "price": "49.50", "currency": "CNY"}


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    database = Database(database_url)
    yield World(database, tmp_path, WallClock(), Limits(beacon_apart_ms=0))
    database.dispose()


def commissioned(world: World) -> MadeBatch:
    admit(world, SUPPLIER, PartyReason.SUPPLIER)
    admit(world, SHOP, PartyReason.PLATFORM, {"name": "演示平台"})
    batch = add_batch(world)
    act(world, batch, EntryType.COMMISSION, SUPPLIER, count=7)
    return batch


def sold(world: World, batch: MadeBatch) -> bytes:
    """Hand five keys over and sell one; the buyer's use."""
    use = order_use(TOKEN, batch.batch_id, KEY)
    act(world, batch, EntryType.TRANSFER, SUPPLIER, count=5, party=SHOP)
    act(world, batch, EntryType.RECEIVE, SHOP, count=5, party=SUPPLIER)
    act(world, batch, EntryType.SELL, SHOP, first=KEY, party=use_party(use), details=DETAILS)
    act(world, batch, EntryType.DELIVER, SHOP, first=KEY, party=use_party(use))
    return use


def key_of(batch: MadeBatch, index: int = KEY) -> CardKey:
    serial, secret = batch.keys[index]
    return CardKey(batch.format_id, serial, secret)


def reader(world: World, **brought: Any) -> ReaderContext:
    return ReaderContext(network=world.context.domain, log_key=world.log_key, **brought)


def anchoring_of(world: World, local: LocalChain) -> AnchoringService:
    return AnchoringService(
        world.context,
        local.registry,
        Signer.test_account(1),
        "one",
        depth=1,
        deployer=Signer.test_account(0),
    )


def anchor(world: World, local: LocalChain) -> None:
    view = RegistryView(local.registry, depth=1)
    anchoring = anchoring_of(world, local)
    anchoring.want_checkpoint()
    world.sequencer(chain=view).sequence()
    report = anchoring.beat()
    assert report.problems == []


def steps_not_checked(evidence: Evidence) -> set[int]:
    return {number for number, _ in evidence.not_checked}


class TestPending:
    def test_a_fresh_sale_verifies_as_pending(self, world: World) -> None:
        batch = commissioned(world)
        use = sold(world, batch)
        world.sequencer().sequence()
        raw = ProvingService(world.context).bundle(batch.batch_id, KEY, opening=key_of(batch), use=use)
        evidence = verify(raw, reader(world, card_key=key_of(batch)))
        assert (evidence.anchoring, evidence.state, evidence.holder) == ("pending", "DELIVERED", SHOP)
        assert len(evidence.timeline) == 5
        assert 10 in steps_not_checked(evidence)

    def test_without_the_key_the_bundle_does_not_hold_it(self, world: World) -> None:
        batch = commissioned(world)
        world.sequencer().sequence()
        raw = ProvingService(world.context).bundle(batch.batch_id, KEY)
        assert batch.keys[KEY][1].encode() not in raw
        assert read_bundle(raw).key.opening is None
        assert verify(raw, reader(world)).state == "REGISTERED"

    def test_every_key_of_the_batch_has_its_own_proof(self, world: World) -> None:
        batch = commissioned(world)
        world.sequencer().sequence()
        for index in range(7):
            raw = ProvingService(world.context).bundle(batch.batch_id, index, opening=key_of(batch, index))
            assert verify(raw, reader(world, card_key=key_of(batch, index))).key_index == index

    def test_an_event_that_waits_for_its_index_makes_the_proof_wait(self, world: World) -> None:
        batch = commissioned(world)
        proving = ProvingService(world.context)
        with pytest.raises(Conflict) as refused:
            proving.bundle(batch.batch_id, KEY)
        assert (refused.value.code, refused.value.facts["retry_after"]) == ("not_sequenced_yet", 2)
        world.sequencer().sequence()
        proving.bundle(batch.batch_id, KEY)
        sold(world, batch)
        with pytest.raises(Conflict):
            proving.bundle(batch.batch_id, KEY)
        assert verify(proving.bundle(batch.batch_id, 6), reader(world)).state == "REGISTERED"

    def test_details_are_opened_only_where_disclosed(self, world: World) -> None:
        batch = commissioned(world)
        sold(world, batch)
        world.sequencer().sequence()
        proving = ProvingService(world.context)
        sealed = proving.bundle(batch.batch_id, KEY)
        assert b"A-1001" not in sealed
        opened = proving.bundle(
            batch.batch_id, KEY, discloses=lambda stored: stored.entry.type is EntryType.SELL
        )
        assert b"A-1001" in opened
        assert "演示平台".encode() not in opened
        verify(opened, reader(world))

    def test_another_key_or_use_than_that_of_the_place_is_refused(self, world: World) -> None:
        batch = commissioned(world)
        sold(world, batch)
        world.sequencer().sequence()
        proving = ProvingService(world.context)
        with pytest.raises(InputRefused) as refused:
            proving.bundle(batch.batch_id, KEY, opening=key_of(batch, 4))
        assert refused.value.code == "key_mismatch"
        with pytest.raises(InputRefused) as refused:
            proving.bundle(batch.batch_id, KEY, use=bytes(32))
        assert refused.value.code == "use_mismatch"

    @pytest.mark.parametrize("index", [-1, 7])
    def test_a_key_that_is_not_there_is_not_found(self, world: World, index: int) -> None:
        batch = commissioned(world)
        for batch_id, place in ((batch.batch_id, index), (bytes(32), KEY)):
            with pytest.raises(NotFound) as refused:
                ProvingService(world.context).bundle(batch_id, place)
            assert refused.value.code == "key_not_found"

    def test_a_successor_acts_for_the_party_it_succeeded(self, world: World) -> None:
        batch = commissioned(world)
        successor = b"\x99" * 20
        world.clock.pass_ms(1)
        admit(world, SUPPLIER, PartyReason.SUCCEEDED, party=successor)
        act(world, batch, EntryType.VOID, successor, first=KEY)
        world.sequencer().sequence()
        raw = ProvingService(world.context).bundle(batch.batch_id, KEY)
        assert verify(raw, reader(world)).state == "VOID"

    def test_a_suspension_is_in_the_bundle(self, world: World) -> None:
        batch = commissioned(world)
        sold(world, batch)
        admit(world, SHOP, PartyReason.SUSPENDED)
        world.sequencer().sequence()
        raw = ProvingService(world.context).bundle(batch.batch_id, KEY)
        reasons = [placed.entry.reason for placed in read_bundle(raw).parties]
        assert reasons == [PartyReason.SUPPLIER, PartyReason.PLATFORM, PartyReason.SUSPENDED]
        verify(raw, reader(world))

    def test_asked_for_an_anchored_proof_it_asks_for_the_anchor(self, world: World) -> None:
        batch = commissioned(world)
        world.sequencer().sequence()
        with pytest.raises(Conflict) as refused:
            ProvingService(world.context).bundle(batch.batch_id, KEY, want_anchored=True)
        assert refused.value.code == "not_anchored_yet"
        world.sequencer().sequence()
        with world.database.read() as connection:
            assert len(anchors.unsettled(connection, AnchorKind.CHECKPOINT, 9)) == 1

    def test_without_a_chain_there_is_no_state_proof(self, world: World) -> None:
        batch = commissioned(world)
        world.sequencer().sequence()
        with pytest.raises(ChainUnavailable):
            ProvingService(world.context).bundle(batch.batch_id, KEY, with_state_proof=True)


@pytest.mark.node
class TestAnchored:
    def make(self, world: World, local: LocalChain, **options: Any) -> tuple[MadeBatch, bytes]:
        """Commission and anchor, then sell and anchor: the bundle of the sold key."""
        batch = commissioned(world)
        anchor(world, local)
        local.mine()
        use = sold(world, batch)
        anchor(world, local)
        proving = ProvingService(world.context, local.registry)
        return batch, proving.bundle(batch.batch_id, KEY, opening=key_of(batch), use=use, **options)

    def test_it_verifies_by_node_with_brackets_on_both_sides(self, world: World, local: LocalChain) -> None:
        batch, raw = self.make(world, local)
        evidence = verify(raw, reader(world, card_key=key_of(batch), node=NodeReader(local.registry)))
        assert (evidence.anchoring, evidence.state) == ("anchored", "DELIVERED")
        assert not steps_not_checked(evidence) & {6, 7}
        commission, *later = evidence.timeline
        assert commission.before is not None
        assert commission.before.is_checked
        for event in later:
            assert event.after is not None
            assert event.before is not None
            assert event.after.is_checked
            assert event.before.is_checked
            assert commission.before.number < event.before.number

    def test_it_verifies_by_state_proof_with_a_trusted_block(self, world: World, local: LocalChain) -> None:
        _, raw = self.make(world, local, with_state_proof=True)
        trusted = local.chain.newest_block().hash
        evidence = verify(raw, reader(world, trusted_block_hash=trusted))
        assert evidence.anchoring == "anchored"
        with pytest.raises(ProofRejected) as refused:
            verify(raw, reader(world, trusted_block_hash=bytes(32)))
        assert refused.value.step == 7

    def test_with_neither_it_says_so(self, world: World, local: LocalChain) -> None:
        _, raw = self.make(world, local)
        evidence = verify(raw, reader(world))
        assert evidence.anchoring == "anchored, not checked"
        assert 7 in steps_not_checked(evidence)

    def test_an_event_after_the_anchor_makes_it_pending_again(self, world: World, local: LocalChain) -> None:
        batch, raw = self.make(world, local)
        use = order_use(TOKEN, batch.batch_id, KEY)
        act(world, batch, EntryType.REDEEM, use_party(use), first=KEY, party=use_party(use))
        world.sequencer().sequence()
        proving = ProvingService(world.context)
        evidence = verify(proving.bundle(batch.batch_id, KEY), reader(world))
        assert (evidence.anchoring, evidence.state) == ("pending", "REDEEMED")
        untouched = verify(proving.bundle(batch.batch_id, 6), reader(world))
        assert untouched.anchoring == "anchored, not checked"
        assert verify(raw, reader(world)).state == "DELIVERED"

    def test_headers_of_beacons_are_kept_for_the_day_the_chain_is_gone(
        self, world: World, local: LocalChain
    ) -> None:
        _, raw = self.make(world, local)
        beacons = read_bundle(raw).beacons
        assert beacons
        assert all(beacon.header is not None for beacon in beacons)

    def test_the_bundle_is_the_same_whoever_asks_again(self, world: World, local: LocalChain) -> None:
        batch, raw = self.make(world, local)
        use = order_use(TOKEN, batch.batch_id, KEY)
        again = ProvingService(world.context).bundle(batch.batch_id, KEY, opening=key_of(batch), use=use)
        assert json.loads(again) == json.loads(raw)
