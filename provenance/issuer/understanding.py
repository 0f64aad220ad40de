"""What an issuer's bytes say: one answer of the enumeration, or none, and why. Pure; nothing is guessed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from provenance.core.claimrules.answering import CLOCK_LEAD_MS, NoAnswer
from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.core.keyformats import CardKey
from provenance.issuer.settings import IssuerSettings, Reading

_A: Final = IssuerAnswer
_NO_CARD: Final = frozenset(
    {_A.MALFORMED, _A.TOO_MANY_TRIES, _A.UNSUPPORTED_TYPE, _A.INVALID, _A.DOES_NOT_EXIST}
    | {_A.PROCESSING, _A.OPERATOR_MAINTENANCE}
)
"""Answers given without having found a card: there may be no serial to repeat."""
_EARLIEST_MS: Final = 946_684_800_000
"""The year 2000: an earlier use is a time in the wrong unit."""
_CHINA: Final = timezone(timedelta(hours=8))
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_CHINESE: Final = ("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, to hold the answer against."""

    key: CardKey
    nonce: str | None


@dataclass(frozen=True, slots=True)
class Understood:
    """An answer, with the time of use in ms if it says one; or why it is none."""

    answer: IssuerAnswer | None = None
    why: NoAnswer | None = None
    used_at: int | None = None


class _Unreadable(ValueError):
    """Not JSON that can be read in one way only."""


def understand(settings: IssuerSettings, asked: Asked, status: int, body: bytes, now: int) -> Understood:
    """What an answer with HTTP *status* and *body* says at *now* (ms)."""
    reading = settings.answer
    if status in reading.statuses:
        return _of_body(reading, asked, body, now)
    meant = reading.status_codes.get(str(status))
    if meant is not None:
        return Understood(meant)
    refused = {401: NoAnswer.REFUSED_US, 403: NoAnswer.REFUSED_US, 429: NoAnswer.THROTTLED}
    return Understood(why=refused.get(status, NoAnswer.FAILED))


def _of_body(reading: Reading, asked: Asked, body: bytes, now: int) -> Understood:
    try:
        members = _object(body)
        code = _code(reading, members)
    except _Unreadable:
        return Understood(why=NoAnswer.GARBAGE)
    answer = reading.codes.get(code)
    if answer is None:
        return Understood(why=NoAnswer.UNMAPPED)
    if not _is_about(reading, asked, members, answer):
        return Understood(why=NoAnswer.OTHER_KEY)
    if answer is not IssuerAnswer.ALREADY_USED or reading.used_at is None:
        return Understood(answer)
    said = _at(members, reading.used_at)
    if said is None or said == "":
        return Understood(answer)
    moment = _moment(said, reading.used_at_form or "")
    if moment is None:
        return Understood(why=NoAnswer.GARBAGE)
    if not _EARLIEST_MS <= moment <= now + CLOCK_LEAD_MS:
        return Understood(why=NoAnswer.IMPOSSIBLE_TIME)
    # Within what clocks differ, a use "after" the answer to our question happened before it.
    return Understood(answer, used_at=min(moment, now))


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_members, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _Unreadable from None
    if not isinstance(value, dict):
        raise _Unreadable
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # A code said twice is two answers; which of them a reader takes is his accident.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Unreadable
    return members


def _no_constant(_text: str) -> Any:
    raise _Unreadable


def _code(reading: Reading, members: dict[str, Any]) -> str:
    parts = [_text(_at(members, place)) for place in reading.code]
    if not any(parts):
        raise _Unreadable
    return "|".join(parts)


def _text(value: Any) -> str:
    """A code as text; absent is empty. A list, a fraction or a truth value is no code."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _Unreadable
    return str(value)


def _at(members: dict[str, Any], pointer: str) -> Any:
    value: Any = members
    for name in pointer[1:].split("/"):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def _is_about(reading: Reading, asked: Asked, members: dict[str, Any], answer: IssuerAnswer) -> bool:
    """Whether it answers this question, as far as the issuer's form lets one see."""
    if reading.nonce is not None and _at(members, reading.nonce) != asked.nonce:
        return False
    if reading.serial is None or not asked.key.serial:
        return True
    said = _at(members, reading.serial)
    if said is None:
        return answer in _NO_CARD
    return isinstance(said, str) and said == asked.key.serial


def _moment(said: Any, form: str) -> int | None:
    """A time of use in ms, or ``None`` for what is no time in that form."""
    if form in ("unix_s", "unix_ms"):
        text = str(said) if isinstance(said, int | str) and not isinstance(said, bool) else ""
        if not text.isascii() or not text.isdecimal() or len(text) > 15:
            return None
        return int(text) * (1_000 if form == "unix_s" else 1)
    if not isinstance(said, str):
        return None
    try:
        moment = _rfc3339(said) if form == "rfc3339" else _chinese(said)
        return None if moment is None else int(moment.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _rfc3339(text: str) -> datetime | None:
    return datetime.fromisoformat(text.upper()) if _RFC3339.fullmatch(text) else None


def _chinese(text: str) -> datetime | None:
    for form in _CHINESE:
        try:
            return datetime.strptime(text, form).replace(tzinfo=_CHINA)
        except ValueError:
            continue
    return None
