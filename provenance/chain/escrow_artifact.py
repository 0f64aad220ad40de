"""The compiled escrow that ships with the package, and how it is made.

Run as a module in a checkout, it compiles the contracts and writes the artifact anew.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

from provenance.chain import artifacts
from provenance.chain.artifacts import Artifact
from provenance.chain.toolchain import compile_contracts, compiled

ESCROW_CONTRACT = "WarrantyEscrow"


@cache
def escrow_artifact() -> Artifact:
    """The WarrantyEscrow as shipped with this package."""
    text = files(artifacts).joinpath(f"{ESCROW_CONTRACT}.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    return Artifact(raw["contract"], raw["abi"], bytes.fromhex(raw["bytecode"][2:]), raw["compiler"])


def ship_escrow(project: Path) -> Path:
    """Compiles the escrow of *project* and writes the artifact that ships with the package."""
    compile_contracts(project)
    path = project / "provenance" / "chain" / "artifacts" / f"{ESCROW_CONTRACT}.json"
    text = json.dumps(compiled(project, ESCROW_CONTRACT), indent=1, sort_keys=True) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


if __name__ == "__main__":
    ship_escrow(Path.cwd())
