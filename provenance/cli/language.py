"""Words for people, in English or Chinese: the English sentence in the code is the key of its translation."""

from __future__ import annotations

import os
import tomllib
from functools import cache
from importlib import resources
from typing import Final

import click

ENGLISH: Final = "en"
CHINESE: Final = "zh-CN"
LANGUAGES: Final = (ENGLISH, CHINESE)
_VARIABLES: Final = ("PROVENANCE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def of_environment() -> str:
    """The language that the environment asks for; English unless it says Chinese."""
    named = next((value for name in _VARIABLES if (value := os.environ.get(name))), "")
    return CHINESE if named.lower().startswith("zh") else ENGLISH


def choose(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Callback of ``--lang``."""
    if value is not None:
        context.find_root().meta["provenance.language"] = value


def current() -> str:
    """The language of this call."""
    context = click.get_current_context(silent=True)
    chosen = context.find_root().meta.get("provenance.language") if context else None
    return chosen or of_environment()


def say(text: str, **values: object) -> str:
    """*text* in the language of this call, with its ``{places}`` filled in."""
    told = _chinese().get(text, text) if current() == CHINESE else text
    return told.format(**values) if values else told


@cache
def _chinese() -> dict[str, str]:
    source = resources.files("provenance.cli") / "texts" / "zh-CN.toml"
    tables = tomllib.loads(source.read_text("utf-8"))
    return {english: chinese for table in tables.values() for english, chinese in table.items()}


def sentence_of_code(code: str) -> str | None:
    """The Chinese sentence of a public error code, from the catalogue that the API speaks by too."""
    return _problems().get(code)


@cache
def _problems() -> dict[str, str]:
    source = resources.files("provenance") / "i18n" / "problems.toml"
    rows = tomllib.loads(source.read_text("utf-8"))
    return {code: words[2] for table in rows.values() for code, words in table.items()}
