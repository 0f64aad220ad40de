"""What a witness must never forget: the newest checkpoint it cosigned, and why it will sign no more.

One small file a log, replaced whole and flushed before the cosignature leaves: a witness that lost it could
be talked into signing another history.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.core.notes import Checkpoint
from provenance.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Remembered:
    """The newest cosigned checkpoint, and the findings that ended it, empty while all is well."""

    checkpoint: Checkpoint | None = None
    findings: tuple[dict[str, Any], ...] = ()


class WitnessState:
    """The file at *path*."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Remembered:
        """What it says; raises :class:`Unavailable` (``witness_state_damaged``)."""
        try:
            told = json.loads(self.path.read_bytes())
            text = told["checkpoint"]
            checkpoint = None if text is None else Checkpoint.parse(text)
            return Remembered(checkpoint, tuple(told["findings"]))
        except FileNotFoundError:
            return Remembered()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable(
                f"the witness's memory {self.path.name} is damaged; restore it, or retire this witness's key",
                code="witness_state_damaged",
            ) from error

    def write(self, remembered: Remembered) -> None:
        """Replace it, durably."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        checkpoint = remembered.checkpoint
        told = {
            "checkpoint": None if checkpoint is None else checkpoint.text,
            "findings": list(remembered.findings),
        }
        fresh = self.path.with_name(self.path.name + ".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
