"""The escrow that ships is what the sources compile to, and it can be deployed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provenance.chain import artifacts
from provenance.chain.artifacts import registry_artifact
from provenance.chain.escrow_artifact import ESCROW_CONTRACT, escrow_artifact
from provenance.chain.toolchain import compiled

DEPLOYABLE_BYTES = 24_576
"""EIP-170: no larger contract can be deployed."""


@pytest.mark.node
@pytest.mark.timeout(600)
def test_the_shipped_escrow_equals_a_fresh_compile(built: Path) -> None:
    shipped = json.loads((Path(artifacts.__file__).parent / "WarrantyEscrow.json").read_text())
    assert shipped == compiled(built, ESCROW_CONTRACT)


def test_the_escrow_is_small_enough_and_compiled_as_the_registry_is() -> None:
    artifact = escrow_artifact()
    assert artifact.contract == "WarrantyEscrow"
    assert 1_000 < len(artifact.bytecode) < DEPLOYABLE_BYTES
    assert artifact.compiler == registry_artifact().compiler


def test_nothing_in_the_escrow_is_for_an_owner() -> None:
    functions = {item["name"] for item in escrow_artifact().abi if item["type"] == "function"}
    writing = {
        item["name"]
        for item in escrow_artifact().abi
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
    }
    assert writing == {
        *("deposit", "deliver", "confirm", "refund", "fileClaim", "rule"),
        *("proveUsed", "proveSoldTwice", "answer", "timeOut"),
        *("postBond", "releaseBond", "withdraw"),
    }
    assert functions - writing == {
        *("depositOf", "faultOf", "answered", "credits", "bonds", "hashOrder"),
        *("registry", "minimumWindow", "maximumWindow"),
    }


def test_no_ether_comes_in_but_by_a_named_door() -> None:
    kinds = {item["type"] for item in escrow_artifact().abi}
    assert not kinds & {"receive", "fallback"}
    payable = {item["name"] for item in escrow_artifact().abi if item.get("stateMutability") == "payable"}
    assert payable == {"deposit", "postBond"}
