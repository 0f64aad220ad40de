"""The Solidity suite, run by the packaged Node; and proof that it notices when a check is gone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from provenance.chain.toolchain import hardhat_command, hardhat_environment

pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]

REGISTRY = "ProvenanceRegistry.sol"
LIBRARY = "MerkleLog.sol"

MUTANTS = {
    "anybody anchors": (REGISTRY, "if (msg.sender != anchorer) revert", "if (false) revert"),
    "an old size is anchored": (REGISTRY, "if (size <= held)", "if (size < held)"),
    "history is rewritten": (REGISTRY, "if (held != 0) {", "if (held == type(uint64).max) {"),
    "latest stays behind": (REGISTRY, "latest = size;", "latest = 1;"),
    "a batch is registered again": (REGISTRY, "if (batches[batchId].size != 0)", "if (false)"),
    "anybody signs": (REGISTRY, "if (signer != supplier)", "if (false)"),
    "the signature holds on every chain": (REGISTRY, "block.chainid", "uint256(31337)"),
    "storage moves": (
        REGISTRY,
        "    // Slots 0, 1 and 2",
        "    uint256 private moved;\n    // Slots 0, 1 and 2",
    ),
    "an empty batch": (REGISTRY, "manifest.size == 0 || ", ""),
    "a boundless shared key": (REGISTRY, " || manifest.maxUses > MAX_USES", ""),
    "an entry of any length": (REGISTRY, "entry.length != ENTRY_LENGTH", "false"),
    "leaves hash like nodes": (LIBRARY, 'hex"00", data', 'hex"01", data'),
    "an index past the end": (LIBRARY, "if (index >= size)", "if (index > size)"),
    "an inclusion path too short": (
        LIBRARY,
        "if (last != 0) revert InvalidProofLength(path.length);",
        "",
    ),
    "a consistency proof too short": (
        LIBRARY,
        "if (last != 0) revert InvalidProofLength(proof.length);",
        "",
    ),
    "the past is not looked at": (LIBRARY, "if (first != root1)", "if (false)"),
    "the present is not looked at": (LIBRARY, "if (second != root2)", "if (false)"),
}


def run_suite(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        hardhat_command(project, "test", "solidity", *arguments),
        cwd=project,
        env=hardhat_environment(project / "cache" / "home"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_every_solidity_test_passes(project: Path) -> None:
    done = run_suite(project, "--gas-stats")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    written = sum(
        len(re.findall(r"^    function test\w+\(", source.read_text(), re.MULTILINE))
        for source in (project / "contracts" / "test").glob("*.t.sol")
    )
    assert f"{written} passing" in done.stdout
    assert "Warning" not in done.stdout + done.stderr


@pytest.mark.mutants
@pytest.mark.parametrize(("file", "old", "new"), MUTANTS.values(), ids=MUTANTS.keys())
def test_the_solidity_suite_fails_when(file: str, old: str, new: str, project: Path) -> None:
    source = project / "contracts" / file
    text = source.read_text()
    assert text.count(old) == 1
    source.write_text(text.replace(old, new))
    done = run_suite(project)
    assert done.returncode != 0
    assert re.search(r"\d+ failing", done.stdout), done.stdout + done.stderr
