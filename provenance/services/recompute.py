"""The supplier's own check before it signs: the root again, from its own file and the seed alone.

Pure over what it is given: no store, no service, no network. Whoever signs without it signs the
service's word.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from provenance.core.commitments import leaves, shuffled_order, source_fingerprint
from provenance.core.keyformats import KeyFormat
from provenance.core.tiles import TreeBuilder
from provenance.intake import Accepted, Limits, read_upload

_CHUNK: Final = 4_096


class Recomputed(NamedTuple):
    """Root (32 bytes) and size of the batch tree, and the fingerprint of the file (32 bytes)."""

    root: bytes
    size: int
    source: bytes


class FingerprintedStream:
    """A file that is fingerprinted under *seed* while it is read; ``source`` is of all bytes so far."""

    def __init__(self, stream: BinaryIO, seed: bytes) -> None:
        self._stream = stream
        self._hash = source_fingerprint(seed)

    def read(self, size: int = -1) -> bytes:
        """Up to *size* bytes, as a file gives them."""
        data = self._stream.read(size)
        self._hash.update(data)
        return data

    @property
    def source(self) -> bytes:
        """The fingerprint, 32 bytes (FORMATS §4)."""
        return self._hash.digest()


def recompute_root(
    stream: BinaryIO,
    format: KeyFormat,
    seed: bytes,
    rejected_lines: Collection[int] = (),
    shuffle: bool = False,
    *,
    filename: str | None = None,
    content_type: str | None = None,
    limits: Limits | None = None,
) -> Recomputed:
    """Root, size and source of the batch that *stream* gives, leaving out the lines it was told are rejected.

    Lines that cannot be read are left out anyhow; name the duplicates. A shuffled batch is held in
    memory, any other is not. Raises :class:`FileRefused` as the service would.
    """
    left_out = frozenset(rejected_lines)
    hashed = FingerprintedStream(stream, seed)
    rows = read_upload(
        hashed,  # type: ignore[arg-type]  # read() is all that is asked of it
        format=format,
        filename=filename,
        content_type=content_type,
        limits=limits,
    )
    identities = (row.key.identity for row in rows if isinstance(row, Accepted) and row.line not in left_out)
    grown = _grow(_shuffled(identities, seed) if shuffle else identities, seed)
    return Recomputed(grown.root(), grown.size, hashed.source)


def _shuffled(identities: Iterable[bytes], seed: bytes) -> Iterator[bytes]:
    held, ends = bytearray(), array("Q", [0])
    for identity in identities:
        held += identity
        ends.append(len(held))
    for at in shuffled_order(seed, len(ends) - 1):
        yield bytes(held[ends[at] : ends[at + 1]])


def _grow(identities: Iterable[bytes], seed: bytes) -> TreeBuilder:
    builder = TreeBuilder()
    stream = iter(identities)
    while chunk := list(islice(stream, _CHUNK)):
        builder.add_many(leaves(seed, builder.size, chunk))
    return builder
