"""What ships is what the sources compile to, and it was compiled by what the lock file names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from provenance.chain import artifacts
from provenance.chain.artifacts import registry_artifact
from provenance.chain.toolchain import REGISTRY_CONTRACT, compiled, is_installed
from tests.contracts.conftest import ROOT


@pytest.mark.node
@pytest.mark.timeout(600)
def test_the_shipped_artifact_equals_a_fresh_compile(built: Path) -> None:
    shipped = json.loads((Path(artifacts.__file__).parent / "ProvenanceRegistry.json").read_text())
    assert shipped == compiled(built, REGISTRY_CONTRACT)


def test_the_shipped_artifact_needs_no_linking_and_no_node() -> None:
    artifact = registry_artifact()
    assert artifact.contract == "ProvenanceRegistry"
    assert 1_000 < len(artifact.bytecode) < 24_576
    assert artifact.compiler["settings"]["evmVersion"] == "cancun"


def test_the_interface_is_that_of_the_formats_page() -> None:
    signatures = {
        f"{item['name']}({','.join(parameter['type'] for parameter in item['inputs'])})"
        for item in registry_artifact().abi
        if item["type"] in ("function", "event")
    }
    assert signatures >= {
        "registerBatch(tuple,bytes)",
        "anchorCheckpoint(uint64,bytes32,bytes32[])",
        "batches(bytes32)",
        "checkpoints(uint256)",
        "latest()",
        "verifyKey(bytes32,uint32,bytes32,bytes32[])",
        "verifyEntry(uint64,uint64,bytes,bytes32[])",
        "BatchRegistered(bytes32,address,bytes32,uint32)",
        "CheckpointAnchored(uint64,bytes32)",
    }


def test_every_error_of_the_contract_says_what_was_wrong() -> None:
    errors = [item for item in registry_artifact().abi if item["type"] == "error"]
    assert errors
    assert all(error["inputs"] for error in errors)


def test_the_compiler_is_the_one_that_sources_and_lock_file_name() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    locked = lock["packages"]["node_modules/solc"]["version"]
    assert registry_artifact().compiler["version"].startswith(f"{locked}+commit.")
    for source in (ROOT / "contracts").rglob("*.sol"):
        assert re.findall(r"^pragma solidity (.*);$", source.read_text(), re.MULTILINE) == [locked], source


def test_the_lock_file_names_no_registry_and_exact_versions() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert packages
    assert not [path for path, package in packages.items() if "resolved" in package]
    assert not [path for path, package in packages.items() if not package.get("integrity")]
    asked = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in asked.values())


def test_the_lock_file_knows_the_native_packages_of_every_platform() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    native = {name for package in packages.values() for name in package.get("optionalDependencies", {})}
    assert "@nomicfoundation/edr-linux-arm64-gnu" in native
    missing = {name for name in native if f"node_modules/{name}" not in packages}
    assert not missing, "npm ci refuses such a lock file: take a release whose packages are all published"


@pytest.mark.node
def test_what_is_installed_here_is_what_the_lock_file_names(checkout: Path) -> None:
    assert is_installed(checkout)
