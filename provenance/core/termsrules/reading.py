"""Terms to and from JSON; the schema for strangers is ``docs/terms.schema.json``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from provenance.core import canonical, money
from provenance.core.money import Money
from provenance.core.termsrules.checking import refused
from provenance.core.termsrules.values import (
    CauseTerms,
    Clause,
    Clocks,
    Cover,
    Deadline,
    Exclusion,
    Limits,
    Remedy,
    Terms,
    Text,
)
from provenance.core.termsrules.words import (
    Cause,
    Default,
    EvidenceType,
    ExclusionCode,
    RemedyKind,
    State,
    Tier,
)

TYPE: Final = "card-key-provenance/terms/v1"
MAX_TERMS_BYTES: Final = 256 * 1024
"""The default terms take 20 KiB; a page nobody reads to its end protects nobody."""

_Word = TypeVar("_Word", bound=StrEnum)
_Members = Mapping[str, Any]


def parse(raw: bytes) -> Terms:
    """The terms of untrusted JSON; raises :class:`InputRefused` (``json_*``, ``terms_*``, ``money_*``)."""
    return from_json(canonical.parse(raw, max_bytes=MAX_TERMS_BYTES))


def from_json(value: Any) -> Terms:
    """The terms that a JSON value says; unknown and missing members are refused (``terms_member``)."""
    top = _members(
        value,
        "terms",
        "type id version tier currency title cover clocks limits causes exclusions",
    )
    if top["type"] != TYPE:
        raise refused("terms_type", f"the type of these terms is {TYPE}")
    currency = _string(top["currency"], "currency")
    return Terms(
        id=_string(top["id"], "id"),
        version=_whole(top["version"], "version"),
        tier=_word(Tier, top["tier"], "tier"),
        currency=currency,
        title=_text(top["title"], "title"),
        cover=_cover(top["cover"]),
        clocks=_clocks(top["clocks"]),
        limits=_limits(top["limits"], currency),
        causes=tuple(_cause(each, currency) for each in _list(top["causes"], "causes")),
        exclusions=tuple(_exclusion(each) for each in _list(top["exclusions"], "exclusions")),
    )


def _cover(value: Any) -> Cover:
    members = _members(value, "cover", "clause text from seconds")
    if members["from"] != "delivery":
        raise refused("terms_member", "cover.from is delivery: cover begins when the buyer has the key")
    return Cover(_clause(members), _whole(members["seconds"], "cover.seconds"))


def _clocks(value: Any) -> Clocks:
    members = _members(value, "clocks", "clause text remedy_s pause_s deadlines")
    table = _members(members["deadlines"], "deadlines", " ".join(s for s in State if s is not State.CLOSED))
    return Clocks(
        clause=_clause(members),
        remedy_s=_whole(members["remedy_s"], "clocks.remedy_s"),
        pause_s=_whole(members["pause_s"], "clocks.pause_s"),
        deadlines=tuple(_deadline(state, table[state]) for state in State if state is not State.CLOSED),
    )


def _deadline(state: State, value: Any) -> Deadline:
    members = _members(value, f"deadlines.{state}", "within_s default")
    within = _whole(members["within_s"], f"deadlines.{state}.within_s")
    return Deadline(state, within, _word(Default, members["default"], "default"))


def _limits(value: Any, currency: str) -> Limits:
    members = _members(value, "limits", "clause text automatic_up_to two_person_over")
    return Limits(
        clause=_clause(members),
        automatic_up_to=_amount(members["automatic_up_to"], currency),
        two_person_over=_amount(members["two_person_over"], currency),
    )


def _cause(value: Any, currency: str) -> CauseTerms:
    members = _members(
        value, "a cause", "code clause text window_s evidence remedies", "threshold_s reissue_s"
    )
    return CauseTerms(
        cause=_word(Cause, members["code"], "code of a cause"),
        clause=_clause(members),
        window_s=_whole(members["window_s"], "window_s"),
        remedies=tuple(_remedy(each, currency) for each in _list(members["remedies"], "remedies")),
        evidence=_evidence(members),
        threshold_s=_optional(members, "threshold_s"),
        reissue_s=_optional(members, "reissue_s"),
    )


def _remedy(value: Any, currency: str) -> Remedy:
    members = _members(value, "a remedy", "kind", "percent amount")
    amount = _amount(members["amount"], currency) if "amount" in members else None
    return Remedy(
        _word(RemedyKind, members["kind"], "kind of a remedy"), _optional(members, "percent"), amount
    )


def _exclusion(value: Any) -> Exclusion:
    members = _members(value, "an exclusion", "code clause text causes evidence")
    return Exclusion(
        code=_word(ExclusionCode, members["code"], "code of an exclusion"),
        clause=_clause(members),
        causes=tuple(_word(Cause, each, "code of a cause") for each in _list(members["causes"], "causes")),
        evidence=_evidence(members),
    )


def _evidence(members: _Members) -> tuple[EvidenceType, ...]:
    return tuple(
        _word(EvidenceType, each, "type of evidence") for each in _list(members["evidence"], "evidence")
    )


def _clause(members: _Members) -> Clause:
    return Clause(_string(members["clause"], "clause"), _text(members["text"], "text"))


def _text(value: Any, name: str) -> Text:
    members = _members(value, name, "zh-CN en")
    return Text(_string(members["zh-CN"], name), _string(members["en"], name))


def _members(value: Any, name: str, needed: str, optional: str = "") -> _Members:
    required, allowed = set(needed.split()), set(optional.split())
    if not isinstance(value, dict) or not required <= set(value) <= required | allowed:
        may = f", and may have {', '.join(sorted(allowed))}" if allowed else ""
        raise refused("terms_member", f"{name} has exactly the members {', '.join(sorted(required))}{may}")
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > 64:
        raise refused("terms_member", f"{name} is a list of at most 64")
    return value


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise refused("terms_member", f"{name} is text")
    return value


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise refused("terms_member", f"{name} is a whole number")
    return value


def _optional(members: _Members, name: str) -> int | None:
    return _whole(members[name], name) if name in members else None


def _amount(value: Any, currency: str) -> Money:
    return money.parse(_string(value, "an amount"), currency)


def _word(words: type[_Word], value: Any, what: str) -> _Word:
    try:
        return words(value)
    except ValueError:
        known = ", ".join(words)
        # The word itself is not repeated: it is a stranger's text.
        raise refused(
            f"terms_unknown_{words.__name__.lower()}", f"unknown {what}; choose of: {known}"
        ) from None
