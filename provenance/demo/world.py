"""What the acts share: the stage, the cast, and the batches with the truth about their keys."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provenance.chain.signer import Signer
from provenance.demo.caller import Caller
from provenance.demo.stage import Stage
from provenance.demo.story import Story
from provenance.sample import SampleFile


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier at its till, with the key that signs its batches."""

    caller: Caller
    signer: Signer


@dataclass(frozen=True, slots=True, repr=False)
class RegisteredFile:
    """A sample file that became a batch. ``keys`` are (serial, secret) by index."""

    sample: SampleFile
    batch: str
    keys: tuple[tuple[str, str], ...]

    @property
    def format(self) -> str:
        return self.sample.format_id

    def key(self, index: int) -> dict[str, str]:
        """The key at *index* as a request names it."""
        serial, secret = self.keys[index]
        return {"format": self.format, "serial": serial, "secret": secret} if serial else self._bare(secret)

    def handle(self, index: int) -> dict[str, Any]:
        """The same key by its place."""
        return {"batch": self.batch, "index": index}

    def _bare(self, secret: str) -> dict[str, str]:
        return {"format": self.format, "secret": secret}


@dataclass(slots=True)
class World:
    """Everybody and everything of one run."""

    story: Story
    stage: Stage
    operator: Caller
    public: Caller
    suppliers: list[Supplier] = field(default_factory=list)
    shops: list[Caller] = field(default_factory=list)
    issuer: Caller | None = None
    samples: tuple[SampleFile, ...] = ()
    files: list[RegisteredFile] = field(default_factory=list)
    proofs: list[Path] = field(default_factory=list)
    sale: dict[str, Any] = field(default_factory=dict)
    warranted: dict[str, Any] = field(default_factory=dict)

    @property
    def proof_folder(self) -> Path:
        return self.stage.folder / "proofs"


def truth_of(sample: SampleFile) -> list[dict[str, Any]]:
    """The rows of the ground truth: ``line`` with ``serial`` and ``secret``, or with ``code``."""
    rows: list[dict[str, Any]] = json.loads(sample.truth.read_text("utf-8"))["rows"]
    return rows
