"""Bytes on disk that only this process can read: a file without a name, under a key that never leaves memory.

A supplier's file is card keys in clear. It waits here while it arrives, so the disk must see noise.
"""

from __future__ import annotations

import io
import os
import tempfile
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

_KEY_SIZE: Final = 32
_BLOCK: Final = 16


class VeiledFile(io.RawIOBase):
    """Written from beginning to end, then read from beginning to end, once.

    The key is made for this one file, so the counter may start at zero.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # lives as long as this does
        cipher = Cipher(AES256(os.urandom(_KEY_SIZE)), CTR(bytes(_BLOCK)))
        self._encryptor, self._decryptor = cipher.encryptor(), cipher.decryptor()
        self._is_read = False

    def __repr__(self) -> str:
        return "VeiledFile()"

    def append(self, data: bytes) -> None:
        """Add *data*; raises OSError when the disk is full, and ValueError once reading began."""
        if self._is_read:
            raise ValueError("a veiled file is written before it is read")
        hidden = memoryview(self._encryptor.update(data))
        while hidden:
            hidden = hidden[self._file.write(hidden) :]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._is_read:
            self._is_read = True
            self._file.seek(0)
        piece = self._file.read(len(buffer)) or b""
        buffer[: len(piece)] = self._decryptor.update(piece)
        return len(piece)

    def close(self) -> None:
        """Give the file up; closing twice does nothing."""
        self._file.close()
        super().close()
