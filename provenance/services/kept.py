"""An upload kept for a second reading, encrypted and without a name, as everything of a file is."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, cast

from provenance.intake import bounded
from provenance.services.context import Context
from provenance.services.spool import Spool


class Kept:
    """The whole of *upload*, read once; raises :class:`FileRefused` (``file_too_large``).

    Nothing waits for a slow sender once this exists: no lock is held while bytes come in.
    """

    def __init__(self, context: Context, upload: BinaryIO) -> None:
        self._spool = Spool(context.entropy)
        try:
            for piece in bounded(upload, context.limits.upload_bytes):
                self._spool.append(piece)
        except BaseException:
            self._spool.close()
            raise

    def __enter__(self) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()

    def reader(self) -> BinaryIO:
        """The bytes from the start; ``read`` is all that is asked of it."""
        return cast(BinaryIO, _Reader(iter(self._spool)))


class _Reader:
    """Gives out pieces; one that is longer than was asked for, in parts."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return self._rest + b"".join(self._pieces)
        piece = self._rest or next(self._pieces, b"")
        self._rest = piece[size:]
        return piece[:size] if self._rest else piece
