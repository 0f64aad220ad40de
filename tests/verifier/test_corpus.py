"""One corpus of good and broken bundles, one verdict: Python and JavaScript name the same failing step."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import pytest

from provenance.errors import ProofRejected
from tests.verifier import corpus
from tests.verifier.javascript import run_node
from tests.verifier.make_corpus import texts

BASES: dict[str, str] = json.loads(corpus.BASES.read_text(encoding="utf-8"))
ROWS = corpus.read_cases()
each_case = pytest.mark.parametrize("case", ROWS, ids=[row["id"] for row in ROWS])


def python_answer(case: dict[str, Any]) -> dict[str, Any]:
    try:
        evidence = corpus.ask_python(case, BASES)
    except ProofRejected as error:
        return {"verdict": "rejected", "step": error.step, "code": code_of(error)}
    return {"verdict": "accepted", "evidence": evidence.to_json()}


def code_of(error: ProofRejected) -> str:
    return error.facts.get("cause") or error.code


@cache
def javascript_answers(*arguments: str) -> dict[str, dict[str, Any]]:
    printed = run_node("tests/verifier/run_corpus.mjs", *arguments)
    rows = [json.loads(line) for line in printed.rstrip("\n").split("\n")]
    return {row["id"]: row for row in rows}


def plain(evidence: Any) -> Any:
    """*evidence* without what only JavaScript adds to a finding: its id, the id of the reason, the facts."""
    if isinstance(evidence, list):
        return [plain(item) for item in evidence]
    if not isinstance(evidence, dict):
        return evidence
    extra = {"id", "facts", "why"} if "what" in evidence else set()
    return {name: plain(value) for name, value in evidence.items() if name not in extra}


@each_case
def test_python_gives_the_verdict_and_the_step(case: dict[str, Any]) -> None:
    answer = python_answer(case)
    answer.pop("evidence", None)
    assert answer == case["expect"]


@pytest.mark.node
@pytest.mark.parametrize("signatures", ["platform", "library"])
@each_case
def test_javascript_gives_the_verdict_and_the_step(case: dict[str, Any], signatures: str) -> None:
    answer = javascript_answers(signatures)[case["id"]]
    assert {name: answer.get(name) for name in case["expect"]} == case["expect"], answer


@pytest.mark.node
@pytest.mark.parametrize(
    "case", [pytest.param(row, id=row["id"]) for row in ROWS if row["expect"]["verdict"] == "accepted"]
)
def test_both_tell_the_same_evidence_in_the_same_words(case: dict[str, Any]) -> None:
    answer = javascript_answers("platform")[case["id"]]
    assert plain(answer["evidence"]) == python_answer(case)["evidence"]


def test_the_corpus_is_large_and_reaches_every_step() -> None:
    steps = Counter(row["expect"].get("step", "accepted") for row in ROWS)
    assert len(ROWS) >= 150
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert all(steps[step] >= 3 for step in (*range(11), "accepted")), steps


def test_the_corpus_is_what_its_maker_makes() -> None:
    files = {name: (corpus.FOLDER / name).read_text(encoding="utf-8") for name in texts()}
    assert files == texts()
