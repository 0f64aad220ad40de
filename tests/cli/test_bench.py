"""``provenance bench`` measures in a checkout, and says plainly where it cannot."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.growth import curve, exponent

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


def test_a_curve_is_held_against_n_log_n() -> None:
    sizes = (10_000, 100_000, 1_000_000)
    assert curve("of n log n", "s", [(n, n * math.log(n) / 1e6) for n in sizes]).ratio == pytest.approx(1)
    assert curve("flat", "s", [(n, 2.0) for n in sizes]).is_met
    assert not curve("of n^1.2", "s", [(n, n**1.2) for n in sizes]).is_met


def test_fixed_costs_of_the_smallest_size_hide_no_growth() -> None:
    steep = [(1_000, 50.0), (10_000, 10.0), (100_000, 200.0)]
    assert exponent(steep) < 1.05 * exponent([(n, n * math.log(n)) for n, _ in steep])
    assert not curve("steep", "s", steep).is_met


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
