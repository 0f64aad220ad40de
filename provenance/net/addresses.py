"""Which IP addresses are public, by IANA's special-purpose registries, and how a name becomes addresses.

IPv6 is judged by what may be (2000::/3 less its special parts), IPv4 by what may not. A form of IPv6 that
carries an IPv4 address is judged by that one, or refused whole where nobody needs it any more.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Resolve = Callable[[str, float], tuple[str, ...]]
"""A host name and seconds it may take, to addresses, best first; raises OSError, TimeoutError."""

_NOT_PUBLIC_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        ),
    )
)  # fmt: skip
_UNICAST_6: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(
    # Protocol assignments with Teredo and ORCHID; documentation; 6to4.
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16"))
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""What a resolver makes of an IPv4 address in a network without any (RFC 6052)."""


def is_public(address: str) -> bool:
    """Whether a connection to *address* (numeric, without brackets) stays in the public Internet."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return _is_public_4(found)
    if found.ipv4_mapped is not None:
        return _is_public_4(found.ipv4_mapped)
    if found.scope_id is not None:
        return False
    if found in _NAT64:
        return _is_public_4(IPv4Address(int(found) & 0xFFFF_FFFF))
    return _is_public_6(found)


def numeric(host: str) -> str | None:
    """The address that *host* spells in digits, as the operating system reads it: ``0x7f.1`` is one too."""
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        pass
    try:
        return str(IPv6Address(host))
    except ValueError:
        return None


def look_up(host: str) -> tuple[str, ...]:
    """What the system's resolver knows; raises OSError when it likes to, be it after a minute."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError("no resolver can be asked for such a name") from error
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


def resolve(
    host: str, seconds: float, look_up: Callable[[str], tuple[str, ...]] = look_up
) -> tuple[str, ...]:
    """The addresses of *host*, best first; raises OSError, and TimeoutError after *seconds*.

    In a thread of its own: *look_up* knows no deadline but the system's.
    """
    written = numeric(host)
    if written is not None:
        return (written,)
    told: list[tuple[str, ...] | OSError] = []

    def ask() -> None:
        try:
            told.append(look_up(host))
        except OSError as error:
            told.append(error)

    asking = threading.Thread(target=ask, daemon=True, name="resolve")
    asking.start()
    asking.join(seconds)
    if not told:
        raise TimeoutError("the name's address was not found in time")
    answer = told[0]
    if isinstance(answer, OSError):
        raise answer
    return answer


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _NOT_PUBLIC_4)


def _is_public_6(address: IPv6Address) -> bool:
    return address in _UNICAST_6 and not any(address in network for network in _NOT_PUBLIC_6)
