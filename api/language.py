"""The catalogue of problems: code → status, title and sentence, in English and Chinese. Read once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from flask import Request
from werkzeug.datastructures import LanguageAccept

from provenance.errors import (
    AccessDenied,
    InputRefused,
    LimitReached,
    NotFound,
    ProofRejected,
    ProvenanceError,
    Refused,
    Unavailable,
)

LANGUAGES: Final = ("en", "zh-CN")
_BY_CLASS: Final = (
    (AccessDenied, "access_denied"),
    (LimitReached, "rate_limited"),
    (Unavailable, "unavailable"),
    (NotFound, "not_found"),
    (Refused, "refused"),
    (ProofRejected, "proof_rejected"),
    (InputRefused, "invalid_input"),
)


@dataclass(frozen=True, slots=True)
class Wording:
    """One row: HTTP status, titles, and the Chinese sentence; the English sentence is the error's own.

    ``advice`` stands behind that where it says only what is wrong.
    """

    status: int
    title: str
    title_zh: str
    detail_zh: str
    advice: str = ""

    def sentence(self, message: str, chinese: bool) -> str:
        """What is told of an error whose own *message* is English."""
        if chinese:
            return self.detail_zh
        return f"{message}; {self.advice}" if self.advice else message


@cache
def catalogue() -> dict[str, Wording]:
    """Every row, by code."""
    text = (files("provenance") / "i18n" / "problems.toml").read_text(encoding="utf-8")
    return {
        code: Wording(int(status), *words)
        for status, rows in tomllib.loads(text).items()
        for code, words in rows.items()
    }


def wording(error: ProvenanceError) -> Wording:
    """The row of an error; of its class where its code is not in the catalogue."""
    rows = catalogue()
    found = rows.get(error.code)
    if found is not None:
        return found
    of_class = next((code for kind, code in _BY_CLASS if isinstance(error, kind)), "internal_error")
    return rows[of_class]


def language_of(request: Request) -> str:
    """``en`` or ``zh-CN``, by ``Accept-Language``; English where it says neither."""
    return chosen(request.accept_languages)


def chosen(accepted: LanguageAccept) -> str:
    """The same of a parsed header."""
    for wanted, quality in accepted:
        primary = wanted.partition("-")[0].lower()
        if quality > 0 and primary in ("zh", "en"):
            return "zh-CN" if primary == "zh" else "en"
    return "en"
