"""The real contract, where it is the contract that finds it."""

from __future__ import annotations

from tests.chain.conftest import bare_chain, local, node_url

__all__ = ["bare_chain", "local", "node_url"]
