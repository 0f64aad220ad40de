"""``make bench``: each job beside its reference in the same run, as a table or as JSON lines."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from bench import auditing, http, log, proving, registering, risk, trees
from bench.harness import RUNS, Result, show

Job = Callable[[int, int], list[Result]]
"""Takes what the sizes are divided by, and the runs."""

JOBS: dict[str, Job] = {
    "root": lambda scale, runs: trees.roots(1_000_000 // scale, runs),
    "register-sqlite": lambda scale, runs: [registering.into_sqlite(100_000 // scale, runs)],
    "register-postgres": lambda scale, runs: [registering.into_postgres(100_000 // scale, runs)],
    "register-memory": lambda scale, runs: [
        registering.peak_memory(keys // scale) for keys in (100_000, 300_000)
    ],
    "http": lambda scale, runs: http.measure(quick=scale > 1, runs=runs),
    "sequence": lambda scale, runs: [log.sequencing(50_000 // scale, runs)],
    "path": lambda scale, runs: log.path(1_000_000 // scale, runs),
    "bundle": lambda scale, runs: [log.checking(runs)],
    "audit": lambda scale, runs: [log.replaying(60_000 // scale, runs)],
    "audit-http": lambda scale, runs: [auditing.served(300_000 // scale, runs)],
    "risk": lambda scale, runs: risk.measure(risk.ORDERS // scale),
    "proofs": lambda scale, runs: proving.measure(1_000_000 // scale, runs),
}


def main() -> None:
    """Run every job in turn, or those that are named."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, to see that it works")
    parser.add_argument("--only", action="append", choices=list(JOBS), help="this job alone; may be repeated")
    parser.add_argument("--runs", type=int, default=RUNS, help="interleaved runs of http and the log's jobs")
    arguments = parser.parse_args()
    results: list[Result] = []
    for name in arguments.only or JOBS:
        found = JOBS[name](10 if arguments.quick else 1, arguments.runs)
        if arguments.json:
            show(found, as_json=True)
        results += found
    if not arguments.json:
        show(results, as_json=False)


if __name__ == "__main__":
    main()
