"""``provenance fsck``: the operator's check of the stored log, and of the rows made from it, by replay."""

from __future__ import annotations

import click

from provenance.cli.audit import finding_lines
from provenance.cli.group import TranslatedCommand
from provenance.cli.language import say
from provenance.cli.local import local_services
from provenance.cli.output import answer, json_option, progress

_SHOWN = 50


@click.command("fsck", cls=TranslatedCommand)
@click.option("--silence", is_flag=True, help="Take back the alarm that stops signing, if nothing is wrong.")
@json_option
@click.pass_context
def fsck(context: click.Context, /, silence: bool) -> None:
    """Check the database by replaying the log, and hold against it what is stored beside it.

    Checked: entries, tiles, roots and notes of the log, sealed details, parties, batches with signature
    and tree, states of keys, holdings, transfers, order lines, block headers, the newest state tree, and
    that terms, orders and claims of the warranty are those that the log tells of, none more and none less.

    Not checked, because the log does not tell: names, aliases and tags of keys, reservations,
    credentials, alerts, budgets, idempotency, settings, leases, transactions, what warranty orders and
    claims say beside their entries, evidence, issuers' reports, webhooks, and details that were erased.
    Nor is the head file, which the worker holds against the database whenever it starts.

    Changes nothing. Exit codes: 0 nothing is wrong, 1 something is.
    """
    from provenance.services.alarm import Alarm
    from provenance.services.fsck import Fsck

    with local_services() as services:
        alarm = Alarm.beside(services.settings.head_path)
        check = Fsck(services.context)
        with progress("Checking the database", None) as advance:
            findings = check.run(advance)
        if silence and findings.is_clean:
            alarm.silence()
        is_quiet = alarm.told() is None
    lines = [line for one in findings.found[:_SHOWN] for line in finding_lines(one)]
    if findings.is_clean:
        lines.append(say("{size} entries: nothing is wrong.", size=check.size))
    if not is_quiet:
        lines.append(say("The alarm stands and nothing is signed; take it back with --silence."))
    told = [finding.to_json() for finding in findings.found]
    answer({"clean": findings.is_clean, "size": check.size, "findings": told, "alarm": not is_quiet}, *lines)
    if not findings.is_clean:
        context.exit(1)
