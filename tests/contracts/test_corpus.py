"""The shared corpus before the contracts: of the steps Solidity can judge, it names the same failing one."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.conftest import ROOT
from tests.contracts.corpus_cases import (
    CODE_BY_SELECTOR,
    JUDGED_STEPS,
    OUT_OF_SIGHT,
    SILENT,
    encoded,
    selector,
    verdicts,
)
from tests.contracts.test_solidity import run_suite
from tests.verifier import corpus

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]

SOURCES = ROOT / "tests" / "contracts" / "corpus"
ROWS = corpus.read_cases()

PARSED_AWAY = {
    "form-entry-123": (4, "InvalidEntryLength(uint256)"),
    "form-entry-125": (4, "InvalidEntryLength(uint256)"),
    "form-signature-64": (3, "InvalidSignatureLength(uint256)"),
}
"""Of the bundles that no verifier parses, those whose fault a contract sees all the same."""

TOO_WIDE = {"batch-index-huge"}
"""An index that the registry's uint32 has no room for: its decoder refuses it, without an error."""


LEAST = {0: 250, 1: 10, 2: 14, 3: 19, 4: 12, 6: 15, 8: 6, 10: 17}
"""Cases by the step that Solidity finds failing, 0 where every step it judges passes."""

LIBRARY, REGISTRY = "MerkleLog.sol", "ProvenanceRegistry.sol"
KEY, STATE = "test/CorpusKey.sol", "test/CorpusState.sol"

MUTANTS = {
    "any path leads to a batch": (LIBRARY, "if (hash != root) revert", "if (false) revert", 2),
    "anybody signs": (REGISTRY, "if (signer != supplier)", "if (false)", 3),
    "the signature holds on every chain": (REGISTRY, "block.chainid", "uint256(31337)", 3),
    "any path leads to a checkpoint": (LIBRARY, "if (hash != root) revert", "if (false) revert", 4),
    "the past is not looked at": (LIBRARY, "if (first != root1)", "if (false)", 6),
    "the present is not looked at": (LIBRARY, "if (second != root2)", "if (false)", 6),
    "an index past the tree": (LIBRARY, "if (index >= size)", "if (false)", 2),
    "any key gives the leaf": (KEY, "identity)) != leaf", "identity)) == 0", 1),
    "any buyer's use": (KEY, "if (!found)", "if (false)", 1),
    "any details": (KEY, "shown.value)) != commitment", "shown.value)) == 0", 8),
    "an entry may be left out": (STATE, "if (covering != chain(custody, true))", "if (false)", 10),
    "any state": (STATE, "index != subject.logSize - 1", "false", 10),
}
"""And the step at which cases then pass that should not."""


@pytest.fixture
def judging(project: Path) -> Path:
    """The project with the judge in it."""
    for source in SOURCES.glob("*.sol"):
        shutil.copy(source, project / "contracts" / "test" / source.name)
    return project


def expected_step(case: dict[str, Any]) -> int | None:
    step: int | None = case["expect"].get("step")
    return step


SHOWN = [row for row in ROWS if expected_step(row) not in OUT_OF_SIGHT]
OUT_OF_SIGHT_COUNT = sum(expected_step(row) in OUT_OF_SIGHT for row in ROWS)


def answers(project: Path, cases: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """What Solidity says of *cases*."""
    bases = json.loads(corpus.BASES.read_text(encoding="utf-8"))
    lines = [encoded(case, bases) for case in cases]
    (project / "tests" / "vectors" / "corpus.abi").write_text("\n".join(lines) + "\n")
    done = run_suite(project, "contracts/test/CorpusVerdicts.t.sol", "-vv")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return verdicts(done.stdout)


def wanted(case: dict[str, Any]) -> tuple[int, str | None]:
    """The verdict of the corpus, as far as a contract goes: a failure of another step is none to it."""
    step = expected_step(case)
    return (step, case["expect"]["code"]) if step in JUDGED_STEPS else (0, None)


def meaning(case: dict[str, Any], verdict: tuple[int, int]) -> tuple[int, str | None]:
    """*verdict* in the words of the corpus; an error that is the rule of no code stays a number.

    The first failure is the answer: what Solidity finds behind one that it cannot see is none.
    """
    step, why = verdict
    first = expected_step(case)
    if step == 0 or (first is not None and first not in JUDGED_STEPS and step > first):
        return 0, None
    return step, "merkle_proof_invalid" if why == SILENT else CODE_BY_SELECTOR.get(why, hex(why))


def disagreements(told: dict[str, tuple[int, int]]) -> dict[str, tuple[int, str | None]]:
    said = {row["id"]: (meaning(row, told[row["id"]]), wanted(row)) for row in SHOWN if row["id"] in told}
    return {name: is_ for name, (is_, should) in said.items() if is_ != should}


def test_solidity_names_the_failing_step_and_rule_of_every_case_it_can_judge(judging: Path) -> None:
    parsed_away = [row for row in ROWS if row["id"] in PARSED_AWAY]
    told = answers(judging, SHOWN + parsed_away)
    assert set(told) == {row["id"] for row in SHOWN + parsed_away}
    assert not disagreements(told)
    assert {name for name, (_, why) in told.items() if why == SILENT} == TOO_WIDE
    assert {name: told[name] for name in PARSED_AWAY} == {
        name: (step, selector(error)) for name, (step, error) in PARSED_AWAY.items()
    }
    # What was judged, counted from Solidity's own answers. The corpus only grows, so these are floors.
    judged = Counter(meaning(row, told[row["id"]])[0] for row in SHOWN)
    assert all(judged[step] >= least for step, least in LEAST.items()), judged
    assert judged.total() + OUT_OF_SIGHT_COUNT == len(ROWS)


def test_a_contract_is_spared_only_what_it_cannot_see() -> None:
    assert {expected_step(row) for row in ROWS if row not in SHOWN} == set(OUT_OF_SIGHT)
    assert len(SHOWN) >= 343
    assert len(SHOWN) + OUT_OF_SIGHT_COUNT == len(ROWS)


@pytest.mark.mutants
@pytest.mark.parametrize(("file", "old", "new", "step"), MUTANTS.values(), ids=MUTANTS.keys())
def test_the_corpus_finds_out_when(file: str, old: str, new: str, step: int, judging: Path) -> None:
    source = judging / "contracts" / file
    text = source.read_text()
    assert text.count(old) == 1
    source.write_text(text.replace(old, new))
    missed = disagreements(answers(judging, [row for row in SHOWN if wanted(row)[0] == step]))
    assert missed
