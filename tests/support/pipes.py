"""A named pipe where a file is expected."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_CAPACITY: Final = 64 * 1024
"""Bytes that a pipe takes before its writer has to wait (pipe(7))."""


@contextmanager
def held_pipe(path: Path) -> Iterator[None]:
    """A pipe at *path* with something in it, so that a reader who waits for pipes comes to an end too."""
    os.mkfifo(path, 0o600)
    held = os.open(path, os.O_RDWR)
    try:
        os.write(held, bytes(_CAPACITY))
        yield
    finally:
        os.close(held)
