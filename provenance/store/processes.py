"""Small dealings with processes and files that the PostgreSQL launcher needs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path


def end_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL the process group that *process* leads, and reap its leader."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def private(path: str, flags: int) -> int:
    """``open``'s opener for a file that only its owner reads."""
    return os.open(path, flags, 0o600)


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def first_number(path: Path) -> int | None:
    """The number on the first line of *path*; ``None`` if there is no file or no number."""
    try:
        return int(path.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def alive(pid: int) -> bool:
    """Whether some process has this id, ours or not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
