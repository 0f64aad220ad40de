"""The pages as people meet them: a real app over a real database on loopback, and a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pages.reader import Reader
from tests.pages.site import Site


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    made = Site(sqlite_url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def reader(browser: Any, site: Site) -> Iterator[Reader]:
    """A Chinese phone at the check page; a foreign request, an error or a refused policy fails the test."""
    made = Reader(browser, site.url, "zh-CN")
    made.open("/check")
    yield made
    made.leave()
