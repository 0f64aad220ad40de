"""The public door: every name it promises is there, and opening it starts nothing."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import provenance

GOLDEN = Path(__file__).parent / "vectors" / "golden.provenance.json"


@pytest.mark.parametrize("name", provenance.__all__)
def test_every_promised_name_is_there_and_documented(name: str) -> None:
    assert getattr(provenance, name).__doc__


def test_a_name_that_is_not_promised_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute"):
        _ = provenance.sell


def test_the_quick_start_is_true() -> None:
    assert doctest.testmod(provenance).failed == 0
    assert doctest.testmod(provenance).attempted > 0


def test_a_bundle_is_verified_through_the_door_alone() -> None:
    evidence = provenance.verify(GOLDEN.read_bytes(), provenance.ReaderContext())
    assert evidence.not_checked


def test_importing_the_package_imports_no_framework() -> None:
    code = "import provenance, sys; print([m for m in ('web3', 'flask', 'sqlalchemy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
