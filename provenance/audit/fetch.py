"""Fetchers: a folder, a web server that may lie, hang or reset, and a cache of what never changes.

Every fetch is bounded in bytes and in time, the whole of it and not only its pauses: a server that sends
a byte every nine seconds is cut off like one that sends nothing.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provenance import durable
from provenance.audit.source import Closes, Fetcher
from provenance.errors import InputRefused, NetworkUnavailable, NotFound, Unavailable
from provenance.net.http import Bounds, Peer
from provenance.net.urls import Url

_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})


class FolderFetcher(Fetcher):
    """The files of an exported log in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, path: str, limit: int) -> bytes:
        try:
            with durable.open_regular(self._folder / path) as stream:
                content = stream.read(limit + 1)
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
        parsed = parsed_url(url)
        self._root = parsed.target.rstrip("/")
        self._bounds = bounds or HttpBounds()
        self._sleep = sleep
        silence, total = self._bounds.silence_seconds, self._bounds.fetch_seconds
        self._peer = Peer(parsed, Bounds(silence, silence, total), keep=True)

    def fetch(self, path: str, limit: int) -> bytes:
        for attempt in range(self._bounds.attempts):
            if attempt:
                self._sleep(self._bounds.pause_seconds * 2**attempt)
            try:
                target = f"{self._root}/{path}"
                answer = self._peer.ask("GET", target, headers=_HEADERS, answer_bytes=limit)
            except NetworkUnavailable as error:
                if error.code == "host_answer_too_large":
                    raise _too_large(limit, path) from error
                failure = Unavailable(
                    f"the server did not give {path}: {error.message}", code="source_unreachable"
                )
                failure.__cause__ = error
                continue
            if answer.status == 200:
                return answer.body
            if answer.status in (404, 410):
                raise _missing(path)
            failure = Unavailable(f"the server answers {answer.status} for {path}", code="source_refuses")
            if answer.status not in _TRANSIENT:
                break
        raise failure

    def close(self) -> None:
        """Close what is open; the next fetch opens anew."""
        self._peer.close()


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
            with durable.open_regular(kept) as stream:
                content = stream.read(limit + 1)
            _require_within(content, limit, path)
            return content
        except FileNotFoundError:
            content = self._inner.fetch(path, limit)
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_name(f"{kept.name}.{os.getpid()}.{threading.get_ident()}.new")
        fresh.write_bytes(content)
        fresh.replace(kept)
        return content


def parsed_url(url: str) -> Url:
    """The parts of a log's address; raises :class:`InputRefused` (``url_malformed``)."""
    parsed = Url.parse(url)
    if parsed.user is not None or "?" in parsed.target:
        raise InputRefused("the address of a log bears no user, password or query", code="url_malformed")
    return parsed


_HEADERS: Final = {"User-Agent": "provenance-audit"}


def _require_within(content: bytes, limit: int, what: str) -> None:
    if len(content) > limit:
        raise _too_large(limit, what)


def _too_large(limit: int, what: str) -> Unavailable:
    return Unavailable(f"{what} is larger than the {limit} bytes it can have", code="source_too_large")


def _missing(path: str) -> NotFound:
    return NotFound(f"the log has no file {path}", code="file_not_found")
