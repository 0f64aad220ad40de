"""Files that are replaced whole, and say the new thing after a power cut; files read without a wait."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO


def replace(path: Path, content: bytes | Iterable[bytes], mode: int = 0o644) -> None:
    """Put *content* in the place of *path*; whoever reads meanwhile sees the old file or the new, never half.

    Folders that are missing are made. Of two writers at once one fails with ``FileExistsError``: where
    there may be two, they need a lock. Raises ``OSError``, and then the old file stands.
    """
    _make(path.parent)
    fresh = path.with_name(path.name + ".new")
    # Left behind by a crash, it may have another mode.
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        move(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def move(fresh: Path, path: Path) -> None:
    """Put the file *fresh*, flushed already, in the place of *path* in the same folder."""
    fresh.replace(path)
    # The rename itself must survive a power cut, or the old file could come back.
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names in *folder*: a new file is lost with its name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_regular(path: Path) -> BinaryIO:
    """*path* to be read as bytes; raises ``OSError`` naming it for a pipe, a device or a folder.

    A pipe that nobody writes to would hold its reader for ever, and a device has no end.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file", str(path))


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)
