"""The alarm that stops signing: a file beside the head file, until a person has looked (DESIGN §2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from provenance import durable
from provenance.audit.findings import Finding
from provenance.errors import Unavailable


class Alarm:
    """The file at *path*: while it is there, no checkpoint is signed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, head_path: Path) -> Alarm:
        """The alarm of the log whose head file is at *head_path*."""
        return cls(head_path.with_name("alarm.json"))

    def sound(self, findings: Sequence[Finding], now: int) -> None:
        """Write down what is wrong, durably; an alarm that stands is not written over."""
        if self.path.exists():
            return
        told = {"time": now, "findings": [finding.to_json() for finding in findings]}
        durable.replace(self.path, json.dumps(told).encode())

    def told(self) -> dict[str, Any] | None:
        """What it says, ``None`` while all is quiet."""
        try:
            told: dict[str, Any] = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            return {"time": None, "findings": []}
        return told

    def require_quiet(self) -> None:
        """Return while all is quiet; raises :class:`Unavailable` (``stored_bit_wrong``)."""
        if self.path.exists():
            raise Unavailable(
                "a stored bit is wrong, so nothing is signed: run `provenance fsck`, restore what it names, "
                f"then remove {self.path.name}",
                code="stored_bit_wrong",
            )

    def silence(self) -> None:
        """Take the alarm back, for who has repaired what it named."""
        self.path.unlink(missing_ok=True)
