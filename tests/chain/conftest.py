"""A real Hardhat node for the whole session, and a clean chain for each test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provenance.chain.deployment import deploy_registry
from provenance.chain.registry import RegistryClient
from provenance.chain.rpc import Chain
from provenance.chain.sender import Sender
from provenance.chain.signer import Signer
from provenance.chain.testnet import TESTNET_CHAIN_ID, LocalTestnet
from provenance.errors import ChainUnavailable
from tests.support.impostor import AnswerHandler, Impostor
from tests.support.parts import missing_part

ROOT = Path(__file__).resolve().parents[2]
CHAIN_ID = TESTNET_CHAIN_ID


@dataclass(frozen=True, slots=True)
class LocalChain:
    """A deployed registry on an otherwise empty chain, and those who act on it."""

    chain: Chain
    registry: RegistryClient
    deployer: Signer
    anchorer: Signer

    @property
    def sender(self) -> Sender:
        return Sender(self.chain, self.anchorer)

    def mine(self, blocks: int = 1) -> None:
        self.chain.request("hardhat_mine", hex(blocks))

    def automine(self, on: bool) -> None:
        self.chain.request("evm_setAutomine", on)

    def snapshot(self) -> str:
        return str(self.chain.request("evm_snapshot"))

    def revert(self, snapshot: str) -> None:
        assert self.chain.request("evm_revert", snapshot) is True


@pytest.fixture(scope="session")
def node_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        testnet = LocalTestnet(ROOT, state_dir=tmp_path_factory.mktemp("testnet"))
        url = testnet.start()
    except ChainUnavailable as error:
        missing_part("the local testnet", error.message)
    yield url
    testnet.stop()


@pytest.fixture
def bare_chain(node_url: str) -> Iterator[Chain]:
    """The node's chain as at its start; whatever the test does to it is undone."""
    chain = Chain(node_url, chain_id=CHAIN_ID)
    snapshot = chain.request("evm_snapshot")
    yield chain
    chain.request("evm_setAutomine", True)
    chain.request("evm_revert", snapshot)


@pytest.fixture
def local(bare_chain: Chain) -> LocalChain:
    """The registry deployed by test account 0, obeying test account 1."""
    deployer, anchorer = Signer.test_account(0), Signer.test_account(1)
    deployed = deploy_registry(bare_chain, deployer, anchorer=anchorer.address)
    return LocalChain(bare_chain, RegistryClient(bare_chain, deployed.address), deployer, anchorer)


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    """A node that lies on demand."""
    with Impostor(("127.0.0.1", 0), AnswerHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(timeout=5)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "node_url" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.node)
