"""The words of the pages, in the language of the reader: Chinese unless he asks for English."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from flask import Request

from provenance.core.keyformats import describe, formats

LANGUAGES: Final = ("zh-CN", "en")
_SHORT: Final = {"zh-CN": "zh", "en": "en"}
_LAST: Final = "opaque"
"""Any text is such a key: the last choice, and never guessed."""


def language_of(request: Request) -> str:
    """The language of a page: ``?lang=`` before ``Accept-Language``, ``zh-CN`` where neither says."""
    asked = request.args.get("lang", "")[:5].lower()
    if asked[:2] in ("zh", "en"):
        return "en" if asked.startswith("en") else "zh-CN"
    for wanted, quality in request.accept_languages:
        primary = wanted.partition("-")[0].lower()
        if quality > 0 and primary in ("zh", "en"):
            return "en" if primary == "en" else "zh-CN"
    return "zh-CN"


@cache
def words(language: str) -> dict[str, Any]:
    """Every text of the pages in one of :data:`LANGUAGES`."""
    text = (files("provenance") / "web" / "check" / f"words.{language}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def order_words(language: str) -> dict[str, Any]:
    """Every text of an order's page."""
    text = (files("provenance") / "web" / "check" / f"order.{language}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def platform_words(language: str) -> dict[str, Any]:
    """Every text of a platform's page."""
    text = (files("provenance") / "web" / "check" / f"platform.{language}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def catalogue(language: str) -> list[dict[str, Any]]:
    """Every key format with its name in *language*, by name; exact text last."""
    told = [describe(each) for each in formats().values()]
    named = [{**each, "name": each.pop("names")[_SHORT[language]]} for each in told]
    return sorted(named, key=lambda each: (each["id"] == _LAST, each["name"]))
