"""``provenance bench``: each job beside its reference in the same run, as a table or as JSON lines.

Without a choice, and so by ``make bench``, every job that has a target runs once, in under twenty minutes
on two cores.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bench.harness import RUNS, Result, show
from bench.machine import Watched
from bench.targets import judged, not_measured


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked for: what sizes are divided by, the runs, and whether the longest ones are wanted."""

    scale: int = 1
    runs: int = RUNS
    is_full: bool = False

    def of(self, n: int) -> int:
        """*n* of a whole run, at this size."""
        return n // self.scale


def _of(module: str) -> Any:
    """A module of the measurements, imported only when its job runs."""
    return importlib.import_module(f"bench.{module}")


Job = Callable[[Size], Iterable[Result]]

JOBS: dict[str, Job] = {
    "root": lambda size: _of("trees").roots(size.of(1_000_000), size.runs),
    "gas": lambda size: _of("gas").measure(1_000_000),
    "register-postgres": lambda size: [_of("registering").into_postgres(size.of(1_000_000), size.runs)],
    "register-sqlite": lambda size: [_of("registering").into_sqlite(size.of(1_000_000), size.runs)],
    "register-memory": lambda size: _of("registering").peak_memory(
        [size.of(n) for n in (100_000, 1_000_000, *((5_000_000,) if size.is_full else ()))]
    ),
    "http": lambda size: _of("http").measure(quick=size.scale > 1, runs=size.runs),
    "sequence": lambda size: [_of("log").sequencing(size.of(50_000), size.runs)],
    "path": lambda size: _of("log").path(size.of(1_000_000), size.runs),
    "bundle": lambda size: [_of("log").checking(size.runs)],
    "audit": lambda size: [_of("log").replaying(size.of(60_000), size.runs)],
}
"""Those with targets, in the order of a run."""

MORE: dict[str, Job] = {
    "audit-http": lambda size: [_of("auditing").served(size.of(300_000), size.runs)],
    "risk": lambda size: _of("risk").measure(size.of(20_000)),
    "proofs": lambda size: _of("proving").measure(size.of(1_000_000), size.runs),
}
"""Those that run only when they are named."""


GROWTH: dict[str, Job] = {
    "growth": lambda size: _of("growth").measure(scale=size.scale, is_full=size.is_full),
    "flat": lambda size: _of("flat").measure(scale=size.scale, runs=size.runs, is_full=size.is_full),
}
"""How cost grows: instead of the jobs, with ``--growth``."""


def main() -> None:
    """Run every job with a target in turn, or those that are named."""
    arguments = _parser().parse_args()
    size = Size(10 if arguments.quick else 1, arguments.runs, arguments.full)
    jobs = JOBS | MORE | GROWTH
    wanted = arguments.only or (GROWTH if arguments.growth else JOBS)
    watched = Watched()
    results: list[Result] = []
    for name in wanted:
        start = time.perf_counter()
        watched.look()
        for one in map(judged, jobs[name](size)):
            results.append(one)
            if arguments.json:
                show([one], as_json=True)
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    machine = watched.told()
    show([machine] if arguments.json else [*results, machine], as_json=arguments.json)
    if wanted is JOBS and (missing := not_measured({one.name for one in results})):
        sys.exit(f"no row came of these targets: {', '.join(missing)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, to see that it works")
    parser.add_argument("--full", action="store_true", help="the longest sizes too; far more than 20 minutes")
    parser.add_argument("--growth", action="store_true", help="how cost grows, instead of what it is")
    parser.add_argument(
        "--only", action="append", choices=[*JOBS, *MORE, *GROWTH], help="this job alone; may be repeated"
    )
    parser.add_argument("--runs", type=int, default=RUNS, help="interleaved runs of a job and its reference")
    return parser


if __name__ == "__main__":
    main()
