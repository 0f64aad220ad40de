"""Bytes of an upload, unpacked and bounded, without ever holding more than a piece of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from provenance.errors import FileRefused
from provenance.intake.rows import Limits

CHUNK_BYTES = 256 << 10
GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31
"""zlib's code for a gzip wrapper with the largest window."""


def unpacked(stream: BinaryIO, limits: Limits) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes (at least 4 where there are so many) and all chunks, through gzip if it is gzip.

    Raises FileRefused: file_too_large, unpacked_too_large, gzip_corrupt, gzip_truncated, unsupported_type.
    """
    head, chunks = _peek(bounded(stream, limits.file_bytes))
    if not head.startswith(GZIP_MAGIC):
        return head, chunks
    head, chunks = _peek(_gunzip(chunks, limits.unpacked_bytes))
    if head.startswith(GZIP_MAGIC):
        raise FileRefused("packed twice; send it with one layer of gzip", code="unsupported_type")
    return head, chunks


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    head = b""
    while len(head) < 4:
        piece = next(chunks, None)
        if piece is None:
            break
        head += piece
    return head[:4], chain((head,), chunks) if head else iter(())


def bounded(stream: BinaryIO, limit: int) -> Iterator[bytes]:
    """Pieces of *stream* up to its end; raises FileRefused(file_too_large) past *limit* bytes."""
    total = 0
    while chunk := stream.read(CHUNK_BYTES):
        total += len(chunk)
        if total > limit:
            raise FileRefused(
                f"the file is larger than {limit} bytes; send it in parts", code="file_too_large", limit=limit
            )
        yield chunk


def _gunzip(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    total = 0
    for piece in _members(chunks):
        total += len(piece)
        if total > limit:
            raise FileRefused(
                f"unpacked it is larger than {limit} bytes; send it in parts",
                code="unpacked_too_large",
                limit=limit,
            )
        yield piece


def _members(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip members one after the other; zero bytes after a member are padding (gzip(1))."""
    member, begun, first = zlib.decompressobj(_GZIP_WINDOW), False, True
    for chunk in chunks:
        data = chunk
        while data:
            if not begun:
                data = data if first else data.lstrip(b"\0")
                begun, first = bool(data), False
                continue
            try:
                piece = member.decompress(data, CHUNK_BYTES)
            except zlib.error as error:
                raise FileRefused("the gzip data are damaged; pack it again", code="gzip_corrupt") from error
            if piece:
                yield piece
            data = member.unused_data if member.eof else member.unconsumed_tail
            if member.eof:
                member, begun = zlib.decompressobj(_GZIP_WINDOW), False
    if begun:
        raise FileRefused("the gzip data end too early; send the whole file", code="gzip_truncated")
