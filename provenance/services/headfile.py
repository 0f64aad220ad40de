"""The head of the log outside the database: what a restored backup cannot take back.

A small JSON file that moves only forward, by compare-and-swap under a file lock. A database that
is behind it was rolled back, and signing from there would fork the log.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from provenance import durable
from provenance.errors import Conflict, Unavailable

_MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class FiledHead:
    """Origin, size and root (32 bytes) of the log, and the term of the leader that wrote them."""

    origin: str
    size: int
    root: bytes
    term: int

    def __post_init__(self) -> None:
        if type(self.size) is not int or type(self.term) is not int or self.size < 0 or len(self.root) != 32:
            raise ValueError("a head has a size, a term and a root of 32 bytes")


class HeadFile:
    """The head file at *path*, a lock file beside it; its folder is made when it is first written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> FiledHead | None:
        """What the file says, ``None`` if there is none.

        Raises :class:`Unavailable` (``head_file_malformed``): it is only ever replaced whole, so
        damage means that a person or a disk was at it.
        """
        try:
            with durable.open_regular(self.path) as file:
                return _decode(json.loads(file.read(_MAX_BYTES)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unavailable(
                f"the head file {self.path.name} is damaged; restore it before the log goes on",
                code="head_file_malformed",
            ) from error

    def move(self, expected: FiledHead | None, head: FiledHead) -> None:
        """Replace *expected* by *head*, durably.

        Raises :class:`Conflict` (``head_moved``) if the file says something else than *expected*
        by now, ``ValueError`` for a move back in size or term.
        """
        if expected is not None and (head.size < expected.size or head.term < expected.term):
            raise ValueError("the head moves forward only")
        with self._locked():
            if self.read() != expected:
                raise Conflict("the head file was moved by another worker", code="head_moved")
            told = {**asdict(head), "root": head.root.hex()}
            durable.replace(self.path, json.dumps(told).encode() + b"\n")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(self.path.name + ".lock").open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _decode(members: Any) -> FiledHead:
    return FiledHead(str(members["origin"]), members["size"], bytes.fromhex(members["root"]), members["term"])
