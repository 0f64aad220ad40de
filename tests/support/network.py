"""Tests talk to this machine only: a guard on the interpreter's own socket events."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

_LOCAL_NAMES = {None, "", "localhost", b"localhost"}
_GUARDED = {"socket.connect", "socket.sendto", "socket.bind", "socket.sendmsg", "socket.getaddrinfo"}


class OutsideWorld(RuntimeError):
    """A test reached for an address that is not loopback."""


def is_loopback(host: object) -> bool:
    """Whether *host* (a name or an address in text) can only mean this machine."""
    if host in _LOCAL_NAMES:
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _GUARDED:
        return
    if event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        address = arguments[1]
        if not isinstance(address, tuple) or not address:
            return  # a Unix socket's path, or a connected socket without an address
        # An empty host is every interface when bound: `bind(("", 0))` listens to the outside.
        host = address[0] if event != "socket.bind" or address[0] else "0.0.0.0"
    if not is_loopback(host):
        raise OutsideWorld(f"{event} to {host!r}: tests use loopback addresses only, 127.0.0.1 or ::1.")


def install_guard() -> None:
    """Refuse, from here to the end of this interpreter, every socket that leaves the machine.

    Sees Python's own sockets, not those of C libraries or of child processes.
    """
    sys.addaudithook(_refuse_outside)
