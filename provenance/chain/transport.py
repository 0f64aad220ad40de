"""One JSON-RPC request over HTTP, bounded in time and in size.

web3's own HTTP provider is not used for the wire: it reads answers of any size, waits as long
as a byte now and then arrives, and its exceptions and debug logs quote the node's whole address,
which for a hosted node contains the access key.
"""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any
from urllib.parse import unquote

from provenance.chain.answers import malformed
from provenance.errors import ChainRefused, ChainUnavailable, InputRefused, NetworkUnavailable
from provenance.net.http import Bounds, Peer
from provenance.net.urls import Url

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
        parsed = _parse(url)
        self._host = parsed.host
        self._headers = _headers(parsed)
        bounds = Bounds(timeout_seconds, timeout_seconds, timeout_seconds, max_answer_bytes)
        self._peer = Peer(parsed, bounds)
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
        try:
            answer = self._peer.ask("POST", body=body, headers=self._headers)
        except NetworkUnavailable as error:
            raise self._translated(error) from error
        # Some nodes send JSON-RPC errors with status 400 or 500: those are answers, not outages.
        if answer.status != 200 and not answer.body.lstrip().startswith(b"{"):
            raise self._unavailable(f"answered HTTP {answer.status}", "chain_unavailable")
        return answer.body

    def _translated(self, error: NetworkUnavailable) -> ChainUnavailable:
        if error.code == "host_answer_too_large":
            return ChainUnavailable(
                f"The node's answer is larger than {self._max} bytes; it was not read to the end.",
                code="chain_answer_too_large",
            )
        if error.code == "host_timeout":
            return self._unavailable("did not answer in time", "chain_timeout")
        return self._unavailable("cannot be reached", "chain_unavailable")

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


def _parse(url: str) -> Url:
    try:
        return Url.parse(url)
    except InputRefused:
        raise InputRefused(
            "The address of the Ethereum node must be an http:// or https:// URL.", code="invalid_node_url"
        ) from None


def _headers(url: Url) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
    if url.user is not None:
        pair = ":".join(map(unquote, url.user)).encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
    return headers
