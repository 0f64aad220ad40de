"""A temporary file that only this process can read: encrypted under a key that never leaves memory.

It holds what the second phase of a registration needs of the first. The file has no name, so that a
killed process leaves nothing behind, and what a disk keeps of it is noise.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

_KEY_SIZE: Final = 32
_BLOCK: Final = 16
_LENGTH: Final = 4
_AT_ONCE: Final = 256 << 10


class Spool:
    """Records of bytes, appended once and read as often as wanted; ``repr`` and disk show nothing of them.

    *entropy* gives the key, which is used for this one spool: the counter may then start at zero.
    """

    __slots__ = ("_buffer", "_encryptor", "_file", "_key", "_size", "count")

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # lives as long as the spool
        self._key = entropy(_KEY_SIZE)
        self._encryptor = Cipher(AES256(self._key), CTR(bytes(_BLOCK))).encryptor()
        self._buffer = bytearray()
        self._size = 0
        self.count = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self.count

    def close(self) -> None:
        """Give the file and the key up; closing twice does nothing."""
        self._file.close()
        self._buffer.clear()
        self._key = b""

    def append(self, record: bytes) -> int:
        """Add one record; its position, for :meth:`at`."""
        position = self._size + len(self._buffer)
        self._buffer += len(record).to_bytes(_LENGTH)
        self._buffer += record
        self.count += 1
        if len(self._buffer) >= _AT_ONCE:
            self._flush()
        return position

    def __iter__(self) -> Iterator[bytes]:
        """Every record, in order."""
        self._flush()
        decryptor = self._cipher(0)
        rest, position = b"", 0
        while position < self._size:
            piece = os.pread(self._file.fileno(), _AT_ONCE, position)
            position += len(piece)
            data = rest + decryptor.update(piece)
            start = 0
            while start + _LENGTH <= len(data):
                end = start + _LENGTH + int.from_bytes(data[start : start + _LENGTH])
                if end > len(data):
                    break
                yield data[start + _LENGTH : end]
                start = end
            rest = data[start:]

    def at(self, positions: Iterable[int]) -> Iterator[bytes]:
        """The records at *positions*, in that order."""
        self._flush()
        for position in positions:
            head = self._read(position, 128)
            length = int.from_bytes(head[:_LENGTH])
            if _LENGTH + length > len(head):
                head = self._read(position, _LENGTH + length)
            yield head[_LENGTH : _LENGTH + length]

    def _read(self, position: int, size: int) -> bytes:
        into = position % _BLOCK
        data = os.pread(self._file.fileno(), size + into, position - into)
        return self._cipher(position // _BLOCK).update(data)[into:]

    def _cipher(self, block: int) -> CipherContext:
        return Cipher(AES256(self._key), CTR(block.to_bytes(_BLOCK))).encryptor()

    def _flush(self) -> None:
        if self._buffer:
            hidden = memoryview(self._encryptor.update(bytes(self._buffer)))
            self._size += len(hidden)
            self._buffer.clear()
            while hidden:
                hidden = hidden[self._file.write(hidden) :]
