"""Between ASGI and WSGI (PEP 3333): an environ out of a scope, an answer out of a call."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

Environ = dict[str, Any]
Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

FRONT: Final = "provenance.front"
"""In an environ: that the front calls, so that an answer may become a stream of news."""
LIVE: Final = "provenance.live"
"""In an environ: what is to be watched, if a view said so."""
_UNPREFIXED: Final = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_KNOWN: dict[bytes, str] = {}
_KNOWN_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Watch:
    """Who watches what: ``topic`` of a feed, after ``place`` ("" for the newcomer), counted for ``who``."""

    feed: str
    topic: str
    place: str
    who: str


@dataclass(slots=True)
class Answer:
    """Status, headers and what there is of the body; ``rest`` yields more of a long one.

    ``watch``: the view left its answer to a feed (``live.stream``).
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    rest: Iterator[bytes] | None = None
    close: Callable[[], None] = field(default=lambda: None, repr=False)
    watch: Watch | None = None


def environ_of(scope: Scope) -> Environ:
    """The environ of a request whose body is not read yet (``wsgi.input`` is missing)."""
    server, client = scope.get("server") or ("localhost", 0), scope.get("client")
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]) if client else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        FRONT: True,
    }
    for raw, value in scope["headers"]:
        name = _KNOWN.get(raw) or _named(raw)
        text = value.decode("latin-1")
        if name in environ:
            text = f"{environ[name]}{';' if name == 'HTTP_COOKIE' else ','}{text}"
        environ[name] = text
    if "HTTP_TRANSFER_ENCODING" in environ:
        # A length beside it is a smuggler's: whoever passed it on may have read the other one.
        environ.pop("CONTENT_LENGTH", None)
        environ["wsgi.input_terminated"] = True
    return environ


def _named(raw: bytes) -> str:
    text = raw.decode("latin-1").lower()
    # Of a name with an underscore proxies make one with a dash, and so would this: it is another header.
    name = _UNPREFIXED.get(text) or (
        "HTTP_" + text.upper().replace("-", "_") if "_" not in text else "IGNORED_" + text
    )
    if len(_KNOWN) < _KNOWN_MOST:
        _KNOWN[raw] = name
    return name


def called(app: WsgiApp, environ: Environ, body: BinaryIO, at_once: int) -> Answer:
    """The answer of *app*, with as much of its body as *at_once* bytes take."""
    environ["wsgi.input"] = body
    begun: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        begun[:] = [status, headers]

    pieces = app(environ, start_response)
    close = getattr(pieces, "close", None) or (lambda: None)
    try:
        first, rest = _some(iter(pieces), at_once)
    except BaseException:
        close()
        raise
    status, headers = begun
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    if rest is None:
        close()
        return Answer(int(status[:3]), encoded, first, watch=environ.get(LIVE))
    return Answer(int(status[:3]), encoded, first, rest, close)


def _some(pieces: Iterator[bytes], at_once: int) -> tuple[bytes, Iterator[bytes] | None]:
    taken: list[bytes] = []
    size = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size > at_once:
            return b"".join(taken), pieces
    return (taken[0] if len(taken) == 1 else b"".join(taken)), None
