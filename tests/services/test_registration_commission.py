"""From staged to live: the supplier's signature and nobody else's, once, and in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import coincurve
import pytest
from coincurve._libsecp256k1 import ffi

from provenance.core.entries import Entry, EntryType
from provenance.core.manifest import Domain
from provenance.errors import AccessDenied, Conflict, NotFound, ProvenanceError, SignatureInvalid
from provenance.services.registration import Status, ToSign
from provenance.store import entries as entry_store
from tests.services.registration_world import FIRST, SECOND, START, World, lines, numbered, world

DAY = 24 * 3_600_000
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def here(database_url: str) -> Iterator[World]:
    with world(database_url) as made:
        yield made


def staged(here: World, first: int = 0, count: int = 3) -> ToSign:
    found = here.stage(FIRST, lines(*numbered(first, count)), "google-play").to_sign
    assert found is not None
    return found


def refusal(here: World, batch: ToSign, signature: bytes) -> ProvenanceError:
    with pytest.raises(ProvenanceError) as caught:
        here.service.commission(FIRST.address, batch.batch_id, signature)
    return caught.value


def test_the_suppliers_signature_makes_the_batch_live(here: World) -> None:
    batch = staged(here)
    recorded = here.service.commission(FIRST.address, batch.batch_id, FIRST.sign(batch.digest))
    assert recorded.entry == Entry(EntryType.COMMISSION, START, batch.batch_id, FIRST.address, 0, 3)
    view = here.service.batch(batch.batch_id)
    assert view.status is Status.LIVE and view.anchor == "pending" and view.commissioned_at == START
    assert here.rows("SELECT first, count, last_time FROM holding") == [(0, 3, START)]
    assert here.rows("SELECT kind, status FROM anchor") == [(1, 0)]
    with here.context.database.read() as connection:
        [stored] = entry_store.ranges_of_batch(connection, batch.batch_id)
    assert stored.event == recorded.event and stored.entry == recorded.entry


def test_the_same_signature_again_gives_the_first_answer(here: World) -> None:
    batch = staged(here)
    signature = FIRST.sign(batch.digest)
    first = here.service.commission(FIRST.address, batch.batch_id, signature)
    here.clock.time += 5 * DAY
    assert here.service.commission(FIRST.address, batch.batch_id, signature) == first
    assert here.count("entry") == 1


def test_a_signature_by_another_key_is_refused(here: World) -> None:
    batch = staged(here)
    assert isinstance(refusal(here, batch, SECOND.sign(batch.digest)), SignatureInvalid)
    assert here.service.batch(batch.batch_id).status is Status.STAGED


def test_a_signature_for_another_chain_or_registry_is_refused(here: World) -> None:
    batch = staged(here)
    for domain in (Domain(1, batch.domain.registry), replace(batch.domain, registry=b"\x11" * 20)):
        signature = FIRST.sign(batch.manifest.digest(domain))
        assert isinstance(refusal(here, batch, signature), SignatureInvalid)


def test_the_other_half_of_the_curve_and_foreign_recovery_values_are_refused(here: World) -> None:
    batch = staged(here)
    good = FIRST.sign(batch.digest)
    high_s = (CURVE_ORDER - int.from_bytes(good[32:64])).to_bytes(32)
    malleable = good[:32] + high_s + bytes([55 - good[64]])
    for forged in (
        malleable,
        good[:64] + bytes([good[64] - 27]),
        good[:64] + b"\x25",
        good[:64],
        good + b"\0",
    ):
        assert isinstance(refusal(here, batch, forged), SignatureInvalid)
    here.service.commission(FIRST.address, batch.batch_id, good)


def test_a_batch_of_another_supplier_is_not_found(here: World) -> None:
    batch = staged(here)
    with pytest.raises(NotFound):
        here.service.commission(SECOND.address, batch.batch_id, SECOND.sign(batch.digest))
    with pytest.raises(NotFound):
        here.service.abandon(SECOND.address, batch.batch_id)
    with pytest.raises(NotFound):
        here.service.commission(FIRST.address, bytes(32), FIRST.sign(batch.digest))


def test_a_suspended_supplier_commissions_nothing(here: World) -> None:
    batch = staged(here)
    here.change(FIRST, suspended=True)
    found = refusal(here, batch, FIRST.sign(batch.digest))
    assert isinstance(found, AccessDenied) and found.code == "suspended"


def test_the_entry_is_younger_than_the_admission_of_its_supplier(here: World) -> None:
    here.change(FIRST, since=START + 40)
    batch = staged(here)
    recorded = here.service.commission(FIRST.address, batch.batch_id, FIRST.sign(batch.digest))
    assert recorded.entry.time == START + 41


def test_a_batch_staged_too_long_ago_is_not_commissioned(here: World) -> None:
    batch = staged(here)
    here.clock.time += DAY
    found = refusal(here, batch, FIRST.sign(batch.digest))
    assert isinstance(found, Conflict) and found.code == "staging_expired"
    assert here.count("entry") == 0 and here.count("holding") == 0


def test_a_staged_batch_holds_its_keys_for_a_day_and_then_yields_them(here: World) -> None:
    batch = staged(here)
    here.clock.time += DAY - 1
    early = here.stage(SECOND, lines(*numbered(0, 3)), "google-play")
    assert early.counts.duplicates.other_party == 3
    here.clock.time += 1
    late = here.stage(SECOND, lines(*numbered(0, 3)), "google-play")
    assert late.counts.accepted == 3 and late.guesses == 0
    assert here.service.batch(batch.batch_id).status is Status.ABANDONED
    assert here.count("card_key") == 3
    assert refusal(here, batch, FIRST.sign(batch.digest)).code == "batch_abandoned"


def test_a_live_batch_never_yields_its_keys(here: World) -> None:
    batch = staged(here)
    here.service.commission(FIRST.address, batch.batch_id, FIRST.sign(batch.digest))
    here.clock.time += 400 * DAY
    assert here.service.purge_expired() == 0
    assert here.stage(SECOND, lines(*numbered(0, 3)), "google-play").counts.duplicates.other_party == 3


def test_purging_gives_up_what_is_over_and_nothing_else(here: World) -> None:
    old = staged(here)
    here.clock.time += DAY - 10
    young = staged(here, first=100)
    here.clock.time += 10
    assert here.service.purge_expired() == 1
    assert here.service.batch(old.batch_id).status is Status.ABANDONED
    assert here.service.batch(young.batch_id).status is Status.STAGED
    assert (here.count("card_key"), here.count("alias"), here.count("tile")) == (3, 3, 1)


def test_an_abandoned_batch_frees_its_keys_and_forgets_its_seed(here: World) -> None:
    batch = staged(here)
    here.service.abandon(FIRST.address, batch.batch_id)
    here.service.abandon(FIRST.address, batch.batch_id)
    for table in ("card_key", "alias", "tile", "reject"):
        assert here.count(table) == 0
    with pytest.raises(NotFound):
        here.service.restore_secrets(batch.batch_id, FIRST.address)
    assert refusal(here, batch, FIRST.sign(batch.digest)).code == "batch_abandoned"
    assert here.stage(FIRST, lines(*numbered(0, 3)), "google-play").counts.accepted == 3


def test_a_live_batch_is_not_abandoned(here: World) -> None:
    batch = staged(here)
    here.service.commission(FIRST.address, batch.batch_id, FIRST.sign(batch.digest))
    with pytest.raises(Conflict) as caught:
        here.service.abandon(FIRST.address, batch.batch_id)
    assert caught.value.code == "already_commissioned"
    assert here.count("card_key") == 3


def test_a_restart_between_staging_and_signing_changes_nothing(database_url: str) -> None:
    with world(database_url) as before:
        batch = staged(before)
    with world(database_url, seed=2) as after:
        seed = after.service.restore_secrets(batch.batch_id, FIRST.address)
        assert seed == batch.seed
        after.service.commission(
            FIRST.address, batch.batch_id, FIRST.sign(after.service.batch(batch.batch_id).digest)
        )
        assert after.service.batch(batch.batch_id).status is Status.LIVE


@pytest.mark.parametrize(("stored", "shown"), [(0, "pending"), (1, "pending"), (2, "anchored"), (3, "final")])
def test_the_anchor_is_shown_as_it_stands(here: World, stored: int, shown: str) -> None:
    batch = staged(here)
    here.service.commission(FIRST.address, batch.batch_id, FIRST.sign(batch.digest))
    with here.context.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE anchor SET status = {stored}")
    assert here.service.batch(batch.batch_id).anchor == shown


def test_a_suppliers_batches_are_listed_newest_first(here: World) -> None:
    ids = []
    for round_ in range(3):
        here.clock.time += 1
        ids.append(staged(here, first=10 * round_).batch_id)
    assert here.service.batches_of(FIRST.address, here.clock.time + 1, 10) == ids[::-1]
    assert here.service.batches_of(FIRST.address, here.clock.time, 1) == [ids[1]]
    assert here.service.batches_of(SECOND.address, here.clock.time + 1, 10) == []


def test_batches_of_one_millisecond_are_all_listed_wherever_a_page_ends(here: World) -> None:
    ids = {staged(here, first=10 * number).batch_id for number in range(5)}
    every = here.service.batches_of(FIRST.address, here.clock.time + 1, 10)
    assert set(every) == ids and len(every) == 5
    paged: list[bytes] = []
    last: bytes | None = None
    while page := here.service.batches_of(FIRST.address, here.clock.time + 1, 2, after=last):
        paged += page
        last = page[-1]
    assert paged == every
    assert here.service.batches_of(FIRST.address, here.clock.time, 10, after=every[0]) == []
    with pytest.raises(NotFound):
        here.service.batches_of(SECOND.address, here.clock.time + 1, 10, after=every[0])


def test_a_live_batch_shows_the_registry_it_was_signed_for(database_url: str) -> None:
    with world(database_url) as here:
        batch = staged(here)
        waiting = staged(here, first=50)
        here.service.commission(FIRST.address, batch.batch_id, FIRST.sign(batch.digest))
    moved = Domain(31337, b"\x22" * 20)
    with world(database_url, domain=moved) as here:
        assert here.service.batch(batch.batch_id).digest == batch.digest
        assert refusal(here, waiting, FIRST.sign(waiting.digest)).code == "signature_invalid"
        view = here.service.batch(waiting.batch_id)
        assert view.domain == moved and view.batch_id == waiting.batch_id
        here.service.commission(FIRST.address, waiting.batch_id, FIRST.sign(view.digest))


def test_of_two_signatures_of_one_manifest_the_first_stays(here: World) -> None:
    batch = staged(here)
    here.service.commission(FIRST.address, batch.batch_id, FIRST.sign(batch.digest))
    other = coincurve.PrivateKey(FIRST.private_key).sign_recoverable(
        batch.digest, hasher=None, custom_nonce=(ffi.NULL, ffi.new("unsigned char[32]", b"\x07" * 32))
    )
    second = other[:64] + bytes([27 + other[64]])
    assert second != FIRST.sign(batch.digest)
    assert refusal(here, batch, second).code == "already_commissioned"
    assert here.service.batch(batch.batch_id).signature == FIRST.sign(batch.digest)
