"""One HTTP session with the service: bounded, without redirects, its refusals as errors of the tree.

Bounded are the bytes of an answer and every silence, not the whole exchange: an upload may take an hour.
Unlike ``net``, which goes to strangers, this is the user's own service, reached by whatever proxy he has set.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from provenance.client.problems import error_of
from provenance.errors import InputRefused, Unavailable

MAX_ANSWER_BYTES: Final = 64 << 20
"""A proof has 16 MiB at most, a page of rejected lines a few."""

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 60.0
UPLOAD_SECONDS: Final = 3_600.0
"""Ten million keys are read, hashed and stored before the answer."""

_CHUNK: Final = 1 << 16


class _Bearer(AuthBase):
    """The credential as a header; an explicit one, or requests would look for others in ``~/.netrc``."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    """A session with the service at *url*; *token* is shown to nobody else, and never over plain HTTP.

    *language* is that of the sentences in refusals. Raises :class:`InputRefused` (``url_malformed``,
    ``url_insecure``: loopback excepted, unless *allow_http*).
    """

    def __init__(
        self, url: str, token: str | None = None, *, language: str = "en", allow_http: bool = False
    ) -> None:
        self._base = _checked(url, bool(token) and not allow_http)
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        self._session.headers["Accept-Language"] = language
        self._session.headers["User-Agent"] = "provenance"
        if _is_loopback(url):
            # A proxy of the environment would carry what is meant for this machine elsewhere.
            self._session.trust_env = False

    def __repr__(self) -> str:
        return f"Transport({self._base})"

    def close(self) -> None:
        """Close the session."""
        self._session.close()

    def json(self, method: str, path: str, **request: Any) -> Any:
        """The JSON of an answer; ``None`` for one without a body."""
        content = self.content(method, path, **request)
        if not content:
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise _not_ours() from None

    def content(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        data: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> bytes:
        """The bytes of a successful answer; raises the error of the tree that any other one stands for."""
        with _translated():
            response = self._session.request(
                method,
                self._base + path,
                json=body,
                data=data,
                params=dict(query or {}),
                headers=dict(headers or {}),
                timeout=(CONNECT_SECONDS, answer_seconds),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = _bounded(response)
        if not 200 <= response.status_code < 300:
            raise error_of(response.status_code, _maybe_json(content), response.headers.get("Retry-After"))
        return content


def _checked(url: str, needs_https: bool) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.username:
        raise InputRefused("the service's address is http(s)://host[:port]", code="url_malformed")
    if needs_https and parts.scheme == "http" and not _is_loopback(url):
        raise InputRefused(
            "a credential is not sent over plain http; use https, or --allow-http on a network you trust",
            code="url_insecure",
        )
    return url.rstrip("/")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bounded(response: requests.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise Unavailable(f"the answer has more than {MAX_ANSWER_BYTES} bytes", code="answer_too_large")
    return bytes(content)


def _maybe_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _not_ours() -> Unavailable:
    return Unavailable(
        "the answer is not JSON; is it the service that listens at this address?", code="answer_malformed"
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except requests.Timeout as error:
        raise Unavailable("the service did not answer in time", code="service_timeout") from error
    except requests.RequestException as error:
        raise Unavailable(
            "the service cannot be reached; is it running, and is PROVENANCE_URL right?",
            code="service_unreachable",
        ) from error
