"""No key of the sample files lies in clear where none may be: database, logs, testnet, tiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from provenance.demo.world import World, truth_of

_SHORTEST = 12
"""A shorter secret stands somewhere in megabytes of hex by chance alone."""


def look_for_keys(world: World) -> None:
    """Search everything the run wrote, but the sample files and the proofs that open a key on purpose."""
    secrets = sorted(_secrets(world))
    with world.story.step(
        "no secret of a sample file lies in clear in database, logs, chain or tiles"
    ) as step:
        files = list(_written(world.stage.folder))
        found = [path.name for path in files if _holds_any(path, secrets)]
        step.expect(not found, f"keys lie in clear in {found}")
        step.show(secrets=len(secrets), files=len(files))


def _secrets(world: World) -> Iterator[bytes]:
    for sample in world.samples:
        for row in truth_of(sample):
            if len(row.get("secret", "")) >= _SHORTEST:
                yield row["secret"].encode()


def _written(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        apart = {"samples", "proofs"} & set(path.relative_to(folder).parts)
        if path.is_file() and not apart:
            yield path


def _holds_any(path: Path, secrets: Iterable[bytes]) -> bool:
    """Whether one of *secrets* stands in the file, by cutting it into windows of every secret's length."""
    by_length: dict[int, set[bytes]] = {}
    for secret in secrets:
        by_length.setdefault(len(secret), set()).add(secret)
    data = path.read_bytes()
    return any(
        not wanted.isdisjoint(data[i : i + length] for i in range(len(data) - length + 1))
        for length, wanted in by_length.items()
    )
