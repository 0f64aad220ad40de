"""What a row of a run says to people, in the words of tables and lists."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from bench.harness import figure

Row = dict[str, Any]
"""One line of ``provenance bench --json``."""


def measure(row: Row, value: float | None) -> str:
    """A value with the unit of its row."""
    return "" if value is None else f"{figure(value)} {row['unit']}".strip()


def share(row: Row, value: float) -> str:
    """A ratio as people say it: a rate in percent, a time or a size as a multiple."""
    if row["unit"].endswith("/s"):
        return f"{value:.0%}" if value >= 0.01 else f"{value:.2%}"
    return f"1 : {1 / value:,.0f}" if 0 < value < 0.001 else f"{figure(value)} ×"


def target(row: Row) -> str:
    """The bound, with its side; nothing without one."""
    wanted = row["target"]
    if wanted is None:
        return ""
    sign, bound = ("≥", wanted["at_least"]) if "at_least" in wanted else ("≤", wanted["at_most"])
    return f"{sign} {share(row, bound) if wanted['of'] == 'ratio' else measure(row, bound)}"


def reference(row: Row) -> str:
    """What ours stands beside, in a few words."""
    said: str = row["note"].removeprefix("reference: ").partition(";")[0]
    return said if row["reference"] is not None else ""


def label(row: Row) -> str:
    """The name of a row, with its size where it has one."""
    return f"{row['name']} ({row['n']:,})" if row["n"] > 1_000 else str(row["name"])


def table(rows: Iterable[Row]) -> str:
    """Markdown; whether the target is met comes last."""
    lines = ["| job | ours | reference | ratio | target | |", "|---|---|---|---|---|---|"]
    for row in rows:
        verdict = {None: "", True: "met", False: "**missed**"}[row["met"]]
        said = reference(row)
        beside = f"{said}, {measure(row, row['reference'])}" if said else ""
        ratio = share(row, row["ratio"]) if row["ratio"] is not None else ""
        cells = (label(row), measure(row, row["ours"]), beside, ratio, target(row), verdict)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine(rows: list[Row]) -> str:
    """What a run was on, and how busy that was; of every run, if a file holds several."""
    sentences: list[str] = []
    names: list[str] = []
    for row in rows:
        if row["name"] != "machine":
            names.append(row["name"])
            continue
        sentences.append(_first_run(rows, row["facts"]) if not sentences else _later_run(names, row["facts"]))
        names = []
    return " ".join(sentences)


def _first_run(rows: list[Row], facts: dict[str, Any]) -> str:
    return (
        f"Measured on {facts['day']}: {facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB,"
        f" Python {facts['python']}, PostgreSQL with fsync on; medians of {max(row['runs'] for row in rows)}"
        f" interleaved runs, in {facts['minutes']:.0f} minutes. {_load(facts)}"
    )


def _later_run(names: list[str], facts: dict[str, Any]) -> str:
    jobs = dict.fromkeys(name.rpartition("SQL: ")[2].rpartition("SQLite: ")[2] for name in names)
    return f"In another run: {'; '.join(jobs)}. {_load(facts)}"


def _load(facts: dict[str, Any]) -> str:
    least, most = facts["load_least"], facts["load_most"]
    return f"The load average was {facts['load_before']} before it began and {least} to {most} while it ran."


def missed(rows: Iterable[Row], reasons: dict[str, dict[str, str]]) -> str:
    """Every missed target with its reason and the next idea; one without is told on standard error too."""
    lines = []
    for row in rows:
        if row["met"] is not False:
            continue
        known = reasons.get(row["name"])
        if known is None:
            print(f"missed.toml has no reason for {row['name']!r}", file=sys.stderr)
            known = {"why": "Not looked into yet.", "next": "a profile."}
        is_ratio = row["target"]["of"] == "ratio"
        value = share(row, row["ratio"]) if is_ratio else measure(row, row["ours"])
        wanted = f"{value}, wanted {target(row)}"
        lines.append(f"- **{row['name']}**: {wanted}. {known['why']} Next: {known['next']}")
    return "\n".join(lines) or "None."
