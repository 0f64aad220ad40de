"""The demo is the product's promise to a newcomer: it runs, keeps every promise, and says so as data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.node, pytest.mark.timeout(600)]
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], Path]:
    folder = tmp_path_factory.mktemp("demo") / "stage"
    done = subprocess.run(
        [sys.executable, "-m", "provenance", "demo", "--json", "--folder", str(folder)],
        cwd=PROJECT, capture_output=True, text=True, timeout=580,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(done.stdout), folder


def test_every_promise_is_kept_and_told_with_its_evidence(told: tuple[dict[str, object], Path]) -> None:
    steps = told[0]["steps"]
    assert isinstance(steps, list)
    promises = {step["promise"] for step in steps}
    assert "a second sale of it is refused, naming the first" in promises
    assert any("race for one key" in promise for promise in promises)
    assert any("lies in clear" in promise for promise in promises)
    assert all(step["evidence"] for step in steps)


def test_ten_formats_and_ten_thousand_keys_are_registered(told: tuple[dict[str, object], Path]) -> None:
    steps = told[0]["steps"]
    assert isinstance(steps, list)
    anchored = next(step for step in steps if step["promise"] == "every batch is anchored on the chain")
    assert anchored["evidence"] == {"batches": 10, "keys": 10_000}


def test_what_was_made_stays_below_its_folder(told: tuple[dict[str, object], Path]) -> None:
    folder = told[1]
    assert {path.name for path in folder.iterdir()} >= {"samples", "home", "logs", "proofs"}
    assert len(list((folder / "proofs").glob("*.provenance.json"))) >= 3


def test_no_credential_or_order_token_reaches_a_log(told: tuple[dict[str, object], Path]) -> None:
    for log in (told[1] / "logs").iterdir():
        text = log.read_text("utf-8", "replace")
        assert "ckp_" not in text
        assert "order_token" not in text
