"""Write requirements*.lock from uv.lock: exact, hash-pinned, for every platform, naming no host."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPORTS = {
    "requirements.lock": ("What the service runs on, with both extras.", "--no-dev"),
    "requirements-dev.lock": ("The same, and what its tests and checks need.", "--all-groups"),
}


def export(groups: str) -> str:
    """The pinned requirements of one selection of groups, as pip reads them."""
    command = [
        str(Path(sys.executable).with_name("uv")),
        *("export", "--frozen", "--quiet", "--format", "requirements-txt"),
        *("--no-emit-project", "--all-extras", "--no-header", "--no-annotate", groups),
    ]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def main() -> None:
    for name, (purpose, groups) in EXPORTS.items():
        header = f"# {purpose}\n# Written by `make lock`; install with pip --require-hashes.\n"
        (ROOT / name).write_text(header + export(groups), encoding="utf-8")


if __name__ == "__main__":
    main()
