"""``make bench``: each job beside its reference in the same run, as a table or as JSON lines."""

from __future__ import annotations

import argparse

from bench import registering, trees
from bench.harness import show


def main() -> None:
    """Run every job in turn."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, to see that it works")
    arguments = parser.parse_args()
    scale = 10 if arguments.quick else 1
    results = [
        trees.root_of_a_million(1_000_000 // scale),
        registering.into_sqlite(100_000 // scale),
        registering.into_postgres(100_000 // scale),
        registering.peak_memory(100_000 // scale),
        registering.peak_memory(300_000 // scale),
    ]
    show(results, as_json=arguments.json)


if __name__ == "__main__":
    main()
