"""A project folder of the test's own to build in, and a real local testnet."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web3 import Web3
from web3.contract import Contract

from provenance.chain.artifacts import registry_artifact
from provenance.chain.testnet import TESTNET_ANCHORER, TESTNET_DEPLOYER, LocalTestnet
from provenance.chain.toolchain import compile_contracts, hardhat_command
from provenance.errors import ChainUnavailable
from tests.support.parts import missing_part

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The repository, with Hardhat installed."""
    try:
        hardhat_command(ROOT)
    except ChainUnavailable as error:
        missing_part("Hardhat", error.message)
    return ROOT


@pytest.fixture
def project(checkout: Path, tmp_path: Path) -> Path:
    """A copy of what Hardhat builds from, so that nothing is shared with whoever builds at the same time."""
    return copied(checkout, tmp_path)


@pytest.fixture(scope="session")
def built(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a copy, compiled; for who looks at the outcome."""
    project = copied(checkout, tmp_path_factory.mktemp("built"))
    compile_contracts(project)
    return project


def copied(checkout: Path, folder: Path) -> Path:
    copy = folder / "project"
    shutil.copytree(checkout / "contracts", copy / "contracts")
    shutil.copytree(checkout / "tests" / "vectors", copy / "tests" / "vectors")
    for name in ("hardhat.config.js", "package.json", "package-lock.json"):
        shutil.copy(checkout / name, copy / name)
    (copy / "node_modules").symlink_to(checkout / "node_modules")
    return copy


@pytest.fixture
def testnet(checkout: Path, tmp_path: Path) -> Iterator[LocalTestnet]:
    with LocalTestnet(checkout, state_dir=tmp_path / "testnet") as running:
        yield running


@pytest.fixture
def web3(testnet: LocalTestnet) -> Web3:
    return Web3(Web3.HTTPProvider(testnet.url))


@pytest.fixture
def registry(web3: Web3) -> Contract:
    """The shipped registry, deployed as the service deploys it."""
    artifact = registry_artifact()
    contract = web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
    sent = contract.constructor(Web3.to_checksum_address(TESTNET_ANCHORER)).transact(
        {"from": Web3.to_checksum_address(TESTNET_DEPLOYER)}
    )
    address = web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
    assert address is not None
    deployed: Contract = web3.eth.contract(address=address, abi=artifact.abi)
    return deployed


@pytest.fixture(scope="session")
def golden() -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / "golden.json").read_text())
    return vectors
