"""``provenance audit report`` as an outsider calls it: an address, and nothing of the operator's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import update
from werkzeug.serving import make_server

from provenance.cli import main
from provenance.core.entries import EntryType
from provenance.core.notes import verifier_key
from provenance.store.schema import entry as entries
from tests.api.record import lived_in, report
from tests.api.world import World


@dataclass
class Served:
    """The API on loopback, and the command line of somebody else."""

    world: World
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def audit(self, *arguments: object, code: int = 0) -> Any:
        result = self.run(*arguments, "--json", code=code)
        return json.loads(result.stdout)

    def run(self, *arguments: object, code: int = 0, language: str = "en") -> Any:
        told = ["--lang", language, "audit", "report", *(str(one) for one in arguments)]
        result = CliRunner().invoke(main, told)
        assert result.exit_code == code, (result.output, result.exception)
        return result


@contextmanager
def serving(world: World) -> Iterator[Served]:
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Served(world, server.server_port)
    server.shutdown()
    thread.join()
    world.close()


@pytest.fixture(scope="module")
def served(sqlite_databases: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    world = World(sqlite_databases.migrated(), tmp_path_factory.mktemp("served"))
    report(lived_in(world))
    with serving(world) as made:
        yield made


def test_every_report_of_a_platform_is_recomputed_from_its_address_alone(served: Served) -> None:
    key = verifier_key("log.example/test", b"L" * 32).encode()
    told = served.audit(served.address, served.world.shop.hex, "--log-key", key)
    (one,) = told["reports"]
    assert (one["verdict"], one["differences"], told["findings"]) == ("proven", [], [])
    assert one["index"] < told["size"]
    assert not any("key" in text for text in told["not_checked"])
    same = served.audit(f"{served.address}/log", served.world.shop.hex, "--month", "2027-01")
    assert same["reports"] == told["reports"]
    assert (
        "每个数字都与日志一致" in served.run(served.address, served.world.shop.hex, language="zh-CN").stdout
    )


def test_a_report_of_ones_own_is_checked_and_an_edited_figure_named(served: Served, tmp_path: Path) -> None:
    world, file = served.world, tmp_path / "figures.json"
    file.write_bytes(world.get(None, f"/platforms/{world.shop.hex}/figures?month=2027-01").data)
    told = served.audit(served.address, world.shop.hex, "--report", file)
    assert told["reports"][0]["verdict"] == "proven"
    span = told["reports"][0]
    query = {name: span[name] for name in ("start", "end", "size")}
    openings = tmp_path / "openings.ndjson"
    openings.write_bytes(world.get(None, f"/platforms/{world.shop.hex}/openings", query_string=query).data)
    file.write_bytes(file.read_bytes().replace(b'"late_delivery":1', b'"late_delivery":0'))
    said = served.run(served.address, world.shop.hex, "--report", file, "--openings", openings, code=1).stdout
    assert "claims.by_cause.late_delivery: the report says 0, the log 1 (wrong)" in said
    assert said.count("✗") == 1


def test_figures_that_rest_on_erased_details_are_told_as_unproven_with_a_code_of_their_own(
    sqlite_databases: Any, tmp_path: Path
) -> None:
    world = World(sqlite_databases.migrated(), tmp_path)
    report(lived_in(world))
    with world.database.write() as connection:
        connection.execute(update(entries).where(entries.c.type == EntryType.CLAIM).values(details=None))
    with serving(world) as served:
        said = served.run(served.address, world.shop.hex, code=4)
    assert "unproven" in said.stdout
    assert "✗" not in said.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["http://127.0.0.1:1", "0x" + "11" * 20], 3, "source_unreachable"),
        (["{address}", "0x" + "77" * 20], 1, "file_not_found"),
        (["{address}", "{shop}", "--month", "2020-01"], 1, "unknown_report"),
        (["{address}", "{shop}", "--month", "January"], 2, "usage"),
        (["{address}", "shop"], 2, "usage"),
        (["/tmp", "{shop}"], 2, "usage"),
        (["{address}", "{shop}", "--report", "nowhere.json"], 2, "usage"),
        (["{address}", "{shop}", "--report", __file__], 1, "json_malformed"),
    ],
)
def test_what_cannot_be_checked_is_refused_by_code(
    served: Served, arguments: list[str], code: int, error: str
) -> None:
    named = {"address": served.address, "shop": served.world.shop.hex}
    told = served.audit(*(one.format(**named) for one in arguments), code=code)
    assert told["error"]["code"] == error
