"""An issuer behind HTTP: asked within a deadline, tried again only where that is harmless, never believed
beyond what its file maps."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from provenance.core.claimrules.answering import IssuerAnswerReport, NoAnswer
from provenance.core.keyformats import CardKey
from provenance.errors import InputRefused, NetworkUnavailable
from provenance.issuer.pace import Pace
from provenance.issuer.settings import IssuerSettings
from provenance.issuer.signing import body_of, headers_of
from provenance.issuer.understanding import Asked, Understood, understand
from provenance.net.http import Bounds, Peer
from provenance.net.urls import Url

_FAILURES: Final = {
    "host_timeout": NoAnswer.TIMED_OUT,
    "host_unreachable": NoAnswer.UNREACHABLE,
    "host_answer_malformed": NoAnswer.BROKEN_OFF,
    "host_answer_too_large": NoAnswer.TOO_LARGE,
}
_PASSING: Final = frozenset({NoAnswer.TIMED_OUT, NoAnswer.UNREACHABLE, NoAnswer.BROKEN_OFF})
"""Failures that another try may not meet."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks of an adapter: UTC ms, seconds that only grow, and how to wait."""

    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class _Try:
    """One exchange: what it says, the digest of its words, and whether another may say more."""

    understood: Understood
    evidence: bytes | None
    again: bool
    wait: float = 0.0


class HttpIssuer:
    """One issuer by its settings and its secret; safe to share between threads."""

    def __init__(
        self,
        settings: IssuerSettings,
        secret: bytes,
        *,
        timing: Timing | None = None,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._timing = timing or Timing()
        self._entropy = entropy
        self._url = Url.parse(settings.address)
        self._pace = Pace(settings.rate.per_minute)

    def __repr__(self) -> str:
        return f"HttpIssuer({self._settings.name!r})"

    @property
    def issuer(self) -> bytes:
        """The address under which it was admitted."""
        return bytes.fromhex(self._settings.party[2:])

    @property
    def formats(self) -> frozenset[str]:
        """The key formats that it knows."""
        return frozenset(self._settings.formats)

    def ask(self, key: CardKey, deadline_ms: int) -> IssuerAnswerReport:
        """What the issuer says of *key* by *deadline_ms* (UTC ms); nothing that it does raises.

        Raises :class:`InputRefused` (``issuer_format``) for a key of a format that is not the issuer's.
        """
        if key.format_id not in self.formats:
            raise InputRefused("this issuer has no keys of that format", code="issuer_format")
        asked_at = self._timing.now()
        until = self._timing.monotonic() + (deadline_ms - asked_at) / 1000
        last: _Try | None = None
        tries = 0
        for attempt in range(self._settings.retry.tries):
            if not self._may_ask(until, self._rest(attempt, last)):
                break
            last = self._once(key, until)
            tries += 1
            if not last.again:
                break
        return self._report(asked_at, last, tries)

    def _rest(self, attempt: int, last: _Try | None) -> float:
        """Seconds before a try: doubling, or longer if the issuer asks for it."""
        if last is None:
            return 0.0
        return max(last.wait, self._settings.retry.wait_ms / 1000 * 2.0 ** (attempt - 1))

    def _may_ask(self, until: float, rest: float) -> bool:
        """Wait for one's turn; ``False`` if that comes too late."""
        now = self._timing.monotonic()
        if until - now - rest <= 0:
            return False
        wait = self._pace.take(now + rest, until - now - rest)
        if wait is None:
            return False
        if rest + wait > 0:
            self._timing.sleep(rest + wait)
        return self._timing.monotonic() < until

    def _once(self, key: CardKey, until: float) -> _Try:
        settings, now = self._settings, self._timing.now()
        nonce = self._entropy(16).hex()
        body = body_of(settings.request, key, nonce)
        headers = headers_of(settings.authentication, self._secret, self._url.target, body, now)
        seconds = min(settings.timeout_ms / 1000, until - self._timing.monotonic())
        bounds = Bounds(seconds, seconds, seconds, settings.max_answer_bytes)
        peer = Peer(self._url, bounds, public_only=not settings.private_network)
        try:
            answer = peer.ask("POST", body=body, headers=headers)
        except NetworkUnavailable as error:
            why = _FAILURES[error.code]
            return _Try(Understood(why=why), None, why in _PASSING)
        except InputRefused:
            # The name now leads into a private network: nothing was sent there.
            return _Try(Understood(why=NoAnswer.UNREACHABLE), None, False)
        asked = Asked(key, nonce if settings.request.nonce else None)
        understood = understand(settings, asked, answer.status, answer.body, self._timing.now())
        again = answer.status in settings.retry.statuses and answer.status not in settings.answer.statuses
        return _Try(
            understood, sha256(answer.body).digest(), again, _retry_after(answer.headers.get("retry-after"))
        )

    def _report(self, asked_at: int, last: _Try | None, tries: int) -> IssuerAnswerReport:
        now = max(self._timing.now(), asked_at)
        if last is None:
            return IssuerAnswerReport(self.issuer, asked_at, now, why=NoAnswer.NOT_ASKED)
        said = last.understood
        return IssuerAnswerReport(
            self.issuer, asked_at, now, said.answer, said.why, said.used_at, last.evidence, tries
        )


def _retry_after(value: str | None) -> float:
    """Seconds that the issuer asks to be left alone; a date or nonsense counts as none."""
    if value is None or not value.isascii() or not value.isdecimal() or len(value) > 6:
        return 0.0
    return float(value)
