"""A shop under warranty on a fresh database, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warranty.world import WarrantyTrade, warranty_trade


@pytest.fixture
def trade(database_url: str, tmp_path: Path) -> Iterator[WarrantyTrade]:
    made = warranty_trade(database_url, tmp_path)
    yield made
    made.database.dispose()
