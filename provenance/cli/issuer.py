"""``provenance issuer``: check an issuer's file, and ask the issuer about one key."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance.cli import inputs
from provenance.cli.failures import REFUSED, UNAVAILABLE
from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.output import answer, json_option, when

if TYPE_CHECKING:
    from provenance.issuer.files import Finding


@click.group("issuer", cls=Group)
def issuer() -> None:
    """Check the file that says how an issuer is asked, and ask it."""


@issuer.command("check")
@click.argument("file", metavar="FILE")
@json_option
def check(file: str) -> None:
    """Say what is wrong with the issuer's settings in FILE, line by line. Asks nobody.

    Exit code 1 if the file cannot be used; remarks alone do not fail it.
    """
    from provenance.issuer.files import check as findings_of

    found = findings_of(Path(file))
    fails = any(one.fails for one in found)
    told = [
        {"line": one.line, "place": one.place, "code": one.code, "about": one.about, "fails": one.fails}
        for one in found
    ]
    lines = [_line(file, one) for one in found]
    verdict = say("cannot be used") if fails else say("can be used")
    answer({"usable": not fails, "findings": told}, *lines, f"{file}: {verdict}")
    if fails:
        click.get_current_context().exit(REFUSED)


@issuer.command("ask")
@click.argument("file", metavar="FILE")
@click.option("--format", "format_id", required=True, help="Format of the key.")
@click.option(
    "--within", "seconds", type=click.FloatRange(0.05, 300), default=10, show_default=True,
    help="Seconds that it may take.",
)  # fmt: skip
@json_option
def ask(file: str, format_id: str, seconds: float) -> None:
    """Ask the issuer of FILE about one key, read from standard input.

    Exit code 3 if it gave no answer that means anything: then nothing is known of the key.
    """
    from provenance.core.keyformats import format_by_id, parse
    from provenance.issuer.files import load

    asked = load(Path(file))
    key = parse(format_by_id(format_id), inputs.read_line("-", "key")).key
    report = asked.ask(key, time.time_ns() // 1_000_000 + int(seconds * 1000))
    told: dict[str, Any] = {
        "issuer": "0x" + report.issuer.hex(),
        "answer": report.answer,
        "why": report.why,
        "asked_at": report.asked_at,
        "answered_at": report.answered_at,
        "used_at": report.used_at,
        "evidence": None if report.evidence is None else report.evidence.hex(),
        "tries": report.tries,
    }
    if report.answer is None:
        answer(told, say("no answer: {why}; nothing is known of the key by it", why=report.why))
        click.get_current_context().exit(UNAVAILABLE)
    used = "" if report.used_at is None else say("  used at {time}", time=when(report.used_at))
    answer(told, f"{report.answer}{used}")


def _line(file: str, one: Finding) -> str:
    mark = say("FAIL") if one.fails else say("remark")
    about = f" ({one.about})" if one.about else ""
    place = f"{one.place}: " if one.place else ""
    return f"{file}:{one.line}: {mark} [{one.code}] {place}{say(one.reason)}{about}"
