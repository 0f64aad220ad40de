"""Real parts that a machine may lack: skipped loudly by hand, a failure in continuous integration."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def missing_part(part: str, remedy: str) -> NoReturn:
    """End this test for want of *part*: skipped outside continuous integration, failed inside it."""
    reason = f"{part} is missing: {remedy}"
    if in_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
