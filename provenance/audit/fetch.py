"""Fetchers: a folder, a web server that may lie, hang or reset, and a cache of what never changes.

Every fetch is bounded in bytes and in time, the whole of it and not only its pauses: a server that sends
a byte every nine seconds is cut off like one that sends nothing.
"""

from __future__ import annotations

import http.client
import io
import os
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from provenance.audit.source import Closes, Fetcher
from provenance.errors import InputRefused, NotFound, Unavailable

_CHUNK: Final = 1 << 16
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})


class FolderFetcher(Fetcher):
    """The files of an exported log in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, path: str, limit: int) -> bytes:
        try:
            with (self._folder / path).open("rb") as file:
                content = file.read(limit + 1)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _missing(path) from error
        except OSError as error:
            raise Unavailable(
                f"{path} cannot be read in the log's folder", code="source_unreadable"
            ) from error
        _require_within(content, limit, path)
        return content


@dataclass(frozen=True, slots=True)
class HttpBounds:
    """Seconds until a silence, and until a whole fetch, is too long; how often it is tried again."""

    silence_seconds: float = 10.0
    fetch_seconds: float = 30.0
    attempts: int = 4
    pause_seconds: float = 0.5


class HttpFetcher(Fetcher):
    """A log at an http(s) address; connections are kept. No redirects, no proxies, no compression.

    Raises :class:`InputRefused` (``url_malformed``) at birth.
    """

    def __init__(
        self, url: str, bounds: HttpBounds | None = None, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._url = parsed_url(url)
        self._bounds = bounds or HttpBounds()
        self._sleep = sleep
        self._idle: list[http.client.HTTPConnection] = []

    def fetch(self, path: str, limit: int) -> bytes:
        for attempt in range(self._bounds.attempts):
            if attempt:
                self._sleep(self._bounds.pause_seconds * 2**attempt)
            try:
                status, content = self._get(path, limit)
            except (OSError, http.client.HTTPException) as error:
                failure = Unavailable(
                    f"the server did not give {path}: {type(error).__name__}", code="source_unreachable"
                )
                failure.__cause__ = error
                continue
            if status == 200:
                return content
            if status in (404, 410):
                raise _missing(path)
            failure = Unavailable(f"the server answers {status} for {path}", code="source_refuses")
            if status not in _TRANSIENT:
                break
        raise failure

    def close(self) -> None:
        """Close what is open; the next fetch opens anew."""
        while self._idle:
            self._idle.pop().close()

    def _get(self, path: str, limit: int) -> tuple[int, bytes]:
        connection = self._connection()
        try:
            if connection.sock is None:
                connection.connect()
            with deadline(connection, self._bounds.fetch_seconds):
                connection.request("GET", f"{self._url.path.rstrip('/')}/{path}", headers=_HEADERS)
                with connection.getresponse() as response:
                    content = read_bounded(response, limit, path)
            if response.status != 200:
                connection.close()  # some servers hang up after an error without saying so
            self._idle.append(connection)
            return response.status, content
        except BaseException:
            connection.close()
            raise

    def _connection(self) -> http.client.HTTPConnection:
        try:
            return self._idle.pop()
        except IndexError:
            return connect(self._url, self._bounds.silence_seconds)


class CachingFetcher(Fetcher):
    """Keeps full tiles and bundles of *inner* in a folder: they never change, and a long replay may stop.

    Also where a lying server's first answer stays, so that a second and different one is seen.
    """

    def __init__(self, inner: Fetcher, folder: Path) -> None:
        self._inner = inner
        self._folder = folder

    def close(self) -> None:
        """Close *inner*."""
        if isinstance(self._inner, Closes):
            self._inner.close()

    def forget(self) -> None:
        """Drop all that was kept: something in it did not fit."""
        shutil.rmtree(self._folder / "tile", ignore_errors=True)

    def fetch(self, path: str, limit: int) -> bytes:
        if not path.startswith("tile/") or ".p/" in path:
            return self._inner.fetch(path, limit)
        kept = self._folder / path
        try:
            content = kept.read_bytes()
            _require_within(content, limit, path)
            return content
        except FileNotFoundError:
            content = self._inner.fetch(path, limit)
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_name(f"{kept.name}.{os.getpid()}.{threading.get_ident()}.new")
        fresh.write_bytes(content)
        fresh.replace(kept)
        return content


class _Until(io.RawIOBase):
    """Reads from *raw* until *is_over*: interim answers, chunks and trailers may come without end."""

    def __init__(self, raw: io.RawIOBase, is_over: Callable[[], bool]) -> None:
        self._raw = raw
        self._is_over = is_over

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._is_over():
            raise TimeoutError("the answer took too long")
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class deadline:
    """Cuts *connection* when its block lasts longer than *seconds*, whatever trickles in."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self._connection = connection
        self._sock: socket.socket | None = None
        self._is_cut = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._connection.response_class = self._response  # type: ignore[assignment]
        # A connection lets go of its socket once the headers said "close"; the body is read from it still.
        self._sock = self._connection.sock
        self._timer.start()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._is_cut and kind is None:
            # What came before the cut may look like a whole answer.
            raise TimeoutError("the answer took too long")

    def _response(self, sock: socket.socket, **told: Any) -> http.client.HTTPResponse:
        """The answer, read through the cut: a socket that was shut down still gives what floods in."""
        response = http.client.HTTPResponse(sock, **told)
        response.fp = io.BufferedReader(_Until(response.fp.detach(), lambda: self._is_cut))
        return response

    def _cut(self) -> None:
        self._is_cut = True
        sock = self._sock or self._connection.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def connect(url: SplitResult, silence_seconds: float) -> http.client.HTTPConnection:
    """A connection to the host of *url*, not yet open."""
    host = url.hostname or ""
    if url.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, url.port, timeout=silence_seconds, context=context)
    return http.client.HTTPConnection(host, url.port, timeout=silence_seconds)


def parsed_url(url: str) -> SplitResult:
    """The parts of an http(s) address; raises :class:`InputRefused` (``url_malformed``)."""
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        parts, has_port = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or not has_port:
        raise InputRefused("the address of a log is http(s)://host[:port][/path]", code="url_malformed")
    if parts.username or parts.password or parts.fragment:
        raise InputRefused("the address of a log bears no user, password or fragment", code="url_malformed")
    return parts


def read_bounded(response: http.client.HTTPResponse, limit: int, what: str) -> bytes:
    """The body of an answer, at most *limit* bytes; raises :class:`Unavailable` (``source_too_large``)."""
    content = bytearray()
    while chunk := response.read1(_CHUNK):
        content += chunk
        _require_within(content, limit, what)
    if response.length:
        raise http.client.IncompleteRead(bytes(content), response.length)
    return bytes(content)


_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "provenance-audit"}


def _require_within(content: bytes | bytearray, limit: int, what: str) -> None:
    if len(content) > limit:
        raise Unavailable(f"{what} is larger than the {limit} bytes it can have", code="source_too_large")


def _missing(path: str) -> NotFound:
    return NotFound(f"the log has no file {path}", code="file_not_found")
