"""``provenance audit report``: what a platform reports of itself, reckoned again from the public log."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from provenance.cli.audit import auditor_of, finding_lines, source_of
from provenance.cli.failures import CONSISTENT
from provenance.cli.group import TranslatedCommand
from provenance.cli.inputs import read_bytes
from provenance.cli.language import say
from provenance.cli.output import answer, json_option, progress
from provenance.errors import InputRefused

if TYPE_CHECKING:
    from provenance.audit.figures import Difference
    from provenance.audit.record import Published, Verdict
    from provenance.audit.recordsource import RecordSource
    from provenance.audit.report import AuditReport

MAX_OPENINGS_BYTES: Final = 1 << 30
_LOG: Final = "/log"
_SHOWN: Final = 50


@click.command("report", cls=TranslatedCommand)
@click.argument("log", metavar="URL|DIR")
@click.argument("platform", metavar="0x…")
@click.option("--month", metavar="YYYY-MM", help="Only the report of this month.")
@click.option(
    "--report",
    "file",
    type=click.Path(exists=True, dir_okay=False),
    help="The report in this file instead of those that the service lists.",
)
@click.option(
    "--openings",
    type=click.Path(exists=True, dir_okay=False),
    help="Its openings, one a line, instead of those that the service gives.",
)
@click.option("--log-key", metavar="NAME+HASH+KEY", help="The public key you know the log by.")
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False), help="A C2SP policy: logs, witnesses, quorum."
)
@json_option
@click.pass_context
def audit_report(
    context: click.Context,
    /,
    log: str,
    platform: str,
    month: str | None,
    file: str | None,
    openings: str | None,
    **brought: Any,
) -> None:
    """Recompute every figure of a platform's monthly reports, from the public log and the published openings.

    Names each figure that differs, and why. Exit codes: 0 every figure is the log's own, 1 something is
    wrong, 3 the service did not answer, 4 nothing is wrong, but details that would prove a figure are gone.
    """
    from provenance.audit.record import RecordAudit

    if file is not None and month is not None:
        raise click.UsageError(say("name a month, or a report of your own"))
    address = _address(platform)
    with tempfile.TemporaryDirectory(prefix="provenance-report-") as folder:
        source = source_of(_log_of(log), Path(folder))
        if file is not None:
            published = [_of_file(file, openings, log)]
        else:
            published = list(_of_service(_records(log), address, _first_ms(month)))
        with progress("Reading the log twice", None) as advance:
            running = RecordAudit(source, auditor_of(brought))
            running.progress = advance
            whole = address if file is None and month is None else None
            found, verdicts = running.run(published, all_of=whole)
        source.close()
    _tell(found, verdicts)
    if not found.is_clean or any(one.is_wrong for one in verdicts):
        context.exit(1)
    if not all(one.is_proven for one in verdicts):
        context.exit(CONSISTENT)


def _of_service(records: RecordSource, platform: bytes, start: int | None) -> Iterator[Published]:
    from provenance.audit.record import Published

    listed = [digest for first, digest in records.hashes(platform) if start in (None, first)]
    if not listed:
        raise InputRefused("the service has no such report of this platform", code="unknown_report")
    for digest in listed:
        report = records.report(digest)
        yield Published(report, records.openings(report))


def _of_file(path: str, openings: str | None, log: str) -> Published:
    """A report of the reader's own: figures of the moment need not stand in the log."""
    from provenance.audit.record import Published
    from provenance.audit.recordsource import read_openings
    from provenance.core.reportfile import MAX_REPORT_BYTES, Report

    report = Report.parse(read_bytes(path, MAX_REPORT_BYTES))
    if openings is None:
        return Published(report, _records(log).openings(report), is_anchored=False)
    opened = read_openings(read_bytes(openings, MAX_OPENINGS_BYTES))
    return Published(report, {one.index: one for one in opened}, is_anchored=False)


def _records(log: str) -> RecordSource:
    from provenance.audit.fetch import HttpFetcher
    from provenance.audit.recordsource import RecordSource

    if "://" not in log:
        raise click.UsageError(say("a folder holds no reports: name them with --report and --openings"))
    return RecordSource(HttpFetcher(_log_of(log).removesuffix(_LOG)))


def _log_of(log: str) -> str:
    """The address of the log, whether its own or that of the API was given."""
    if "://" not in log:
        return log
    address = log.rstrip("/")
    return address if address.endswith(_LOG) else address + _LOG


def _address(text: str) -> bytes:
    from provenance.core import canonical

    try:
        return canonical.decode_hex(text.lower(), 20, prefix="0x")
    except InputRefused:
        raise click.UsageError(say("a platform is an address: 0x and 40 hex digits")) from None


def _first_ms(month: str | None) -> int | None:
    if month is None:
        return None
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise click.UsageError(say("a month is written as 2026-11")) from None
    return int(first.timestamp()) * 1000


def _tell(log: AuditReport, verdicts: list[Verdict]) -> None:
    lines = [
        say("{log}: {size} entries, root {root}", log=log.origin, size=log.size, root=log.root.hex()),
        *(f"  ✓ {text}" for text in log.established),
        *(f"  ? {say('not checked')}: {text}" for text in log.not_checked),
        *(line for one in log.findings for line in finding_lines(one)),
        *(line for one in verdicts for line in _lines(one)),
    ]
    told = {
        "origin": log.origin,
        "size": log.size,
        "root": log.root.hex(),
        "established": log.established,
        "not_checked": log.not_checked,
        "findings": [one.to_json() for one in log.findings],
        "reports": [one.to_json() for one in verdicts],
    }
    answer(told, *lines)


def _lines(verdict: Verdict) -> list[str]:
    first = datetime.fromtimestamp(verdict.report.span.start / 1000, UTC)
    day = f"{first:%Y-%m-%d}"
    where = say("not in the log") if verdict.index is None else say("entry {index}", index=verdict.index)
    head = say("Report from {day} ({where}): {count} figures.", day=day, where=where, count=verdict.figures)
    if verdict.is_proven:
        return [head, "  ✓ " + say("Every figure is what the log adds up to.")]
    lines = [head, *(line for one in verdict.findings.found[:_SHOWN] for line in finding_lines(one))]
    lines += [_difference(one) for one in verdict.differences[:_SHOWN]]
    if verdict.erased:
        lines.append("  " + say("{count} details are erased or not shown.", count=verdict.erased))
    return lines


def _difference(one: Difference) -> str:
    sign = "✗" if one.is_wrong else "?"
    why = say("wrong") if one.is_wrong else say("unproven: erased details may explain it")
    said = say("the report says {said}, the log {found}", said=_plain(one.said), found=_plain(one.found))
    return f"  {sign} {one.figure}: {said} ({why})"


def _plain(value: Any) -> str:
    return "–" if value is None else str(value)
