"""One JSON-RPC request over HTTP, bounded in time and in size.

web3's own HTTP provider is not used for the wire: it reads answers of any size, waits as long
as a byte now and then arrives, and its exceptions and debug logs quote the node's whole address,
which for a hosted node contains the access key.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import socket
import threading
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from provenance.chain.answers import malformed
from provenance.errors import ChainRefused, ChainUnavailable, InputRefused

DEFAULT_TIMEOUT_SECONDS = 10.0
"""A whole request, from the first byte sent to the last one read: an anchor can wait, a worker not hang."""

DEFAULT_MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""A block with a thousand transaction hashes is 100 KB, a state proof of a hundred slots 500 KB."""

MAX_REASON_CHARACTERS = 300
"""The node's own words in an error; enough to recognise, too short to flood a log."""


class Transport:
    """A JSON-RPC endpoint that is asked one thing at a time; safe to share between threads.

    Every request opens its own connection: nothing of a dead connection is left behind, and
    sending a signed transaction twice is harmless anyway.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES,
    ) -> None:
        if timeout_seconds <= 0 or max_answer_bytes <= 0:
            raise InputRefused("Timeout and answer size of a node must be positive.", code="invalid_setting")
        parts = _parse(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = _headers(parts)
        self._timeout = timeout_seconds
        self._max = max_answer_bytes
        self._ids = itertools.count(1)

    def __repr__(self) -> str:
        return f"Transport({self._host!r})"

    def request(self, method: str, params: list[Any]) -> Any:
        """The ``result`` of *method*.

        ChainUnavailable if nobody answers in time or the answer is no JSON-RPC, ChainRefused if
        the node answered with an error (https://www.jsonrpc.org/specification, 5.1).
        """
        number = next(self._ids)
        body = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()
        answer = self._decode(self._exchange(body))
        if answer.get("error") is not None:
            raise refusal(answer["error"])
        if answer.get("id") != number or "result" not in answer:
            malformed("id or result is missing")
        return answer["result"]

    def _exchange(self, body: bytes) -> bytes:
        connection = self._connection()
        timed_out = threading.Event()
        watchdog: threading.Timer | None = None
        try:
            connection.connect()
            watchdog = threading.Timer(self._timeout, _cut, (connection.sock, timed_out))
            watchdog.daemon = True
            watchdog.start()
            connection.request("POST", self._path, body, self._headers)
            with contextlib.closing(connection.getresponse()) as response:
                raw = self._read(response)
            if timed_out.is_set():  # what was cut off may look complete
                raise TimeoutError
            return raw
        except (OSError, http.client.HTTPException, ValueError) as error:
            if timed_out.is_set() or isinstance(error, TimeoutError):
                raise self._unavailable("did not answer in time", "chain_timeout") from error
            raise self._unavailable("cannot be reached", "chain_unavailable") from error
        finally:
            if watchdog is not None:
                watchdog.cancel()
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        raw = response.read(self._max + 1)
        if len(raw) > self._max:
            raise ChainUnavailable(
                f"The node's answer is larger than {self._max} bytes; it was not read to the end.",
                code="chain_answer_too_large",
            )
        if response.length:  # read() with a bound does not tell a short answer from a whole one
            raise http.client.IncompleteRead(raw, response.length)
        # Some nodes send JSON-RPC errors with status 400 or 500: those are answers, not outages.
        if response.status != 200 and not raw.lstrip().startswith(b"{"):
            raise self._unavailable(f"answered HTTP {response.status}", "chain_unavailable")
        return raw

    def _decode(self, raw: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise ChainUnavailable(
                "The node's answer is no JSON; check the node's address.", code="chain_answer_malformed"
            ) from error
        if not isinstance(answer, dict):
            malformed("not an object")
        return answer

    def _unavailable(self, what: str, code: str) -> ChainUnavailable:
        # Only the host: path, query and user information of a hosted node are its access key.
        return ChainUnavailable(
            f"The Ethereum node at {self._host} {what}; nothing was changed, try again later.", code=code
        )


def refusal(error: Any) -> ChainRefused:
    """The error member of an answer as ChainRefused; revert data, if any, stands in ``facts['data']``."""
    message = error.get("message") if isinstance(error, dict) else None
    reason = _printable(message) if isinstance(message, str) else "no reason given"
    facts: dict[str, str] = {"reason": reason}
    revert = _revert_data(error)
    if revert is not None:
        facts["data"] = revert
    return ChainRefused(f"The Ethereum node refused the request: {reason}", **facts)


def _revert_data(error: Any) -> str | None:
    # Geth puts the revert data in error.data, Hardhat in error.data.data.
    found = error.get("data") if isinstance(error, dict) else None
    if isinstance(found, dict):
        found = found.get("data")
    return found if isinstance(found, str) and found.startswith("0x") and len(found) > 2 else None


def _printable(text: str) -> str:
    clipped = text[:MAX_REASON_CHARACTERS]
    return "".join(character if character.isprintable() else " " for character in clipped)


def _parse(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise InputRefused(
            "The address of the Ethereum node must be an http:// or https:// URL.", code="invalid_node_url"
        )
    return parts


def _headers(parts: SplitResult) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    return headers


def _cut(sock: socket.socket, timed_out: threading.Event) -> None:
    timed_out.set()
    with contextlib.suppress(OSError):  # closed meanwhile: then the request has ended, which is all we want
        # Not sock.shutdown: on a TLS socket that would pull the session from under the reader.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
