"""The figures in README and documentation are those of the committed lines, typed by nobody."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bench import report
from bench.saying import machine, missed, share, target

ROOT = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for path in (*report.DOCUMENTS, report.JOBS_FILE, report.GROWTH_FILE):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    shutil.copytree(ROOT / report.IMAGES, tmp_path / report.IMAGES)
    return tmp_path


def test_tables_and_charts_are_what_the_committed_lines_give(checkout: Path) -> None:
    assert report.write(checkout) == [], "run `python -m bench.report`, which writes them"


def test_a_figure_that_somebody_typed_is_put_right(checkout: Path) -> None:
    readme = checkout / "README.md"
    told = readme.read_text("utf-8")
    readme.write_text(told.replace("| met |", "| missed |"), "utf-8")
    assert report.write(checkout) == [Path("README.md")]
    assert readme.read_text("utf-8") == told


def test_a_missed_target_is_listed_even_if_nobody_knows_why(capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "name": "a job", "ours": 2.0, "reference": 1.0, "ratio": 2.0, "unit": "s", "n": 1, "runs": 5,
        "note": "", "target": {"of": "ratio", "at_most": 1.25}, "met": False,
    }  # fmt: skip
    assert "**a job**: 2 ×, wanted ≤ 1.25 ×" in missed([row], {})
    assert "a job" in capsys.readouterr().err
    assert missed([row], {"a job": {"why": "It waits.", "next": "not to."}}).endswith(
        "It waits. Next: not to."
    )
    assert missed([row | {"met": True}], {}) == "None."


def test_every_committed_line_says_truly_whether_its_target_is_met() -> None:
    for path in (report.JOBS_FILE, report.GROWTH_FILE):
        for row in map(json.loads, (ROOT / path).read_text("utf-8").splitlines()):
            wanted = row["target"]
            if wanted is None:
                assert row["met"] is None
                continue
            value = row[wanted["of"]]
            is_met = value >= wanted["at_least"] if "at_least" in wanted else value <= wanted["at_most"]
            assert row["met"] is is_met, row["name"]


def test_a_row_measured_again_stands_for_the_earlier_and_both_loads_are_told() -> None:
    facts = {
        "cpu": "a CPU", "cores": 2, "memory_gib": 8, "python": "3.11", "day": "2026-01-01", "minutes": 3.0,
        "load_before": 0.5, "load_least": 1.0, "load_most": 2.0,
    }  # fmt: skip
    row = {"name": "a job", "n": 1, "unit": "s", "runs": 5, "ours": 2.0}
    other = row | {"name": "another"}
    end = {"name": "machine", "n": 1, "unit": "cores", "runs": 1, "facts": facts}
    rows = [row, other, end, row | {"ours": 1.0}, end | {"facts": facts | {"load_before": 9.0}}]
    assert [(one["name"], one["ours"]) for one in report.newest(rows)] == [("a job", 1.0), ("another", 2.0)]
    told = machine(rows)
    assert "0.5 before" in told
    assert "In another run: a job. The load average was 9.0 before" in told


def test_rates_are_told_in_percent_and_times_as_multiples() -> None:
    assert share({"unit": "keys/s"}, 0.604) == "60%"
    assert share({"unit": "s"}, 1.254) == "1.25 ×"
    assert target({"unit": "ms", "target": {"of": "ours", "at_most": 30}}) == "≤ 30 ms"
