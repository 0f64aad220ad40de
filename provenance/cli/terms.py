"""``provenance terms``: judge warranty terms, publish them, and find them by their hash."""

from __future__ import annotations

from typing import Any

import click

from provenance.cli import inputs
from provenance.cli.failures import REFUSED
from provenance.cli.group import Group
from provenance.cli.language import CHINESE, current, say
from provenance.cli.output import answer, json_option, when
from provenance.cli.remote import service, service_options
from provenance.core import terms as rules
from provenance.core.termsrules.lint import PASS_MARK, Report, lint_terms, lint_text
from provenance.core.termsrules.promises import Flaw
from provenance.core.termsrules.values import Text
from provenance.errors import InputRefused

MAX_PLAIN_BYTES = 1 << 20


@click.group("terms", cls=Group)
def terms() -> None:
    """Judge warranty terms, publish them, and find them by their hash."""


@terms.command("lint", short_help="Score terms, and fail vague ones.")
@click.argument("file", metavar="FILE")
@json_option
@click.pass_context
def lint(context: click.Context, file: str) -> None:
    """Score the terms in FILE from 0 to 100, and fail vague ones, with the sentence to write instead.

    FILE holds machine-readable terms (JSON) or plain words, Chinese or English; - is standard input.
    Exit code 1 if buyers cannot rely on them.
    """
    text = inputs.read_text(file, MAX_PLAIN_BYTES)
    is_machine = text.lstrip().startswith("{")
    report = lint_terms(rules.parse(text.encode())) if is_machine else lint_text(text)
    answer(_as_json(report, is_machine), *_lines(report))
    if not report.passes:
        context.exit(REFUSED)


@terms.command("hash", short_help="The hash that an order pins.")
@click.argument("file", metavar="FILE")
@json_option
def hash_(file: str) -> None:
    """Print the hash of the machine-readable terms in FILE: the subject of their TERMS entry.

    The same terms have the same hash however the file is indented; - is standard input.
    """
    read = rules.parse(inputs.read_bytes(file, rules.MAX_TERMS_BYTES))
    digest = rules.terms_hash(read).hex()
    answer({"id": read.id, "version": read.version, "tier": read.tier.value, "hash": digest}, digest)


@terms.command("publish", short_help="Publish terms, for ever.")
@click.argument("file", metavar="FILE")
@service_options
def publish(file: str) -> None:
    """Publish the machine-readable terms in FILE in the name of your platform; - is standard input.

    They become an entry of the public log. Nothing changes them afterwards: a change is a new document.
    """
    read = rules.parse(inputs.read_bytes(file, rules.MAX_TERMS_BYTES))
    with service() as client:
        told = client.post("/terms", rules.to_json(read))
    answer(told, told["hash"])


@terms.command("show", short_help="Published terms by their hash.")
@click.argument("digest", metavar="HASH")
@service_options
def show(digest: str) -> None:
    """Print the published terms of a hash, after checking that they have it. Needs no credential."""
    with service(needs_token=False) as client:
        told = client.get(f"/terms/{inputs.hash_text(digest)}")
    read = rules.from_json(told)
    if rules.terms_hash(read).hex() != digest:
        raise InputRefused("the service gave terms of another hash; do not trust it", code="terms_differ")
    answer(told, *_clauses(read))


@terms.command("list", short_help="What a platform published.")
@click.argument("platform", metavar="0x…")
@service_options
def list_(platform: str) -> None:
    """List the terms that the platform at an address ever published, the newest first."""
    with service(needs_token=False) as client:
        told = client.get(f"/platforms/{platform}/terms")
    answer(told, *(_published(one) for one in told["terms"]))


def _published(one: dict[str, Any]) -> str:
    parts = (one["hash"], when(one["published_at"]), one["tier"], f"{one['id']} v{one['version']}")
    return "  ".join(parts)


def _clauses(read: rules.Terms) -> list[str]:
    return [_words(read.title), *(f"{one.number}  {_words(one.text)}" for one in read.clauses)]


def _lines(report: Report) -> list[str]:
    told = [line for flaw in report.flaws for line in _flaw_lines(flaw)]
    verdict = say("passes") if report.passes else say("fails")
    score = say(
        "score {score} of 100, {mark} to pass: {verdict}", score=report.score, mark=PASS_MARK, verdict=verdict
    )
    return [*told, score]


def _flaw_lines(flaw: Flaw) -> tuple[str, str]:
    mark = say("FAIL") if flaw.fails else say("weak")
    excerpt = f" “{flaw.excerpt}”" if flaw.excerpt else ""
    return (
        f"{flaw.place}: {mark} [{flaw.code}]{excerpt} {_words(flaw.why)}",
        "    " + say("write: {sentence}", sentence=_words(flaw.write)),
    )


def _words(text: Text) -> str:
    return text.zh if current() == CHINESE else text.en


def _as_json(report: Report, is_machine: bool) -> dict[str, Any]:
    return {
        "score": report.score,
        "passes": report.passes,
        "machine_readable": is_machine,
        "flaws": [
            {
                "code": flaw.code,
                "fails": flaw.fails,
                "points": flaw.points,
                "place": flaw.place,
                "excerpt": flaw.excerpt,
                "language": flaw.language,
                "why": _words(flaw.why),
                "write": _words(flaw.write),
            }
            for flaw in report.flaws
        ],
    }
