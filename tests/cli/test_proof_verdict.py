"""What a proof is worth: it holds by what its reader brings, else it only agrees with itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.core.digests import keccak256
from provenance.core.proofs import read_bundle
from tests.cli.conftest import Shell, World
from tests.core.chain_world import Chain
from tests.core.proof_world import NETWORK as GOLDEN_NETWORK
from tests.core.proof_world import golden_manifest

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
PROOF = VECTORS / "golden.provenance.json"
GOLDEN: dict[str, Any] = json.loads((VECTORS / "golden.json").read_text("utf-8"))
LOG = ("--log-key", GOLDEN["bundle"]["log"]["key"])
NETWORK = ("--chain-id", GOLDEN["chain_id"], "--registry", GOLDEN["registry"])
CONSISTENT = 4
RESTING = [4, 6, 8, 9, 10]
SO_FAR = "as far as the file tells; later events may be missing"


def anchored(folder: Path) -> tuple[Path, tuple[str, str]]:
    """The golden proof with a state proof of its anchors, and the block that this leads to."""
    bundle = read_bundle(PROOF.read_bytes())
    proof = Chain.holding(GOLDEN_NETWORK.registry, golden_manifest(), bundle.anchors).prove_all()
    file = folder / "anchored.json"
    file.write_bytes(replace(bundle, state_proof=proof).to_bytes())
    return file, ("--block-hash", keccak256(proof.header).hex())


def stateless(folder: Path) -> Path:
    file = folder / "stateless.json"
    file.write_bytes(replace(read_bundle(PROOF.read_bytes()), state=None).to_bytes())
    return file


def words(shell: Shell, *arguments: object, code: int = 0) -> str:
    """What is drawn, in one line."""
    return " ".join(shell.run("proof", "verify", *arguments, code=code).stdout.split())


def marks(drawn: str) -> dict[int, str]:
    """The mark of every step in the drawn table."""
    rows = [line.split() for line in drawn.splitlines()]
    return {int(row[0]): row[1] for row in rows if len(row) > 1 and row[1] in "✔◐○"}


def test_by_the_logs_key_and_the_network_it_holds(shell: Shell) -> None:
    told = shell.json("proof", "verify", PROOF, *NETWORK, *LOG)
    assert (told["verdict"], told["verified"]) == ("holds", True)
    assert told["resting_on_unchecked_checkpoint"] == []
    drawn = shell.run("proof", "verify", PROOF, *NETWORK, *LOG).stdout
    assert drawn.startswith("The proof holds: key 3 ")
    assert {marks(drawn)[step] for step in (4, 6, 10)} == {"✔"}


@pytest.mark.parametrize("brought", [(), LOG, NETWORK], ids=["nothing", "log key alone", "network alone"])
def test_without_either_it_is_consistent_and_no_more(shell: Shell, brought: tuple[object, ...]) -> None:
    told = shell.json("proof", "verify", PROOF, *brought, code=CONSISTENT)
    assert (told["verdict"], told["verified"]) == ("consistent", False)
    drawn = words(shell, PROOF, *brought, code=CONSISTENT)
    assert drawn.startswith("Consistent, but its origin was not checked: key 3 ")
    assert "holds" not in drawn
    assert ("bring --log-key" in drawn) is (brought != LOG)
    assert ("bring --chain-id" in drawn) is (brought != NETWORK)


@pytest.mark.parametrize("brought", [(), NETWORK], ids=["nothing", "network"])
def test_what_rests_on_an_unchecked_checkpoint_is_drawn_so(shell: Shell, brought: tuple[object, ...]) -> None:
    told = shell.json("proof", "verify", PROOF, *brought, code=CONSISTENT)
    assert told["resting_on_unchecked_checkpoint"] == RESTING
    drawn = shell.run("proof", "verify", PROOF, *brought, code=CONSISTENT).stdout
    assert {marks(drawn)[step] for step in RESTING} == {"◐"}
    assert {marks(drawn)[step] for step in (2, 3)} == {"✔"}, "batch and supplier's signature need no log"
    assert "REDEEMED by the file's own word" in " ".join(drawn.split())


def test_a_trusted_block_that_anchored_it_stands_in_for_the_logs_key(shell: Shell, tmp_path: Path) -> None:
    file, block = anchored(tmp_path)
    assert shell.json("proof", "verify", file, *NETWORK, *block)["verdict"] == "holds"
    told = shell.json("proof", "verify", file, *NETWORK, code=CONSISTENT)
    assert told["verified"] is False, "the state proof leads nowhere that the reader trusts"


def test_a_trusted_block_that_the_file_does_not_lead_to_checks_no_origin(
    shell: Shell, tmp_path: Path
) -> None:
    _, block = anchored(tmp_path)
    told = shell.json("proof", "verify", PROOF, *NETWORK, *block, code=CONSISTENT)
    assert told["verdict"] == "consistent"


@pytest.mark.parametrize(("brought", "code"), [((), CONSISTENT), ((*NETWORK, *LOG), 0)])
def test_a_file_without_state_says_in_its_headline_that_events_may_be_missing(
    shell: Shell, tmp_path: Path, brought: tuple[object, ...], code: int
) -> None:
    assert f"is REDEEMED {SO_FAR}." in words(shell, stateless(tmp_path), *brought, code=code)
    assert SO_FAR not in words(shell, PROOF, *brought, code=code)


def test_a_rejected_proof_has_its_verdict_as_data_too(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "tampered.json"
    file.write_text(PROOF.read_text("utf-8").replace('"index":6', '"index":7', 1), "utf-8")
    told = shell.json("proof", "verify", file, *NETWORK, *LOG, code=1)
    assert (told["verdict"], told["verified"], told["error"]["step"]) == ("rejected", False, 4)


def test_a_proof_of_anybodys_own_service_does_not_hold_by_itself(
    world: World, registered: Callable[[int], str]
) -> None:
    batch = registered(2)
    world.shell.run("worker", "--once")
    out = world.folder / "proof.json"
    made = ("proof", "make", "--handle", f"{batch}/1", "--out", out, "--token-file", world.token("Acme"))
    world.shell.run(*made)
    assert world.shell.json("proof", "verify", out, code=CONSISTENT)["verdict"] == "consistent"
    assert "error[proof_rejected]" in world.shell.run("proof", "verify", out, *LOG, code=1).stderr


def test_the_exit_codes_are_in_every_help(shell: Shell) -> None:
    for path in ((), ("proof", "verify")):
        said = " ".join(shell.run(*path, "--help").stdout.split())
        assert "consistent but its origin was not checked" in said


def test_a_file_of_100_mb_is_refused_before_it_is_read(shell: Shell, tmp_path: Path) -> None:
    huge = tmp_path / "huge.provenance.json"
    with huge.open("wb") as file:
        file.truncate(100_000_000)
    assert "bundle_too_large" in shell.run("proof", "verify", huge, code=1).stderr
