"""``provenance audit``: an outside auditor's command, for which no service of ours need run."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance.cli.group import TranslatedCommand
from provenance.cli.inputs import read_bytes
from provenance.cli.language import say
from provenance.cli.output import answer, json_option, progress
from provenance.cli.proof import network_of

if TYPE_CHECKING:
    from provenance.audit.findings import Finding
    from provenance.audit.report import AuditReport
    from provenance.audit.run import AuditNode, Auditor
    from provenance.audit.source import LogSource

_SHOWN = 50


@click.command("log", cls=TranslatedCommand)
@click.argument("log", metavar="URL|DIR")
@click.option("--log-key", metavar="NAME+HASH+KEY", help="The public key you know the log by.")
@click.option("--node", metavar="URL", help="Ask this Ethereum node, which you trust.")
@click.option("--chain-id", type=click.IntRange(1), help="The chain you mean.")
@click.option("--registry", metavar="0x…", help="The registry contract you mean.")
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False), help="A C2SP policy: logs, witnesses, quorum."
)
@click.option(
    "--seen",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="A checkpoint of this log that somebody was given; may be repeated.",
)
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Go on where the audit in this file left off, and keep it there.",
)
@click.option(
    "--cache", type=click.Path(file_okay=False, path_type=Path), help="Keep what was fetched in this folder."
)
@json_option
@click.pass_context
def audit_log(
    context: click.Context, /, log: str, resume: Path | None, cache: Path | None, **brought: Any
) -> None:
    """Replay a whole public log and say exactly what is wrong in it, and where.

    Tiles, entries, the life of every key, every STATE, signatures, and with --node anchors, batches and
    time brackets. What you do not bring is reported as not checked. Exit codes: 0 nothing is wrong, 1
    something is, 3 the log or the node did not answer, and nothing is said.
    """
    from provenance.audit import snapshot
    from provenance.audit.run import Audit
    from provenance.core.notes import Checkpoint

    with tempfile.TemporaryDirectory(prefix="provenance-audit-") as folder:
        source = source_of(log, cache or Path(folder))
        running = Audit(source, auditor_of(brought))
        told = None if resume is None else snapshot.load(running.replay, resume)
        if told is not None:
            running.take_up(told)
        began = time.monotonic()
        with progress("Replaying the log", None) as advance:
            running.progress = advance
            report = running.run()
        source.close()
        seconds = time.monotonic() - began
        if resume is not None and not running.may_be_kept:
            report.not_checked.append(
                "nothing was kept to resume from: what the log did not give may come yet"
            )
        elif resume is not None:
            snapshot.save(
                running.replay, resume, running.told(Checkpoint(report.origin, report.size, report.root))
            )
    _tell(report, seconds)
    if not report.is_clean:
        context.exit(1)


def source_of(log: str, cache: Path | None) -> LogSource:
    """The log at an address or in a folder."""
    from provenance.audit.fetch import CachingFetcher, FolderFetcher, HttpFetcher
    from provenance.audit.source import LogSource

    if "://" not in log:
        return LogSource(FolderFetcher(Path(log)))
    fetcher = HttpFetcher(log)
    return LogSource(fetcher if cache is None else CachingFetcher(fetcher, cache))


def auditor_of(brought: dict[str, Any]) -> Auditor:
    """What the caller brings to hold a log against."""
    from provenance.audit.run import Auditor
    from provenance.core.notes import MAX_NOTE_SIZE, Note, VerifierKey
    from provenance.core.policy import MAX_POLICY_SIZE, Policy

    log_key, policy = brought["log_key"], brought["policy"]
    return Auditor(
        log_key=None if log_key is None else VerifierKey.parse(log_key),
        policy=None if policy is None else Policy.parse(read_bytes(policy, MAX_POLICY_SIZE)),
        node=_node(brought.get("node"), brought.get("chain_id"), brought.get("registry")),
        seen=tuple(Note.parse(read_bytes(path, MAX_NOTE_SIZE)) for path in brought.get("seen", ())),
    )


def _node(url: str | None, chain_id: int | None, registry: str | None) -> AuditNode | None:
    network = network_of(chain_id, registry)
    if url is None:
        return None
    if network is None:
        raise click.UsageError(say("to ask a node, name the network with --chain-id and --registry"))
    from provenance.chain.clients import NodeReader, connect

    client = connect(url, chain_id=network.chain_id, registry=network.registry)

    class Node(NodeReader):
        """The node, asked for the newest anchored size too."""

        def latest(self) -> int:
            return client.latest()

    node = Node(client)
    node.chain_id()  # the wrong network is a mistake in the call, not a finding
    return node


def _tell(report: AuditReport, seconds: float) -> None:
    rate = int(report.entries / seconds) if seconds > 0 else 0
    lines = [
        say(
            "{log}: {size} entries, root {root}", log=report.origin, size=report.size, root=report.root.hex()
        ),
        say("Replayed {count} entries, {rate} a second.", count=report.entries, rate=rate),
        *(f"  ✓ {text}" for text in report.established),
        *(f"  ? {say('not checked')}: {text}" for text in report.not_checked),
        *(line for one in report.findings[:_SHOWN] for line in finding_lines(one)),
    ]
    more = len(report.findings) - _SHOWN + report.left_off
    if more > 0:
        lines.append(say("  … and {count} more", count=more))
    clean = say("Nothing is wrong in what was checked.")
    lines.append(clean if report.is_clean else say("{count} things are wrong.", count=len(report.findings)))
    answer({**report.to_json(), "entries_per_second": rate}, *lines)


def finding_lines(one: Finding) -> list[str]:
    """What is wrong and where, and below it between which block and which anchor."""
    told = f"  ✗ [{one.rule}] {one.place}: {one.message}"
    return [told, f"      {one.moment}"] if one.moment else [told]
