"""``python -m bench.report``: tables and charts of README and docs/performance.md from the lines of a run.

``docs/bench.jsonl`` and ``docs/growth.jsonl`` are what ``provenance bench --json`` printed. Between the
marks ``<!-- bench:NAME -->`` and ``<!-- /bench -->`` of the two documents stands what this makes of them.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import charts
from bench.charts import Bar, Line
from bench.saying import Row, label, machine, measure, missed, reference, share, table, target

ROOT: Final = Path(__file__).resolve().parents[1]
JOBS_FILE: Final = Path("docs/bench.jsonl")
GROWTH_FILE: Final = Path("docs/growth.jsonl")
DOCUMENTS: Final = (Path("README.md"), Path("docs/performance.md"))
IMAGES: Final = Path("docs/img")
REASONS: Final = Path(__file__).with_name("missed.toml")
"""Why a target is missed and what comes next, by the name of the row: the one thing no run can say."""
_BLOCK: Final = re.compile(r"<!-- bench:([a-z-]+) -->\n.*?<!-- /bench -->", re.DOTALL)

CHARTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "root": ("Merkle root of a million leaves", ("Merkle root",)),
    "registering": ("Registration of a million keys", ("PostgreSQL: register", "SQLite: register")),
    "memory": ("Peak memory of a registration", ("peak memory",)),
    "verifying": ("Verify over HTTP", ("verify one key", "verify 1,000", "verify, p99", "constant JSON")),
    "selling": ("Sell over HTTP", ("sell one key", "100 sales", "sell, p99")),
    "sequencing": ("Sequencing", ("sequence entries",)),
    "paths": ("Inclusion paths from a tree of a million", ("inclusion path",)),
    "bundle": ("A bundle verified", ("verify a bundle",)),
    "audit": ("An audit replayed", ("audit replay",)),
    "gas": ("Gas", ("gas:",)),
}
"""Chart by chart: its title, and what the names of its rows have in them."""


def rows_of(path: Path) -> list[Row]:
    """The lines of a run."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def newest(rows: list[Row]) -> list[Row]:
    """The rows of a file without its machines; one that was measured again, by a later run, counts alone."""
    found = {(row["name"], row["n"] if row["unit"] == "MiB" else 0): row for row in rows}
    return [row for row in found.values() if row["name"] != "machine"]


def bar(row: Row) -> Bar:
    """The bars of a row, the target where it lies in the row's own unit."""
    wanted, at = row["target"], None
    if wanted is not None:
        bound = wanted.get("at_least", wanted.get("at_most"))
        at = bound * row["reference"] if wanted["of"] == "ratio" else bound
    ratio = f" – {share(row, row['ratio'])}" if row["ratio"] is not None else ""
    return Bar(
        label(row) + (f"   (target {target(row)})" if wanted else ""),
        row["ours"], measure(row, row["ours"]) + ratio, row["reference"],
        f"{measure(row, row['reference'])} {reference(row)}", at, row["met"],
    )  # fmt: skip


def growth_charts(rows: list[Row]) -> dict[str, str]:
    """The curves of one run: times by size with n log n, and rates by size of the table."""
    told = [(row, row["facts"]["points"]) for row in rows if row.get("facts", {}).get("points")]
    times = [
        Line(f"{row['name'].removeprefix('growth: ')}: n^{row['ours']:.2f}", points)
        for row, points in told
        if row["facts"]["unit"] == "s"
    ]
    rates = [
        Line(row["name"].removeprefix("flat: "), points)
        for row, points in told
        if row["facts"]["unit"].endswith("/s")
    ]
    found = {}
    if times:
        sizes = sorted({n for line in times for n, _ in line.points})
        least = min(value for line in times for n, value in line.points if n == sizes[0])
        guide = [(n, least * (n * math.log(n)) / (sizes[0] * math.log(sizes[0]))) for n in sizes]
        lines = [*times, Line("n log n", guide, is_dashed=True)]
        found["growth"] = charts.curves("Time by keys or entries", lines, "keys, entries", "seconds")
    if rates:
        found["flat"] = charts.curves(
            "Verify and sell by size of the table", rates, "keys registered", "keys/s"
        )
    return found


def write(root: Path = ROOT) -> list[Path]:
    """Draw every chart and fill every mark below *root*; the files that changed."""
    jobs = rows_of(root / JOBS_FILE)
    growth = rows_of(root / GROWTH_FILE) if (root / GROWTH_FILE).exists() else []
    measured, grown = newest(jobs), newest(growth)
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    files: dict[Path, str] = {}
    blocks: dict[str, Callable[[], str]] = {
        "table": lambda: f"{machine(jobs)}\n\n{table(row for row in measured if row['target'])}",
        "all": lambda: f"{machine(jobs)}\n\n{table(measured)}",
        "growth": lambda: f"{machine(growth)}\n\n{table(grown)}",
        "missed": lambda: missed([*measured, *grown], reasons),
    }
    for name, (title, words) in CHARTS.items():
        some = [row for row in measured if any(word in row["name"] for word in words)]
        if some:
            files[IMAGES / f"bench-{name}.svg"] = charts.bars(title, [bar(row) for row in some])
    for name, drawn in growth_charts(grown).items():
        files[IMAGES / f"bench-{name}.svg"] = drawn
    for document in DOCUMENTS:
        text = (root / document).read_text(encoding="utf-8")
        files[document] = _BLOCK.sub(
            lambda mark: f"<!-- bench:{mark[1]} -->\n{blocks[mark[1]]()}\n<!-- /bench -->", text
        )
    changed = [path for path in files if _read(root / path) != files[path]]
    for path in changed:
        (root / path).write_text(files[path], encoding="utf-8")
    return changed


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    for one in write():
        print(one)
