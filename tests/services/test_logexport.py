"""The exported folder is a promise: carried on, mended, and never mixed with another history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provenance.audit.fetch import FolderFetcher
from provenance.audit.report import AuditReport
from provenance.audit.run import Audit, Auditor
from provenance.audit.source import LogSource
from provenance.errors import Conflict, Unavailable
from provenance.services.logexport import Exported, LogExport
from provenance.store.database import Database
from tests.audit.service_world import Service, service
from tests.services.ledger_world import World


@pytest.fixture
def new_world(sqlite_databases: object, tmp_path: Path) -> Iterator[Callable[[str], World]]:
    made: list[World] = []

    def make(name: str) -> World:
        folder = tmp_path / name
        folder.mkdir()
        made.append(World(Database(sqlite_databases.migrated()), folder))  # type: ignore[attr-defined]
        return made[-1]

    yield make
    for world in made:
        world.database.dispose()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site"


def grow(world: World, count: int) -> None:
    world.enter_many(count)
    world.sequencer().sequence()


def export(world: World, site: Path) -> Exported:
    return LogExport(world.context).write(site)


def audit(world: World, site: Path) -> AuditReport:
    return Audit(LogSource(FolderFetcher(site)), Auditor(log_key=world.log_key)).run()


def content_of(site: Path) -> dict[str, bytes]:
    return {str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def test_two_histories_of_one_log_are_never_mixed(new_world: Callable[[str], World], site: Path) -> None:
    one, other = new_world("one"), new_world("other")
    grow(one, 300)
    other.clock.pass_ms(5)
    grow(other, 400)
    export(one, site)
    before = content_of(site)
    with pytest.raises(Conflict) as refused:
        export(other, site)
    assert refused.value.code == "export_fork"
    assert content_of(site) == before
    grow(one, 10)
    export(one, site)
    assert audit(one, site).findings == ()


def test_two_histories_of_one_size_are_a_fork_too(new_world: Callable[[str], World], site: Path) -> None:
    one, other = new_world("one"), new_world("other")
    grow(one, 3)
    other.clock.pass_ms(5)
    grow(other, 3)
    export(one, site)
    with pytest.raises(Conflict) as refused:
        export(other, site)
    assert refused.value.code == "export_fork"


def test_what_a_crash_left_of_another_history_without_a_checkpoint_does_not_stay(
    new_world: Callable[[str], World], site: Path
) -> None:
    one, other = new_world("one"), new_world("other")
    grow(one, 600)
    other.clock.pass_ms(5)
    grow(other, 300)
    export(one, site)
    (site / "checkpoint").unlink()
    export(other, site)
    assert audit(other, site).findings == ()
    fresh = site.with_name("fresh")
    export(other, fresh)
    assert content_of(site) == content_of(fresh)


@pytest.mark.parametrize("file", ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"])
def test_an_old_file_that_was_changed_or_deleted_is_written_again(
    new_world: Callable[[str], World], site: Path, file: str
) -> None:
    world = new_world("one")
    grow(world, 300)
    export(world, site)
    whole = content_of(site)
    assert export(world, site) == Exported(302, 0, 0)
    (site / file).write_bytes(bytes(len(whole[file])))
    assert export(world, site) == Exported(302, 1, 1)
    assert content_of(site) == whole
    (site / file).unlink()
    assert export(world, site) == Exported(302, 1, 0)
    assert content_of(site) == whole


def test_partial_tiles_of_earlier_checkpoints_stay_whole_until_they_are_full(
    new_world: Callable[[str], World], site: Path
) -> None:
    world = new_world("one")
    grow(world, 8)
    export(world, site)
    early = content_of(site)
    grow(world, 5)
    (site / "tile/0/000.p/10").write_bytes(bytes(320))
    (site / "tile/entries/000.p/10").write_bytes(b"cut")
    (site / "tile/0/000.p/200").write_bytes(bytes(6400))
    assert export(world, site).repaired == 2
    now = content_of(site)
    for file in ("tile/0/000.p/10", "tile/entries/000.p/10"):
        assert now[file] == early[file]
    assert "tile/0/000.p/200" not in now, "nobody was promised as many entries"
    grow(world, 300)
    export(world, site)
    assert not [file for file in content_of(site) if file.startswith(("tile/0/000.p", "tile/entries/000.p"))]


def test_a_bit_that_turned_in_the_database_does_not_spoil_the_good_copy(
    new_world: Callable[[str], World], site: Path
) -> None:
    world = new_world("one")
    grow(world, 300)
    export(world, site)
    before = content_of(site)
    with world.database.write() as connection:
        changed = "UPDATE entry SET raw = CAST(substr(raw, 1, 123) || x'01' AS BLOB) WHERE log_index = 12"
        assert connection.exec_driver_sql(changed).rowcount == 1
    with pytest.raises(Unavailable) as refused:
        export(world, site)
    assert refused.value.code == "stored_bit_wrong"
    assert content_of(site) == before


@pytest.fixture
def running(sqlite_url: str, tmp_path: Path) -> Iterator[Service]:
    made = service(sqlite_url, tmp_path)
    yield made
    made.trade.database.dispose()


def test_a_manifest_is_mended_and_one_of_no_batch_in_the_log_removed(running: Service, site: Path) -> None:
    world = running.trade
    export(world, site)
    whole = content_of(site)
    (site / "batch" / running.batch_id.hex()).write_bytes(b"{}")
    (site / "batch" / ("ab" * 32)).write_bytes(b"{}")
    (site / "batch" / "README").write_bytes(b"the operator's own")
    export(world, site)
    assert content_of(site) == {**whole, "batch/README": b"the operator's own"}
    assert audit(world, site).findings == ()
