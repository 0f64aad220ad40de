"""The quick way of registering gives the very batch that the careful way gives, or gives way to it."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.services import stage_express
from provenance.services.registration import Staged, StageOptions
from tests.services.registration_world import FIRST, SECOND, Supplier, World, lines, numbered, world
from tests.support.databases import SqliteDatabases

SEED = b"S" * 32
TABLES = {
    "card_key": "tag, epoch, idx, state, entries",
    "alias": "digest, kind, idx",
    "tile": "level, idx, hashes",
    "reject": 'line, "column", code, message',
}
CMCC = [f"{10**16 + at},{10**17 + at * 7919:018d}" for at in range(900)]


@pytest.fixture
def here(database_url: str) -> Iterator[World]:
    with world(database_url) as made:
        yield made


def everything(here: World) -> dict[str, Any]:
    """All that a registration writes, but for the batch's random number and seed."""
    tables = TABLES | {"batch": "root, size, details, shuffled, counts, status"}
    return {
        table: sorted(tuple(map(alike, row)) for row in here.rows(f"SELECT {columns} FROM {table}"))
        for table, columns in tables.items()
    }


def alike(value: Any) -> Any:
    """One value as both databases would give it, and so that rows can be sorted."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(int(value)) if isinstance(value, int) else str(value)


def carefully(here: World, supplier: Supplier, text: str, format_id: str, **options: Any) -> Staged:
    """Stage *text* the careful way, with a seed that is always the same."""
    chosen = StageOptions(format_id, shuffle=False, **options)
    return here.service._carefully(supplier.address, BytesIO(text.encode()), chosen, SEED, None)


def goes_quickly(here: World, other: World, text: str, format_id: str, **options: Any) -> bool:
    """Stage *text* the quick way here and the careful way in an equal world; whether the quick way stood.

    Where it did, both wrote and said the same; where it gave way, nothing of it is left.
    """
    chosen = StageOptions(format_id, shuffle=options.pop("shuffle", False), **options)
    before, data = everything(here), BytesIO(text.encode())
    quick = stage_express.attempt(here.context, FIRST.address, data, chosen, SEED, None)
    if quick is None:
        assert everything(here) == before
        return False
    careful = carefully(other, FIRST, text, format_id, **options)
    assert everything(here) == everything(other)
    assert quick == careful
    return True


def test_plain_files_stand_and_are_the_same_by_either_way(here: World, sqlite_url: str) -> None:
    with world(sqlite_url) as other:
        assert goes_quickly(here, other, lines(*CMCC), "cmcc-national")
        assert goes_quickly(here, other, lines(*numbered(0, 600)), "google-play")
        assert goes_quickly(here, other, lines("some text", "文字", "é" * 40, "short"), "opaque")
        assert here.count("card_key") == 900 + 600 + 4


def test_rejected_lines_that_may_stay_out_stay_out(here: World, sqlite_url: str) -> None:
    text = lines(*CMCC[:5], "nonsense", "", *CMCC[5:300], "1,2", *CMCC[300:])
    with world(sqlite_url) as other:
        assert goes_quickly(here, other, text, "cmcc-national", on_error="proceed")
        assert here.count("reject") == 2 and here.count("card_key") == 900


def test_files_that_are_not_plain_leave_it_to_the_careful_way(here: World, sqlite_url: str) -> None:
    serial, secret = CMCC[0].split(",")
    with world(sqlite_url) as other:
        for text, options in (
            (lines(*CMCC, CMCC[3]), {}),
            (lines(*CMCC, f"{serial},{int(secret) + 1:018d}"), {}),
            (lines(f"{serial},{int(secret) + 1:018d}", *reversed(CMCC)), {}),
            (lines(*CMCC, f"{int(serial) + 5_000},{secret}"), {}),
            (lines(*CMCC, "nonsense"), {}),
            (lines(*CMCC), {"shuffle": None}),
            (lines("nonsense"), {"on_error": "proceed"}),
            ("", {}),
        ):
            assert not goes_quickly(here, other, text, "cmcc-national", **options), text[-60:]
    assert here.count("card_key") == here.count("alias") == here.count("tile") == here.count("batch") == 0


def test_known_keys_aliases_and_serials_are_left_to_the_careful_way(here: World, sqlite_url: str) -> None:
    with world(sqlite_url) as other:
        for each in (here, other):
            carefully(each, SECOND, lines(*CMCC[:10]), "cmcc-national")
            carefully(each, SECOND, lines("1234567890123456ABCD", "0123456789ABCDEF"), "opaque")
        serial, secret = CMCC[5].split(",")
        assert not goes_quickly(here, other, lines(*CMCC[9:20]), "cmcc-national")
        assert not goes_quickly(here, other, f"{serial},{int(secret) + 1:018d}\n", "cmcc-national")
        assert not goes_quickly(here, other, lines("GP00000000000001", "0123456789ABCDEF"), "google-play")
        assert not goes_quickly(here, other, lines("1234 5678-9012 3456 abcd"), "opaque")
        # The same secret under another serial of one format is another key.
        assert not goes_quickly(here, other, f"{int(serial) + 7_000},{secret}\n", "cmcc-national")
        assert goes_quickly(here, other, lines(*reversed(CMCC[10:])), "cmcc-national")


def test_a_key_of_an_older_epoch_is_known(database_url: str) -> None:
    with world(database_url, epochs=1) as before:
        before.stage(SECOND, lines(*numbered(0, 5)), "google-play")
    with world(database_url, epochs=2) as here:
        for keys, stands in ((numbered(4, 3), False), (numbered(5, 3), True)):
            chosen = StageOptions("google-play", shuffle=False)
            data = BytesIO(lines(*keys).encode())
            made = stage_express.attempt(here.context, FIRST.address, data, chosen, SEED, None)
            assert (made is not None) == stands


@pytest.mark.slow
def test_serials_twice_far_apart_in_a_long_file_are_found(here: World, sqlite_url: str) -> None:
    many = [f"{10**16 + at},{at * 104_729 % 10**18:018d}" for at in range(20_000)]
    again = f"{10**16 + 77},{10**17 + 5:018d}"
    with world(sqlite_url) as other:
        assert not goes_quickly(here, other, lines(*many, again), "cmcc-national")
        assert not goes_quickly(here, other, lines(*many, many[123]), "cmcc-national")
        assert goes_quickly(here, other, lines(*many), "cmcc-national")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([*CMCC[:12], "x", ""]), max_size=10), min_size=1, max_size=4),
    st.sampled_from(["rollback", "proceed"]),
)
def test_whatever_files_come_one_after_another_both_ways_agree(
    sqlite_databases: SqliteDatabases,
    files: list[list[str]],
    on_error: str,
) -> None:
    with world(sqlite_databases.migrated()) as here, world(sqlite_databases.migrated()) as other:
        for keys in files:
            text = lines(*keys)
            if not goes_quickly(here, other, text, "cmcc-national", on_error=on_error) and text.strip():
                for each in (here, other):
                    carefully(each, FIRST, text, "cmcc-national", on_error=on_error)
            assert everything(here) == everything(other)
