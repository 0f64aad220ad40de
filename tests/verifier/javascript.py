"""The packaged Node, the verifier's libraries and a headless Chromium, or the reason why there is none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from provenance.chain.toolchain import node_executable
from provenance.errors import ChainUnavailable
from tests.support.parts import missing_part

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def run_node(*arguments: str) -> str:
    """What a script of the repository prints, run by the packaged Node."""
    try:
        node = node_executable()
    except ChainUnavailable as error:
        missing_part("Node.js", error.message)
    if not all((ROOT / "node_modules" / name).exists() for name in ("@noble/curves", "esbuild")):
        missing_part("the verifier's libraries", "run make setup")
    command = [str(node), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=170).stdout


def chromium() -> str:
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    missing_part("Chromium", "install it (on Debian: apt-get install chromium)")
