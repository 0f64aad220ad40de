"""The compiled contracts, shipped so that using the service against an existing chain needs no Node."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract: its ABI, its creation code without constructor arguments, and how it was compiled.

    ``compiler`` holds the compiler's long ``version`` and its ``settings``, enough to compile it again.
    """

    contract: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    compiler: dict[str, Any]


@cache
def registry_artifact() -> Artifact:
    """The ProvenanceRegistry of FORMATS §9, as shipped with this package."""
    raw = json.loads(files(__name__).joinpath("ProvenanceRegistry.json").read_text(encoding="utf-8"))
    return Artifact(raw["contract"], raw["abi"], bytes.fromhex(raw["bytecode"][2:]), raw["compiler"])
