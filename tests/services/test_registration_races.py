"""Two suppliers at one moment: each key has one owner, whoever was first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import BytesIO

import pytest

from provenance.errors import Conflict, ProvenanceError
from provenance.services import stage_reading, stage_writing
from provenance.services.registration import Staged, StageOptions
from tests.services.registration_world import FIRST, SECOND, Supplier, World, lines, numbered, world

pytestmark = pytest.mark.race


@pytest.fixture
def here(database_url: str) -> Iterator[World]:
    with world(database_url) as made:
        yield made


def at_once(*jobs: object) -> list[object]:
    """Run every job in a thread of its own, released together; results or errors in order."""
    gate = threading.Barrier(len(jobs))
    found: list[object] = [None] * len(jobs)

    def run(place: int, job: object) -> None:
        gate.wait()
        try:
            found[place] = job()  # type: ignore[operator]
        except ProvenanceError as error:
            found[place] = error

    threads = [threading.Thread(target=run, args=(place, job)) for place, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("round_", range(4))
def test_of_overlapping_files_registered_at_once_each_key_has_one_owner(here: World, round_: int) -> None:
    suppliers = [FIRST, SECOND, Supplier(3), Supplier(4)]
    here.admit(*suppliers)
    files = [numbered(200 * place, 600) for place in range(len(suppliers))]
    files[1].reverse()
    found = at_once(
        *(
            lambda supplier=supplier, keys=keys: here.stage(
                supplier, lines(*keys), "google-play", on_error="proceed"
            )
            for supplier, keys in zip(suppliers, files, strict=True)
        )
    )
    accepted, duplicates = 0, 0
    for staged, keys in zip(found, files, strict=True):
        assert isinstance(staged, Staged)
        assert staged.counts.accepted + staged.counts.duplicates.other_party == len(keys)
        accepted += staged.counts.accepted
        duplicates += staged.counts.duplicates.other_party
    distinct = len({key for keys in files for key in keys})
    assert accepted == distinct == here.count("card_key")
    assert here.rows("SELECT count(*) FROM (SELECT DISTINCT tag FROM card_key) AS tags") == [(distinct,)]
    for size, held, top in here.rows(
        "SELECT b.size, count(*), max(k.idx) FROM batch b JOIN card_key k ON k.batch = b.number"
        " GROUP BY b.number, b.size"
    ):
        assert size == held == top + 1


def test_of_one_file_rolled_back_on_errors_exactly_one_of_many_is_staged(here: World) -> None:
    suppliers = [Supplier(number) for number in range(3, 9)]
    here.admit(*suppliers)
    found = at_once(
        *(lambda each=each: here.stage(each, lines(*numbered(0, 300)), "google-play") for each in suppliers)
    )
    stored = [staged for staged in found if isinstance(staged, Staged) and staged.to_sign]
    assert len(stored) == 1 and here.count("batch") == 1 and here.count("card_key") == 300


def test_of_many_identical_commissions_one_is_recorded_and_all_get_its_event(here: World) -> None:
    batch = here.stage(FIRST, lines(*numbered(0, 5)), "google-play").to_sign
    assert batch is not None
    signature = FIRST.sign(batch.digest)
    found = at_once(
        *(lambda: here.service.commission(FIRST.address, batch.batch_id, signature) for _ in range(6))
    )
    assert len({answer.event for answer in found}) == 1  # type: ignore[attr-defined]
    assert here.count("entry") == here.count("holding") == here.count("anchor") == 1


def test_a_batch_is_commissioned_or_abandoned_and_never_both(here: World) -> None:
    for round_ in range(8):
        batch = here.stage(FIRST, lines(*numbered(10 * round_, 5)), "google-play").to_sign
        assert batch is not None
        signature = FIRST.sign(batch.digest)
        commissioned, abandoned = at_once(
            lambda: here.service.commission(FIRST.address, batch.batch_id, signature),  # noqa: B023
            lambda: here.service.abandon(FIRST.address, batch.batch_id),  # noqa: B023
        )
        assert isinstance(commissioned, Conflict) != isinstance(abandoned, Conflict)
        held = here.rows(
            f"SELECT count(*) FROM card_key k JOIN batch b ON k.batch = b.number WHERE b.size = 5"
            f" AND b.status = 1 AND b.created_at = {here.clock.time}"
        )[0][0]
        assert held == (0 if isinstance(commissioned, Conflict) else 5)
        here.clock.time += 1


@pytest.mark.postgres
def test_one_key_staged_under_two_formats_at_one_moment_goes_live_once(postgres_url: str) -> None:
    # Neither transaction sees the other's aliases, and no constraint reaches across formats.
    with world(postgres_url) as here:
        database, context = here.context.database, here.context
        requests = []
        for supplier, text, name in (
            (FIRST, b"AAAA0000BBBB0001\n", "google-play"),
            (SECOND, b"aaaa-0000-bbbb-0001\n", "opaque"),
        ):
            seed, options = context.entropy(32), StageOptions(name)
            readings = stage_reading.read(context, BytesIO(text), options, seed, None)
            requests.append(stage_writing.Request(supplier.address, options, readings, seed))
        with database.write() as one:
            first = stage_writing.store(context, one, requests[0])
            with database.write() as other:
                second = stage_writing.store(context, other, requests[1])
        for request in requests:
            request.readings.close()
        assert first.counts.accepted == second.counts.accepted == 1
        found = at_once(lambda: here.commission(FIRST, first), lambda: here.commission(SECOND, second))
        refused = [answer for answer in found if isinstance(answer, Conflict)]
        assert [error.code for error in refused] == ["taken_meanwhile"]
        assert here.count("entry") == 1
