"""Fixtures of the API's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.world import World


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """The API on each database."""
    made = World(database_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def quick(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """The API on SQLite alone, for what does not depend on the database."""
    made = World(sqlite_url, tmp_path)
    yield made
    made.close()
