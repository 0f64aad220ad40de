"""``provenance bench --growth``: how the time of each job grows with keys and log, as fitted exponents.

A curve is checked against n log n: the exponent of a power law through its points, the smallest left out
(there fixed costs hide growth), beside the exponent of n log n through the same sizes.
"""

from __future__ import annotations

import io
import math
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench import auditing, log, registering
from bench.harness import Result, Target, seconds
from bench.served import context_over
from provenance.core import lanes, tiles
from provenance.services.headfile import HeadFile
from provenance.services.ledger import Sequencer
from provenance.store import tiles as tile_store
from provenance.store.database import Database, create_schema

SIZES: Final = (10_000, 100_000, 1_000_000)
NOISE: Final = 1.05
"""How far above n log n an exponent may be: single runs on a machine that is not alone."""
_TREE: Final = 7
_AT_ONCE: Final = 1 << 16
_SOME: Final = 300

Point = tuple[int, float]


def exponent(points: Sequence[Point]) -> float:
    """The slope of the least-squares line through the logarithms of *points*."""
    return statistics.linear_regression(
        [math.log(n) for n, _ in points], [math.log(taken) for _, taken in points]
    ).slope


def curve(name: str, unit: str, points: list[Point]) -> Result:
    """The row of a curve: its exponent beside that of n log n."""
    fitted = points[1:] if len(points) > 2 else points
    ours, bound = exponent(fitted), exponent([(n, n * math.log(n)) for n, _ in fitted])
    told = ", ".join(f"{n:,}: {taken:.3g}" for n, taken in points)
    return Result(
        f"growth: {name}", ours, bound, ours / bound, "exponent", points[-1][0], 1,
        f"reference: n log n; {unit} by size {told}", Target(NOISE), {"points": points, "unit": unit},
    )  # fmt: skip


def measure(*, scale: int, is_full: bool) -> Iterator[Result]:
    """Every curve in turn; *is_full* goes to five million keys and ten million entries."""
    sizes = [n // scale for n in SIZES]
    keys = [*sizes, *([5_000_000 // scale] if is_full else [])]
    entries = [*sizes, *([10_000_000 // scale] if is_full else [])]
    yield curve("tree and tiles", "s", [(n, _tree(n)) for n in [*sizes, 10 * sizes[-1]]])
    yield curve("audit replay", "s", [(n, _audit(n)) for n in sizes])
    yield from _registering(keys)
    yield from _path([*sizes, 10 * sizes[-1]])
    yield curve("sequence a log", "s", _sequencing(entries))


def _tree(n: int) -> float:
    """The tree over *n* leaves and all of its tiles."""
    leaves = lanes.leaf_hashes([i.to_bytes(32) for i in range(min(n, _AT_ONCE))])

    def run() -> None:
        builder = tiles.TreeBuilder()
        for start in range(0, n, _AT_ONCE):
            builder.add_many(leaves[: 32 * (n - start)])
        builder.finish()

    return min(seconds(run) for _ in range(3))


def _audit(n: int) -> float:
    return n / auditing.measure("bench", list(range(n // 3))).ours


def _registering(sizes: list[int]) -> Iterator[Result]:
    """Three runs below a million keys; from there on one, in a process of its own that tells its memory."""
    few = [n for n in sizes if n < SIZES[-1]]
    with tempfile.TemporaryDirectory(prefix="provenance-bench-") as folder:
        fresh = registering.fresh_files(folder)
        points = [(n, _register(fresh, n)) for n in few]
    yield from _with_many("SQLite", points, sizes)
    with log.postgres() as server:
        fresh = registering.fresh_databases(server)
        points = [(n, _register(fresh, n)) for n in few]
    yield from _with_many("PostgreSQL", points, sizes)


def _with_many(name: str, points: list[Point], sizes: list[int]) -> Iterator[Result]:
    many = {n: registering.registered_alone(name, n) for n in sizes if n >= SIZES[-1]}
    yield curve(f"register, {name}", "s", [*points, *((n, one["seconds"]) for n, one in many.items())])
    if many:
        yield from registering.memory_rows(name, many)


def _register(fresh: Callable[[], str], n: int) -> float:
    """The median of three."""
    data = registering.supplier_file(n)

    def once() -> float:
        url = fresh()
        return seconds(lambda: registering.register(url, io.BytesIO(data)))

    return statistics.median(once() for _ in range(3))


def _path(sizes: list[int]) -> Iterator[Result]:
    """One inclusion path from tiles in the database: it grows with the height of the tree, not with n."""
    with log.postgres() as server:
        points: list[Point] = []
        url = server.url()
        create_schema(url)
        for tree, n in enumerate(sizes, _TREE):
            database = Database(url)
            _store_tree(database, tree, n)
            points.append((n, _one_path(database, tree, n)))
            database.dispose()
        yield curve("one inclusion path, PostgreSQL", "µs", points)


def _store_tree(database: Database, tree: int, n: int) -> None:
    builder = tiles.TreeBuilder()
    for start in range(0, n, _AT_ONCE):
        some = range(start, min(n, start + _AT_ONCE))
        rows = builder.add_many(lanes.leaf_hashes([i.to_bytes(32) for i in some]))
        with database.write() as connection:
            tile_store.write(connection, tree, rows)
    with database.write() as connection:
        tile_store.write(connection, tree, builder.finish().tiles)


def _one_path(database: Database, tree: int, n: int) -> float:
    with database.read() as connection:

        def paths() -> None:
            for i in range(_SOME):
                index = i * 7_919 % n
                tiles.inclusion_at(tile_store.path_reader(connection, tree, index, n), index, n)

        paths()
        return statistics.median(seconds(paths) for _ in range(5)) / _SOME * 1e6


def _sequencing(sizes: list[int]) -> list[Point]:
    """Seconds in which a log that grows in one database is sequenced; entering is not counted."""
    with log.postgres() as server:
        url = server.url()
        create_schema(url)
        context = context_over(url)
        head = HeadFile(server.data_dir.parent / "head.json")
        key = Ed25519PrivateKey.from_private_bytes(b"L" * 32)
        sequencer = Sequencer(context, key, head, "bench")
        done, taken, points = 0, 0.0, []
        for n in sizes:
            while done < n:
                count = min(_AT_ONCE, n - done)
                log.enter(url, count, done)
                taken += seconds(lambda: log.sequence_all(sequencer, count))  # noqa: B023 - called at once
                done += count
            points.append((n, taken))
        sequencer.stop()
        context.database.dispose()
    return points
