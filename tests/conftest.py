"""Fixtures for every room: a fresh database on both engines, and the rules every test lives under."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from provenance.errors import StoreUnavailable
from tests.support.databases import PostgresDatabases, SqliteDatabases, memory_folder
from tests.support.network import install_guard
from tests.support.parts import in_ci, missing_part

install_guard()

# No deadline: a shared machine's pauses are no defect. The same examples every time in continuous
# integration, so that a red run is about the change; by hand new ones each time.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if in_ci() else "here")

if memory := memory_folder():
    # Pytest's own variable for where its temporary folders lie.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))

ENGINES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    """One server for each test process, started at its first use."""
    try:
        databases = PostgresDatabases()
    except StoreUnavailable as error:
        missing_part("PostgreSQL", error.message)
    databases.start()
    yield databases
    databases.stop()


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database of the test's own, with the schema and no rows; once on each engine."""
    yield from _fresh(request, migrated=True)


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database of the test's own without a single table; once on each engine."""
    yield from _fresh(request, migrated=False)


@pytest.fixture
def sqlite_url(sqlite_databases: SqliteDatabases) -> Iterator[str]:
    """The same on SQLite alone, for what does not depend on the engine."""
    url = sqlite_databases.migrated()
    yield url
    sqlite_databases.drop(url)


@pytest.fixture
def postgres_url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    """The same on PostgreSQL alone; mark the test ``postgres``."""
    url = postgres_databases.migrated()
    yield url
    postgres_databases.drop(url)


def _fresh(request: pytest.FixtureRequest, *, migrated: bool) -> Iterator[str]:
    databases: SqliteDatabases | PostgresDatabases = request.getfixturevalue(f"{request.param}_databases")
    url = databases.migrated() if migrated else databases.empty()
    yield url
    databases.drop(url)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadgroup``, the groups of ``tests.support.together``."""
    from tests.support.together import Together

    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for PostgreSQL outright is deselected with the others, marked or not."""
    for item in items:
        if "postgres_url" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    verdict = "which fails this run" if in_ci() else "so this run proves less than a full one"
    terminalreporter.section("NOT TESTED", sep="!", red=True, bold=True)
    terminalreporter.write_line(f"{len(skipped)} skipped, {verdict}:")
    for reason, count in Counter(_reason(report) for report in skipped).most_common():
        terminalreporter.write_line(f"{count:5} x {reason}")


def _reason(report: Any) -> str:
    where = report.longrepr  # (file, line, reason) for a skip
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In continuous integration a skipped test is a hole, whatever its reason."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if in_ci() and reporter is not None and reporter.stats.get("skipped") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; one for each test process, since playwright's loop may run only once in it."""
    from playwright.sync_api import sync_playwright

    from tests.verifier.javascript import CHROMIUM_ARGUMENTS, chromium

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        yield found
        found.close()
