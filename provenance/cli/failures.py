"""How a command fails: one line, a stable code, what to do, and an exit code. Never a traceback."""

from __future__ import annotations

import json
import os
from typing import Final

import click

from provenance.cli.language import CHINESE, current, say, sentence_of_code
from provenance.cli.output import is_json, when
from provenance.errors import (
    AccessDenied,
    ChainMismatch,
    ChainUnavailable,
    FileRefused,
    InputRefused,
    ManyRefused,
    ProofRejected,
    ProvenanceError,
    Unavailable,
)

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
UNAVAILABLE: Final = 3
CONSISTENT: Final = 4
"""A proof agrees with itself, but nothing the reader brought says whose it is."""

_ADVICE: Final[tuple[tuple[type[ProvenanceError], str], ...]] = (
    (Unavailable, "nothing was done; try again when it is back, `provenance doctor` says what is missing"),
    (FileRefused, "correct the file and run the command again"),
    (AccessDenied, "check PROVENANCE_TOKEN or --token-file, or ask the operator"),
)
_TRY_LATER: Final = "nothing was done; check the address, or try again later"
_ADVICE_BY_CODE: Final = {
    "source_too_large": "check the address: no log serves so much in that place",
    "source_unreachable": _TRY_LATER,
    "source_refuses": _TRY_LATER,
    # These say themselves what to do.
    "witness_state_damaged": "",
    "key_file_missing": "",
    "key_file_broken": "",
}
_MAX_DETAILS: Final = 12


def exit_code(error: ProvenanceError) -> int:
    """3 where a part is down, else 1."""
    return UNAVAILABLE if isinstance(error, Unavailable) else REFUSED


def from_os(error: OSError) -> ProvenanceError:
    """A file or folder that cannot be used, as an error of ours that names it and the reason."""
    where = f"{error.filename}: " if isinstance(error.filename, str) else ""
    reason = error.strerror or type(error).__name__
    code = "file_missing" if isinstance(error, FileNotFoundError) else "file_unusable"
    return InputRefused(f"{where}{reason}; check the path and its permissions", code=code)


def unexpected(error: Exception) -> ProvenanceError:
    """A defect of ours. Its words stay hidden: they may hold anything."""
    if os.environ.get("PROVENANCE_DEBUG"):
        raise error
    kind = type(error).__name__
    return Unavailable(
        f"something unforeseen happened ({kind}); run again with PROVENANCE_DEBUG=1 and report what it says",
        code="internal_error",
    )


def tell(error: ProvenanceError) -> None:
    """One line on standard error; with ``--json`` also the same as data on standard output."""
    click.echo(line(error), err=True)
    details = _details(error)
    for detail in details[:_MAX_DETAILS]:
        click.echo(f"  {detail}", err=True)
    if len(details) > _MAX_DETAILS:
        click.echo(
            "  " + say("… and {count} more; --json has all", count=len(details) - _MAX_DETAILS), err=True
        )
    if is_json():
        told: dict[str, object] = {"error": as_json(error)}
        if isinstance(error, ProofRejected):
            told = {"verdict": "rejected", "verified": False, **told}
        click.echo(json.dumps(told, ensure_ascii=False, default=str))


def tell_usage(error: click.UsageError) -> None:
    """A wrong call as data; click itself says it in words on standard error."""
    told = {"error": {"code": "usage", "message": error.format_message()}}
    click.echo(json.dumps(told, ensure_ascii=False))


def line(error: ProvenanceError) -> str:
    """``error[code]: message — what to do``."""
    where = _place(error)
    said = " ".join(_words(error).split())
    step = say("step {step}: ", step=error.step) if isinstance(error, ProofRejected) else ""
    advice = "" if error.code == "internal_error" else _advice(error)
    tail = f" — {advice}" if advice else ""
    cause = f" ({error.facts['cause']})" if error.facts.get("cause") else ""
    return f"error[{error.code}]: {where}{step}{said}{cause}{_evidence(error)}{tail}"


def _words(error: ProvenanceError) -> str:
    """The message; in Chinese, unless the service told it so already, behind the sentence of its code."""
    if current() != CHINESE or "trace_id" in error.facts:
        return error.message
    chinese = sentence_of_code(error.code)
    return error.message if chinese is None else f"{chinese}（{error.message}）"


def _advice(error: ProvenanceError) -> str:
    if isinstance(error, ChainUnavailable | ChainMismatch):
        return ""  # its message says what to do
    found = _ADVICE_BY_CODE.get(error.code)
    if found is None:
        found = next((text for kind, text in _ADVICE if isinstance(error, kind)), "")
    return say(found) if found else ""


def as_json(error: ProvenanceError) -> dict[str, object]:
    """The same as data."""
    told: dict[str, object] = {"code": error.code, "message": error.message, **error.facts}
    if isinstance(error, ManyRefused):
        told["errors"] = [{"position": position, **as_json(one)} for position, one in error.errors]
    return told


def _details(error: ProvenanceError) -> list[str]:
    """One line for each of many refusals, whether they are our own or were told by the service."""
    if isinstance(error, ManyRefused):
        return [f"{position}: [{one.code}] {one.message}" for position, one in error.errors]
    rejects = error.facts.get("rejects")
    if isinstance(rejects, list):
        return [_rejected_line(one) for one in rejects if isinstance(one, dict)]
    told = error.facts.get("errors")
    if not isinstance(told, list):
        return []
    return [
        f"{one.get('pointer', '')}: [{one.get('code', '')}] {one.get('detail', '')}"
        for one in told
        if isinstance(one, dict)
    ]


def _rejected_line(one: dict[str, object]) -> str:
    column = "" if one.get("column") is None else f", {say('column {number}', number=one['column'])}"
    where = say("line {number}", number=one.get("line"))
    return f"{where}{column}: [{one.get('code')}] {one.get('message')}"


def _place(error: ProvenanceError) -> str:
    place = []
    if file := error.facts.get("file"):
        place.append(str(file))
    if (number := error.facts.get("line")) is not None:
        place.append(say("line {number}", number=number))
    if (column := error.facts.get("column")) is not None:
        place.append(say("column {number}", number=column))
    return ", ".join(place) + ": " if place else ""


def _evidence(error: ProvenanceError) -> str:
    facts = error.facts
    if not facts.get("event"):
        return ""
    parts = [str(facts[name]) for name in ("type", "event") if facts.get(name)]
    if isinstance(facts.get("time"), int):
        parts.append(when(facts["time"]))
    if facts.get("index") is not None:
        parts.append(say("log index {index}", index=facts["index"]))
    return say(" (earlier event: {event})", event=", ".join(parts))
