"""What each job has to reach beside its reference, by the name of its row.

A checkpoint's gas depends on its proof; that row brings its own target.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bench.harness import Result, Target

_MEMORY_MIB: Final = 500e6 / 2**20


def _most(bound: float) -> Target:
    return Target(bound)


def _least(bound: float) -> Target:
    return Target(bound, is_least=True)


TARGETS: Final[dict[str, Target]] = {
    "Merkle root": _most(1 / 8),
    "Merkle root, Go": _most(1 / 3),
    "PostgreSQL: register": _most(1.25),
    "SQLite: register": _most(1.25),
    "PostgreSQL: peak memory of a registration": Target(_MEMORY_MIB, of="ours"),
    "SQLite: peak memory of a registration": Target(_MEMORY_MIB, of="ours"),
    "PostgreSQL: verify one key": _least(0.6),
    "SQLite: verify one key": _least(0.6),
    "PostgreSQL: verify, p99 at half load": Target(30, of="ours"),
    "PostgreSQL: verify 1,000 keys a request": _least(0.5),
    "SQLite: verify 1,000 keys a request": _least(0.5),
    "PostgreSQL: sell one key": _least(0.5),
    "PostgreSQL: 100 sales a request": _least(1.0),
    "PostgreSQL: sell, p99 at half load": Target(60, of="ours"),
    "sequence entries": _most(3.0),
    "PostgreSQL: one inclusion path": _most(4.0),
    "SQLite: one inclusion path": _most(4.0),
    "PostgreSQL: inclusion paths in bulk": Target(50_000, is_least=True, of="ours"),
    "SQLite: inclusion paths in bulk": Target(50_000, is_least=True, of="ours"),
    "verify a bundle": _most(2.0),
    "audit replay": _most(4.0),
    "gas: register a batch": Target(110_000, of="ours"),
}


def judged(result: Result) -> Result:
    """*result* with the target of its name, unless it brought its own."""
    return result if result.target else replace(result, target=TARGETS.get(result.name))


def not_measured(names: set[str]) -> list[str]:
    """Targets of which no row came, so that a renamed row cannot lose its target unseen."""
    return [name for name in TARGETS if name not in names]
