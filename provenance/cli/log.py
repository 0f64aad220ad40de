"""``provenance log``: single-entry proofs, the log as files, a new log key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance.cli.group import Group
from provenance.cli.inputs import read_bytes
from provenance.cli.language import say
from provenance.cli.local import local_services
from provenance.cli.output import answer, json_option, progress
from provenance.errors import InputRefused

if TYPE_CHECKING:
    from provenance.core.policy import Policy


@click.group("log", cls=Group)
def log() -> None:
    """The public log: proofs of single entries, the log as files, a new log key."""


@log.command("proof")
@click.argument("event", metavar="EVENT")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the proof.")
@json_option
def proof(event: str, out: Path | None) -> None:
    """Prove that an event is in the log, as a .tlog-proof file that other people's tools verify."""
    from provenance.services.publiclog import PublicLog

    try:
        event_id = bytes.fromhex(event)
    except ValueError:
        raise InputRefused("an event id is hex digits, as in a receipt", code="event_malformed") from None
    with local_services() as services:
        made = PublicLog(services.context).proof(event_id)
    path = out or Path(f"{event}.tlog-proof")
    path.write_bytes(made.encode())
    answer(
        {"file": str(path), "index": made.index, "size": made.checkpoint.size},
        say("{file}: entry {index} of {size}.", file=path, index=made.index, size=made.checkpoint.size),
    )


@log.command("verify")
@click.argument("file", metavar="FILE|-")
@click.option("--log-key", metavar="NAME+HASH+KEY", help="The public key you know the log by.")
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False), help="A C2SP policy: logs, witnesses, quorum."
)
@click.option(
    "--entry", type=click.Path(exists=True, dir_okay=False), help="The entry; else the one in the file."
)
@json_option
def verify(file: str, log_key: str | None, policy: str | None, entry: str | None) -> None:
    """Verify a .tlog-proof file, offline, by a log key or a policy of log and witnesses."""
    from provenance.core import tlogproof

    made = tlogproof.TlogProof.parse(read_bytes(file, tlogproof.MAX_PROOF_SIZE))
    logged = made.extra if entry is None else read_bytes(entry, 64 * 1024)
    if logged is None:
        raise InputRefused("the file holds no entry; bring it with --entry", code="no_entry")
    believed = _policy(log_key, policy)
    checkpoint = tlogproof.verify(made, logged, believed)
    cosigned = believed.cosigners(made.note)
    answer(
        {
            "verified": True,
            "index": made.index,
            "size": checkpoint.size,
            "origin": checkpoint.origin,
            "entry": logged.hex(),
            "cosigned_by": list(cosigned),
        },
        say(
            "Entry {index} is in {log} of {size}.",
            index=made.index,
            log=checkpoint.origin,
            size=checkpoint.size,
        ),
        say("Cosigned by: {names}", names=", ".join(cosigned) or "–"),
    )


@log.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@json_option
def export(folder: Path) -> None:
    """Write the whole log as files for any static web server; run again to add what is new."""
    from provenance.services.logexport import LogExport

    with local_services() as services:
        with progress("Exporting the log", services.log.size()) as advance:
            made = LogExport(services.context).write(folder, advance)
    answer(
        {"folder": str(folder), "size": made.size, "files": made.files, "repaired": made.repaired},
        say("{folder}: {size} entries, {files} new files.", folder=folder, size=made.size, files=made.files),
    )


@log.command("key")
@json_option
def key() -> None:
    """Print the log's public key, to be published where its readers already trust you.

    Those who check proofs, audit or witness bring it with --log-key.
    """
    from provenance import keyfiles
    from provenance.core.notes import verifier_key

    with local_services() as services:
        seed = keyfiles.load(services.settings.secrets_folder, "log.key")
        told = verifier_key(services.context.origin, seed).encode()
    answer({"key": told}, told)


@log.command("rotate-key")
@json_option
def rotate_key() -> None:
    """Give the log a new key. Stop every worker first; both keys sign the succession."""
    from provenance import keyfiles
    from provenance.services.rotation import rotate

    with local_services() as services:
        secrets = services.settings.secrets_folder
        old = keyfiles.load(secrets, "log.key")
        made = rotate(services.context, old, lambda seed: keyfiles.stage(secrets, seed, "log.key"))
    answer(
        {"old": made.old.encode(), "new": made.new.encode(), "last_size": made.last.size},
        say("From the next checkpoint on the log is signed by {key}.", key=made.new.encode()),
        say("Publish it: readers follow with the file `successions` beside the log."),
    )


def _policy(log_key: str | None, policy: str | None) -> Policy:
    from provenance.core.notes import VerifierKey
    from provenance.core.policy import MAX_POLICY_SIZE, Policy

    if policy is not None:
        return Policy.parse(read_bytes(policy, MAX_POLICY_SIZE))
    if log_key is None:
        raise click.UsageError(say("bring what you believe: --log-key or --policy"))
    return Policy.flat(VerifierKey.parse(log_key))
