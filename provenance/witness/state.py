"""What a witness must never forget: the newest checkpoint it cosigned, how the log changed its key up to
there, and why it will sign no more.

One small file a log, replaced whole and flushed before the cosignature leaves: a witness that lost it could
be talked into signing another history.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance import durable
from provenance.core.notes import Checkpoint, Note
from provenance.errors import Conflict, InputRefused, Unavailable


@dataclass(frozen=True, slots=True)
class Remembered:
    """The newest cosigned checkpoint, the findings that ended it (none while all is well), and successions.

    ``successions`` are the notes by which the log's key changed: a log that serves them no more, or others,
    has its witness against it.
    """

    checkpoint: Checkpoint | None = None
    findings: tuple[dict[str, Any], ...] = ()
    successions: tuple[Note, ...] = ()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep *folder* from every other witness: two with one memory could cosign two histories.

    The lock ends with the process, however that ends. Raises :class:`Conflict` (``witness_folder_busy``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "witness.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                "another witness runs on this folder; stop it first, or give this one a folder of its own",
                code="witness_folder_busy",
            ) from error
        yield
    finally:
        os.close(descriptor)


class WitnessState:
    """The file at *path*."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Remembered:
        """What it says; raises :class:`Unavailable` (``witness_state_damaged``)."""
        try:
            with durable.open_regular(self.path) as file:
                told = json.loads(file.read())
            text = told["checkpoint"]
            checkpoint = None if text is None else Checkpoint.parse(text)
            successions = tuple(Note.parse(one.encode()) for one in told.get("successions", ()))
            return Remembered(checkpoint, tuple(told["findings"]), successions)
        except FileNotFoundError:
            return Remembered()
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
            InputRefused,
        ) as error:
            raise Unavailable(
                f"the witness's memory {self.path.name} is damaged; restore it, or retire this witness's key",
                code="witness_state_damaged",
            ) from error

    def write(self, remembered: Remembered) -> None:
        """Replace it, durably."""
        checkpoint = remembered.checkpoint
        told = {
            "checkpoint": None if checkpoint is None else checkpoint.text,
            "findings": list(remembered.findings),
            "successions": [note.encode().decode() for note in remembered.successions],
        }
        durable.replace(self.path, json.dumps(told).encode())
