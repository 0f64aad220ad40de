"""Laws of registration, held against a model that fits on a page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import FileRefused
from provenance.services.context import Limits
from provenance.services.registration import Duplicates
from tests.services.registration_world import FIRST, SECOND, lines, numbered, world
from tests.support.databases import SqliteDatabases

POOL = numbered(0, 9)
file_of_keys = st.lists(st.sampled_from([*POOL, "broken"]), min_size=1, max_size=8)
uploads = st.lists(
    st.tuples(st.sampled_from([FIRST, SECOND]), file_of_keys, st.sampled_from(["rollback", "proceed"])),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(uploads)
def test_whatever_is_sent_in_whatever_order_a_key_belongs_to_whoever_was_first(
    sqlite_databases: SqliteDatabases,
    sent: list,  # type: ignore[type-arg]
) -> None:
    owners: dict[str, bytes] = {}
    with world(sqlite_databases.migrated()) as here:
        for supplier, keys, on_error in sent:
            seen: set[str] = set()
            fresh, in_file, own, other = [], 0, 0, 0
            for key in keys:
                if key == "broken":
                    continue
                if key in seen:
                    in_file += 1
                elif key in owners:
                    own += owners[key] == supplier.address
                    other += owners[key] != supplier.address
                else:
                    fresh.append(key)
                seen.add(key)
            refused = len(keys) - len(fresh)
            staged = here.stage(supplier, lines(*keys), "google-play", on_error=on_error)
            stands = bool(fresh) and (on_error == "proceed" or not refused)
            assert staged.counts.accepted == (len(fresh) if stands else 0)
            assert staged.counts.rejected == keys.count("broken")
            assert staged.counts.duplicates == Duplicates(in_file, own, other, 0)
            assert len(staged.rejects) == refused == staged.counts.refused
            assert (staged.to_sign is not None) == stands
            owners |= dict.fromkeys(fresh, supplier.address) if stands else {}
        assert here.count("card_key") == len(owners)


def test_the_suppliers_own_check_reaches_neither_store_nor_service() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, provenance.services.recompute; print(*sys.modules)"],
        cwd=Path(__file__).resolve().parents[2],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "provenance.core.commitments" in loaded
    reached = [
        name for name in loaded if name.startswith(("provenance.store", "sqlalchemy", "provenance.chain"))
    ]
    assert reached == []


def test_a_file_of_another_format_is_refused_before_its_rejects_fill_the_disk(sqlite_url: str) -> None:
    assert Limits().rejects == 1_000_000
    with world(sqlite_url, limits=Limits(rejects=5_000)) as here:
        for on_error in ("proceed", "rollback"):
            with pytest.raises(FileRefused) as caught:
                here.stage(FIRST, b"x\n" * 5_001, "google-play", on_error=on_error)
            assert (caught.value.code, caught.value.facts["line"]) == ("too_many_rejects", 5_001)
            assert here.count("reject") == 0
        staged = here.stage(FIRST, b"x\n" * 5_000, "google-play", on_error="proceed")
        assert staged.counts.rejected == 5_000


@pytest.mark.slow
def test_one_bad_line_among_many_is_found_and_named(sqlite_url: str) -> None:
    keys = numbered(0, 60_000)
    keys[41_233] = keys[41_233][:-1]
    with world(sqlite_url) as here:
        staged = here.stage(FIRST, lines(*keys), "google-play")
        assert [(reject.line, reject.code) for reject in staged.rejects] == [(41_234, "wrong_length")]
        assert here.count("card_key") == 0
