"""A replay put down and taken up again: what `--resume` and a witness keep between two runs.

A file of the reader's own, ended by its SHA-256 so that damage is seen; it is not evidence for others.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from provenance import durable
from provenance.audit.batches import BatchBook
from provenance.audit.replay import Replay
from provenance.core.entries import Entry
from provenance.core.lives import BatchFacts
from provenance.errors import InputRefused

MAGIC: Final = b"provenance/replay/v3\n"
_LENGTH: Final = struct.Struct(">Q")
_KEY: Final = struct.Struct(">II")
_DIGEST: Final = 32


def save(replay: Replay, path: Path, extra: dict[str, Any]) -> None:
    """Write *replay* to *path*, whole or not at all; *extra* is JSON of the caller's own."""
    durable.replace(path, _sealed(_parts(replay, extra)))


def load(replay: Replay, path: Path) -> dict[str, Any] | None:
    """Bring a fresh *replay* to where the file left off; the caller's *extra*, ``None`` without a file.

    Raises :class:`InputRefused` (``snapshot_malformed``).
    """
    try:
        with durable.open_regular(path) as stream:
            raw = stream.read()
    except FileNotFoundError:
        return None
    body = raw[:-_DIGEST]
    if not body.startswith(MAGIC) or sha256(body).digest() != raw[-_DIGEST:]:
        raise snapshot_malformed(path.name)
    try:
        return _restored(replay, body)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, struct.error, InputRefused) as error:
        raise snapshot_malformed(path.name) from error


def snapshot_malformed(name: str) -> InputRefused:
    """The error for a file *name* that no replay can be taken up from."""
    return InputRefused(
        f"{name} is damaged or of another version; remove it to begin anew", code="snapshot_malformed"
    )


def _restored(replay: Replay, body: bytes) -> dict[str, Any]:
    at = len(MAGIC)
    (length,) = _LENGTH.unpack_from(body, at)
    at += _LENGTH.size
    header = json.loads(body[at : at + length])
    at += length
    replay.restore(header["replay"])
    for told in header["batches"]:
        book, ranges = _batch(told)
        at = _read_keys(book, body, at)
        replay.keys.restore_batch(book, ranges)
    extra: dict[str, Any] = header["extra"]
    return extra


def _sealed(parts: Iterator[bytes]) -> Iterator[bytes]:
    digest = sha256()
    for part in parts:
        digest.update(part)
        yield part
    yield digest.digest()


def _parts(replay: Replay, extra: dict[str, Any]) -> Iterator[bytes]:
    batches = list(replay.keys.batches.values())
    told = [_told(batch) for batch in batches]
    header = json.dumps({"extra": extra, "replay": replay.told(), "batches": told}).encode()
    yield MAGIC
    yield _LENGTH.pack(len(header)) + header
    for batch in batches:
        yield _LENGTH.pack(len(batch.keys))
        for key, packed in batch.keys.items():
            yield _KEY.pack(key, len(packed)) + packed


def _told(batch: BatchBook) -> dict[str, Any]:
    facts = batch.facts
    return {
        "id": facts.batch_id.hex(),
        "supplier": facts.supplier.hex(),
        "size": facts.size,
        "max_uses": facts.max_uses,
        "expires_at": facts.expires_at,
        "tree_size": batch.tree.size,
        "assumed": batch.is_assumed,
        "ranges": [[index, entry.encode().hex()] for index, entry in batch.ranges],
    }


def _batch(told: dict[str, Any]) -> tuple[BatchBook, list[tuple[int, Entry]]]:
    facts = BatchFacts(
        bytes.fromhex(told["id"]),
        bytes.fromhex(told["supplier"]),
        told["size"],
        told["max_uses"],
        told["expires_at"],
    )
    ranges = [(index, Entry.decode(bytes.fromhex(raw))) for index, raw in told["ranges"]]
    return BatchBook(facts, told["tree_size"], is_assumed=told["assumed"]), ranges


def _read_keys(book: BatchBook, body: bytes, at: int) -> int:
    (count,) = _LENGTH.unpack_from(body, at)
    at += _LENGTH.size
    for _ in range(count):
        key, length = _KEY.unpack_from(body, at)
        at += _KEY.size
        book.keys[key] = body[at : at + length]
        book.tree.touch(key)
        at += length
    return at
