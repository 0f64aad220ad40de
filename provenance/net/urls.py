"""An http(s) address, taken apart once and strictly: what two parsers could read differently is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from provenance.errors import InputRefused
from provenance.net.addresses import is_public, numeric

MAX_URL: Final = 2_048
"""Characters; what web servers and proxies take without a word."""

# RFC 3986's characters and no others: no space, control, backslash or letter beyond ASCII.
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_HOME_NAMES: Final = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion")
_OWN_PORTS: Final = 1_024
"""Below lie mail, shells and the like, which a request could be made to speak to; 80 and 443 excepted."""


@dataclass(frozen=True, slots=True)
class Url:
    """Where to connect and what to ask for; ``target`` is path and query, ``user`` what stands before the @.

    Only scheme, host and port are shown: the rest may be somebody's access key.
    """

    secure: bool
    host: str
    port: int
    target: str = field(repr=False)
    user: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Url:
        """Raises :class:`InputRefused` (``url_malformed``); also for a fragment, which nobody is sent."""
        if len(text) > MAX_URL or not _CHARACTERS.fullmatch(text):
            raise _malformed()
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise _malformed() from None
        if parts.scheme not in ("http", "https") or not host or port == 0 or "#" in text:
            raise _malformed()
        if "[" in parts.netloc:
            if ":" not in host or "%" in host or numeric(host) is None:
                raise _malformed()
        elif not _HOST.fullmatch(host):
            raise _malformed()
        secure = parts.scheme == "https"
        user = None if parts.username is None else (parts.username, parts.password or "")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(secure, host, port or (443 if secure else 80), target, user)


def require_public(url: Url) -> None:
    """The part of the guard that needs no network: :class:`InputRefused` for what can never be public.

    Codes ``url_malformed`` (a user before the host), ``url_port`` and ``url_private``. Whoever connects
    must look at the address as well: ``Peer(public_only=True)``.
    """
    if url.user is not None:
        raise _malformed()
    if url.port < _OWN_PORTS and url.port not in (80, 443):
        raise InputRefused("the port must be 80, 443 or one from 1024 on", code="url_port", port=url.port)
    written = numeric(url.host)
    if written is not None:
        if not is_public(written):
            raise private()
    elif _is_home_name(url.host):
        raise private()


def private() -> InputRefused:
    """The refusal of an address in a private network; it does not say which address that is."""
    return InputRefused(
        "the address lies in a private or reserved network; give one that is reachable from the Internet",
        code="url_private",
    )


def _is_home_name(host: str) -> bool:
    name = host.lower().rstrip(".")
    return "." not in name or any(name == own or name.endswith(f".{own}") for own in _HOME_NAMES)


def _malformed() -> InputRefused:
    return InputRefused(
        f"the address must be http(s)://host[:port][/path], in ASCII, {MAX_URL} characters at the most",
        code="url_malformed",
    )
