"""Issuer files: read, checked to the line, their secrets fetched from files of their own."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.errors import FileRefused, InputRefused
from provenance.issuer.adapter import HttpIssuer, Timing
from provenance.issuer.lines import line_of
from provenance.issuer.settings import REASONS, Authentication, IssuerSettings, is_secret, place_of

MAX_FILE_BYTES: Final = 64 * 1024
MAX_ISSUERS: Final = 100
_AT_LINE: Final = re.compile(r"\(at line (\d+)")

MORE_REASONS: Final = {
    "toml": "not well-formed TOML",
    "missing": "missing",
    "unknown": "there is no such setting",
    "value": "not a value that this may have",
    "too_large": "larger than 64 KiB; is it the right file?",
    "undecodable": "not UTF-8",
    "secret_missing": "the secret's file is not named, or cannot be read",
    "secret_open": "others can read the secret's file; take their rights away (chmod 600)",
    "secret_malformed": "the secret is one line of 8 to 512 printable characters",
    "answers_uncovered": "no code leads to these answers of the enumeration",
    "no_echo": "neither answer.serial nor answer.nonce is set: another key's answer would pass for this one",
}
"""Findings about a file's form, its secret, and what it leaves open."""
_REMARKS: Final = frozenset({"answers_uncovered", "no_echo"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a file: line (from 1), setting, code; ``about`` names what is meant, never a secret."""

    line: int
    place: str
    code: str
    about: str = ""

    @property
    def fails(self) -> bool:
        """Whether the file cannot be used as it is; otherwise it is a remark."""
        return self.code not in _REMARKS

    @property
    def reason(self) -> str:
        return REASONS.get(self.code) or MORE_REASONS[self.code]


def check(path: Path) -> list[Finding]:
    """Everything there is to say of an issuer's file, in the order of its lines."""
    return sorted(_read(path)[1], key=lambda one: (one.line, one.place))


def load(path: Path, *, timing: Timing | None = None) -> HttpIssuer:
    """The issuer of a file; raises :class:`FileRefused` (``issuer_file``) with line and reason."""
    made, findings = _read(path)
    wrong = next((one for one in findings if one.fails), None)
    if made is None or wrong is not None:
        found = wrong or Finding(1, "", "value")
        raise FileRefused(
            f"{path.name}: {found.place}: {found.reason}", code="issuer_file", line=found.line, file=path.name
        )
    settings, secret = made
    return HttpIssuer(settings, secret, timing=timing)


def load_folder(folder: Path, timing: Timing | None = None) -> list[HttpIssuer]:
    """The issuers of every ``*.toml`` in *folder*, by name; raises as :func:`load`.

    Raises :class:`InputRefused` (``issuer_twice``) where two files have one format.
    """
    paths = sorted(folder.glob("*.toml"))
    if not folder.is_dir() or len(paths) > MAX_ISSUERS:
        raise InputRefused(
            f"the folder of issuers is missing, or has more than {MAX_ISSUERS} files", code="issuer_folder"
        )
    issuers = [load(path, timing=timing) for path in paths]
    formats = [one for issuer in issuers for one in issuer.formats]
    twice = next((one for one in formats if formats.count(one) > 1), None)
    if twice is not None:
        raise InputRefused(f"two issuer files have the format {twice}; keep one", code="issuer_twice")
    return issuers


def _read(path: Path) -> tuple[tuple[IssuerSettings, bytes] | None, list[Finding]]:
    raw = path.read_bytes()
    if len(raw) > MAX_FILE_BYTES:
        return None, [Finding(1, "", "too_large")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [Finding(raw[: error.start].count(b"\n") + 1, "", "undecodable")]
    try:
        members = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # The parser's own words quote the file, in which somebody may have put a secret.
        at = _AT_LINE.search(str(error))
        return None, [Finding(int(at[1]) if at else len(text.splitlines()) or 1, "", "toml")]
    try:
        settings = IssuerSettings.model_validate(members)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False, include_context=False)
        return None, [_finding(text, one) for one in details]
    secret, findings = _secret(path, settings.authentication)
    found = [Finding(line_of(text, ("authentication", "secret_file")), *one) for one in findings]
    return (settings, secret), found + list(_remarks(text, settings))


def _finding(text: str, detail: ErrorDetails) -> Finding:
    place = place_of(detail["loc"])
    code = {"missing": "missing", "extra_forbidden": "unknown"}.get(detail["type"], "value")
    code = detail["type"] if detail["type"] in REASONS else code
    return Finding(line_of(text, place), ".".join(place), code)


def _secret(path: Path, settings: Authentication) -> tuple[bytes, list[tuple[str, str]]]:
    """The secret, and what is wrong with its file as (place, code)."""
    place = "authentication.secret_file"
    if settings.kind == "none":
        return b"", []
    if settings.secret_file is None:
        return b"", [(place, "secret_missing")]
    file = path.parent / settings.secret_file
    try:
        mode = file.stat().st_mode
        with file.open("rb") as stream:
            text = stream.read(1_024).decode("ascii").strip()
    except OSError:
        return b"", [(place, "secret_missing")]
    except UnicodeDecodeError:
        return b"", [(place, "secret_malformed")]
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return b"", [(place, "secret_open")]
    return (text.encode(), []) if is_secret(text) else (b"", [(place, "secret_malformed")])


def _remarks(text: str, settings: IssuerSettings) -> Iterator[Finding]:
    reading = settings.answer
    covered = set(reading.codes.values()) | set(reading.status_codes.values())
    if uncovered := [one.value for one in IssuerAnswer if one not in covered]:
        line = line_of(text, ("answer", "codes"))
        yield Finding(line, "answer.codes", "answers_uncovered", ", ".join(uncovered))
    if reading.serial is None and reading.nonce is None:
        yield Finding(line_of(text, ("answer",)), "answer", "no_echo")
