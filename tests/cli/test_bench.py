"""``provenance bench`` measures in a checkout, and says plainly where it cannot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALL = "from provenance.cli import main; main()"


def test_each_line_is_one_object_with_what_was_measured_and_its_target() -> None:
    command = [sys.executable, "-c", CALL, "bench", "--json", "--quick", "--only", "bundle", "--runs", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    bundle, machine = (json.loads(line) for line in done.stdout.splitlines())
    assert {"name", "ours", "reference", "ratio", "unit", "n", "runs", "target", "met"} <= set(bundle)
    assert bundle["ratio"] == bundle["ours"] / bundle["reference"]
    assert bundle["target"] == {"of": "ratio", "at_most": 2.0}
    assert bundle["met"] is (bundle["ratio"] <= 2)
    assert machine["name"] == "machine"
    assert machine["facts"]["cores"] >= 1


def test_a_job_that_does_not_exist_is_a_wrong_call() -> None:
    command = [sys.executable, "-c", CALL, "bench", "--only", "nonsense"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 2


def test_without_a_checkout_it_says_that_nothing_can_be_measured(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "provenance", tmp_path / "provenance", ignore=shutil.ignore_patterns("__pycache__")
    )
    command = [sys.executable, "-c", CALL, "--lang", "en", "bench"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "LANG": "C"}
    )
    assert done.returncode == 3
    assert "bench_missing" in done.stderr
    assert done.stdout == ""
