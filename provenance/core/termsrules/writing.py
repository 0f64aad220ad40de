"""The one JSON rendering of terms, which is what gets hashed."""

from __future__ import annotations

from typing import Any

from provenance.core import canonical
from provenance.core.digests import sha256
from provenance.core.termsrules.reading import TYPE
from provenance.core.termsrules.values import CauseTerms, Clause, Exclusion, Remedy, Terms, Text


def to_json(terms: Terms) -> dict[str, Any]:
    """The JSON value that :func:`provenance.core.termsrules.reading.from_json` reads back."""
    clocks = terms.clocks
    deadlines = {
        each.state.value: {"within_s": each.within_s, "default": each.default.value}
        for each in clocks.deadlines
    }
    return {
        "type": TYPE,
        "id": terms.id,
        "version": terms.version,
        "tier": terms.tier.value,
        "currency": terms.currency,
        "title": _text(terms.title),
        "cover": {**_clause(terms.cover.clause), "from": "delivery", "seconds": terms.cover.seconds},
        "clocks": {
            **_clause(clocks.clause),
            "remedy_s": clocks.remedy_s,
            "pause_s": clocks.pause_s,
            "deadlines": deadlines,
        },
        "limits": {
            **_clause(terms.limits.clause),
            "automatic_up_to": str(terms.limits.automatic_up_to),
            "two_person_over": str(terms.limits.two_person_over),
        },
        "causes": [_cause(each) for each in terms.causes],
        "exclusions": [_exclusion(each) for each in terms.exclusions],
    }


def encode(terms: Terms) -> bytes:
    """The RFC 8785 bytes of *terms*."""
    return canonical.encode(to_json(terms))


def terms_hash(terms: Terms) -> bytes:
    """H(RFC 8785 of the terms), 32 bytes: the subject of their TERMS entry (FORMATS §5)."""
    return sha256(encode(terms))


def _cause(each: CauseTerms) -> dict[str, Any]:
    optional = {"threshold_s": each.threshold_s, "reissue_s": each.reissue_s}
    return {
        "code": each.cause.value,
        **_clause(each.clause),
        "window_s": each.window_s,
        "evidence": [one.value for one in each.evidence],
        "remedies": [_remedy(one) for one in each.remedies],
        **{name: span for name, span in optional.items() if span is not None},
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": remedy.kind.value}
    if remedy.percent is not None:
        said["percent"] = remedy.percent
    if remedy.amount is not None:
        said["amount"] = str(remedy.amount)
    return said


def _exclusion(each: Exclusion) -> dict[str, Any]:
    return {
        "code": each.code.value,
        **_clause(each.clause),
        "causes": [one.value for one in each.causes],
        "evidence": [one.value for one in each.evidence],
    }


def _clause(clause: Clause) -> dict[str, Any]:
    return {"clause": clause.number, "text": _text(clause.text)}


def _text(text: Text) -> dict[str, str]:
    return {"zh-CN": text.zh, "en": text.en}
