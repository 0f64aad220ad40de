"""What must be true afterwards: of the log, of every promise, of every key."""

from __future__ import annotations

import base64
import time
from collections import Counter

import requests

from bench.scale.clients import Records
from provenance.core import merkle
from provenance.core.entries import Entry, EntryType
from provenance.core.notes import Checkpoint, Note
from provenance.core.tilepaths import decode_bundle, entries_path
from provenance.core.tiles import TILE_WIDTH

_PATIENCE_SECONDS = 60.0


def the_log(url: str, records: Records) -> list[bytes]:
    """Every entry in order, once the log holds what was promised last; raises ``AssertionError``."""
    promised = {_entry(told) for _, told in records.sales.values()}
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        log = _read(url)
        missing = promised - set(log)
        if not missing:
            return log
        if time.monotonic() > end:
            raise AssertionError(f"{len(missing)} promised entries are missing from the log of {len(log)}")
        time.sleep(0.5)


def require_kept(records: Records, log: list[bytes]) -> dict[str, int]:
    """Raise ``AssertionError`` unless nothing was lost, doubled or rewritten; what was counted."""
    assert not records.wrong, records.wrong[:5]
    times = Counter(log)
    doubled = [number for number, (_, told) in records.sales.items() if times[_entry(told)] != 1]
    assert not doubled, f"orders whose entry is not in the log exactly once: {doubled[:5]}"
    sold = [entry for entry in map(Entry.decode, log) if entry.type is EntryType.SELL]
    places = Counter((entry.subject, entry.first) for entry in sold)
    assert all(count == 1 for count in places.values()), "a key was sold twice"
    assert len(sold) == len(records.sales), (
        f"{len(sold)} sales in the log, {len(records.sales)} were answered"
    )
    leaves = [merkle.leaf_hash(raw) for raw in log]
    for size, root in sorted(records.heads.items()):
        assert size <= len(leaves), f"a checkpoint of {size} entries was signed, the log has {len(leaves)}"
        assert merkle.root(leaves[:size]) == root, f"the checkpoint of {size} is of another history"
    return {"sales": len(sold), "entries": len(log), "checkpoints": len(records.heads)}


def _entry(told: dict) -> bytes:  # type: ignore[type-arg]
    return base64.b64decode(told["receipt"]["entry"])


def _read(url: str) -> list[bytes]:
    answer = requests.get(f"{url}/v1/log/checkpoint", timeout=10)
    if answer.status_code != 200:
        return []
    size = Checkpoint.parse(Note.parse(answer.content).text).size
    log: list[bytes] = []
    for number in range(-(-size // TILE_WIDTH)):
        width = min(TILE_WIDTH, size - number * TILE_WIDTH)
        path = entries_path(number, width).removeprefix("tile/")
        answer = requests.get(f"{url}/v1/log/tile/{path}", timeout=10)
        answer.raise_for_status()
        log += decode_bundle(answer.content, width)
    return log
