"""The compiled escrow that ships with the package, and how it is made.

Run as a module in a checkout, it compiles the contracts and writes the artifact anew.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from provenance.chain import artifacts
from provenance.chain.artifacts import Artifact
from provenance.chain.toolchain import compile_registry

ESCROW_CONTRACT = "WarrantyEscrow"


@cache
def escrow_artifact() -> Artifact:
    """The WarrantyEscrow as shipped with this package."""
    text = files(artifacts).joinpath(f"{ESCROW_CONTRACT}.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    return Artifact(raw["contract"], raw["abi"], bytes.fromhex(raw["bytecode"][2:]), raw["compiler"])


def compile_escrow(project: Path) -> dict[str, Any]:
    """Compiles the contracts of *project*; the escrow's artifact as it ships, JSON-ready.

    Raises ChainUnavailable (``hardhat_missing``, ``node_missing``, ``compilation_failed``).
    """
    # One build compiles every contract with one compiler and one set of settings.
    compiler = compile_registry(project)["compiler"]
    built_path = project / "artifacts" / "contracts" / f"{ESCROW_CONTRACT}.sol" / f"{ESCROW_CONTRACT}.json"
    built = json.loads(built_path.read_text(encoding="utf-8"))
    return {
        "contract": built["contractName"],
        "abi": built["abi"],
        "bytecode": built["bytecode"],
        "compiler": compiler,
    }


def ship_escrow(project: Path) -> Path:
    """Compiles the escrow of *project* and writes the artifact that ships with the package."""
    path = project / "provenance" / "chain" / "artifacts" / f"{ESCROW_CONTRACT}.json"
    text = json.dumps(compile_escrow(project), indent=1, sort_keys=True) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


if __name__ == "__main__":
    ship_escrow(Path.cwd())
