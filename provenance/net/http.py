"""One request to one host, bounded: connection, silence, whole time and bytes of the answer.

The deadline is set on the socket before every single read, so that no answer escapes it: neither one byte
now and then, nor interim answers, chunks or trailers without end, nor a handshake that never finishes.
Nothing follows a redirect, uses a proxy or unpacks what is packed.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from provenance.errors import NetworkUnavailable
from provenance.net.addresses import Resolve, is_public, resolve
from provenance.net.urls import Url, private, require_public

_CHUNK: Final = 1 << 16
_ADDRESSES: Final = 4
"""Of one name, tried one after the other."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds to connect, of silence, and for all of it; bytes of an answer's body.

    ``cut``: a longer body is cut there instead of refused, for who only looks at the status.
    """

    connect_seconds: float = 5.0
    silence_seconds: float = 10.0
    total_seconds: float = 30.0
    answer_bytes: int = 1 << 20
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Whatever status came, with its headers by their names in lower case, and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Peer:
    """A host that is asked things; safe to share between threads.

    *public_only* is for addresses that strangers give: it refuses private networks at birth (see
    :func:`require_public`) and at every connection, which goes to the very address that was looked at.
    *keep* leaves connections open for the next question. *tls* replaces the system's trusted roots.
    """

    def __init__(
        self,
        url: Url,
        bounds: Bounds,
        *,
        public_only: bool = False,
        keep: bool = False,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        if public_only:
            require_public(url)
        self._url = url
        self._bounds = bounds
        self._public_only = public_only
        self._keep = keep
        self._tls = tls
        self._resolve = resolve
        self._idle: list[_Line] = []

    def __repr__(self) -> str:
        return f"Peer({self._url.host!r})"

    def ask(
        self,
        method: str,
        target: str | None = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        answer_bytes: int | None = None,
    ) -> Answer:
        """The answer to *method* at *target* (path and query; the URL's by default).

        Raises :class:`NetworkUnavailable` (``host_unreachable``, ``host_timeout``, ``host_answer_malformed``,
        ``host_answer_too_large``) and, for a name that leads into a private network, :class:`InputRefused`
        (``url_private``).
        """
        limit = self._bounds.answer_bytes if answer_bytes is None else answer_bytes
        with self._translated():
            line = self._line()
            try:
                line.begin()
                line.request(method, target or self._url.target, body, dict(headers or {}))
                with line.getresponse() as response:
                    content, is_whole = self._read(response, limit)
                    answer = Answer(response.status, _by_name(response), content)
            except BaseException:
                line.close()
                raise
            # Some servers hang up after an error without saying so.
            if self._keep and is_whole and response.status == 200:
                self._idle.append(line)
            else:
                line.close()
            return answer

    def close(self) -> None:
        """Close what is open; the next question opens anew."""
        while self._idle:
            self._idle.pop().close()

    def _line(self) -> _Line:
        try:
            return self._idle.pop()
        except IndexError:
            tls = (self._tls or _system_roots()) if self._url.secure else None
            return _Line(self._url, self._bounds, tls, self._addresses)

    def _addresses(self, seconds: float) -> tuple[str, ...]:
        found = self._resolve(self._url.host, seconds)
        if self._public_only and not all(map(is_public, found)):
            # Also where others of its addresses are public: no honest name is both.
            raise private()
        return found[:_ADDRESSES]

    def _read(self, response: http.client.HTTPResponse, limit: int) -> tuple[bytes, bool]:
        """The body, and whether that is all of it."""
        content = bytearray()
        while chunk := response.read1(_CHUNK):
            content += chunk
            if len(content) > limit:
                if self._bounds.cut:
                    return bytes(content[:limit]), False
                raise NetworkUnavailable(
                    f"the answer of {self._url.host} has more than {limit} bytes",
                    code="host_answer_too_large",
                )
        if response.length:
            raise http.client.IncompleteRead(bytes(content), response.length)
        return bytes(content), True

    @contextmanager
    def _translated(self) -> Iterator[None]:
        # Only the host: path, query and user may be an access key.
        host = self._url.host
        try:
            yield
        except TimeoutError as error:
            raise NetworkUnavailable(f"{host} did not answer in time", code="host_timeout") from error
        except http.client.HTTPException as error:
            raise NetworkUnavailable(
                f"{host} broke off, or answered with something else than HTTP", code="host_answer_malformed"
            ) from error
        except (OSError, ValueError) as error:
            raise NetworkUnavailable(f"{host} cannot be reached", code="host_unreachable") from error


class _Line(http.client.HTTPConnection):
    """A connection to one of the addresses that *addresses* gives, under the URL's own name."""

    def __init__(self, url: Url, bounds: Bounds, tls: ssl.SSLContext | None, addresses: Any) -> None:
        super().__init__(url.host, url.port)
        self.default_port = 443 if url.secure else 80  # for the Host header
        self.response_class = self._response  # type: ignore[assignment]
        self._bounds = bounds
        self._tls = tls
        self._addresses = addresses
        self._until = 0.0
        self._unsent = bytearray()

    def begin(self) -> None:
        """From here on the whole exchange has its time, a connection that is not open included."""
        self._until = time.monotonic() + self._bounds.total_seconds
        if self.sock is None:
            self.connect()

    def connect(self) -> None:
        self.sock = self._reached(self._addresses(self._left(self._bounds.connect_seconds)))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            self.sock.settimeout(self._left(self._bounds.connect_seconds))
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host.rstrip("."))

    def send(self, data: Any) -> None:
        # Headers and body go out as one: who answers after the first packet would reset over the second.
        self._unsent += data

    def getresponse(self) -> http.client.HTTPResponse:
        self.sock.settimeout(self._left(self._bounds.total_seconds))
        self.sock.sendall(self._unsent)
        self._unsent.clear()
        return super().getresponse()

    def _reached(self, addresses: tuple[str, ...]) -> socket.socket:
        failure: OSError = OSError("the name has no address")
        for address in addresses:
            try:
                return socket.create_connection(
                    (address, self.port), self._left(self._bounds.connect_seconds)
                )
            except OSError as error:
                failure = error
        raise failure

    def _left(self, at_most: float) -> float:
        left = min(at_most, self._until - time.monotonic())
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        return left

    def _response(self, sock: socket.socket, **told: Any) -> http.client.HTTPResponse:
        response = http.client.HTTPResponse(sock, **told)
        raw = response.fp.detach()
        response.fp = io.BufferedReader(_Timed(raw, self._wait_on(sock)))
        return response

    def _wait_on(self, sock: socket.socket) -> Any:
        # The socket itself: the connection lets go of it once the headers said "close".
        return lambda: sock.settimeout(self._left(self._bounds.silence_seconds))


class _Timed(io.RawIOBase):
    """Reads from *raw*, calling *before* each time."""

    def __init__(self, raw: io.RawIOBase, before: Any) -> None:
        self._raw = raw
        self._before = before

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._before()
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


def _by_name(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


@cache
def _system_roots() -> ssl.SSLContext:
    roots = ssl.create_default_context()
    roots.set_alpn_protocols(["http/1.1"])
    return roots
