"""``provenance register``: a file of keys becomes a signed batch. Interrupted anywhere, run it again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from provenance.cli import inputs, journal
from provenance.cli.batch import line, reject_line
from provenance.cli.group import TranslatedCommand
from provenance.cli.journal import Journal
from provenance.cli.output import answer, hint, progress
from provenance.cli.remote import service, service_options
from provenance.errors import Conflict, InputRefused, NotFound, Refused, Unavailable

if TYPE_CHECKING:
    from provenance.chain.signer import Signer
    from provenance.client import ProvenanceClient, StagedBatch
    from provenance.core.manifest import Domain

_SHOWN_REJECTS: Final = 20
_LAPSED: Final = frozenset({"unknown_batch", "batch_abandoned", "staging_expired", "taken_meanwhile"})
_POLL_SECONDS: Final = 1.0
_PLAIN_NAME: Final = re.compile(r"[^\x00-\x1f\x7f/\\]{1,200}")


@click.command("register", cls=TranslatedCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "format", required=True, help="Key format, such as cmcc-national.")
@click.option("--keystore", required=True, type=click.Path(path_type=Path), help="The keystore that signs.")
@click.option("--password-file", metavar="FILE", help="Its password's file, or -; else asked for.")
@click.option("--product", default="", help="What the keys are for, one line.")
@click.option("--face-value", default="0", help='A decimal such as "50.00".')
@click.option("--currency", default="CNY", show_default=True, help="Three letters.")
@click.option("--reference", "supplier_reference", default="", help="Your own number for this batch.")
@click.option(
    "--max-uses", type=click.IntRange(1, 1000), default=1, show_default=True, help="Sales of a key."
)
@click.option(
    "--expires-at", type=click.IntRange(0), default=0, help="Unix seconds; no sale after it. 0: never."
)
@click.option(
    "--shuffle/--no-shuffle",
    default=None,
    help="Hide the order of the file; the service's choice by default.",
)
@click.option("--proceed", is_flag=True, help="Register the good lines, instead of all or nothing.")
@click.option("--alphabet", help="One of the named alphabets of the format.")
@click.option("--chain-id", type=click.IntRange(1), help="Sign for this chain only.")
@click.option("--registry", metavar="0x…", help="Sign for this registry only.")
@click.option("--wait", type=click.IntRange(1), metavar="SECONDS", help="Wait until the batch is anchored.")
@service_options
def register(
    file: Path,
    keystore: Path,
    password_file: str | None,
    chain_id: int | None,
    registry: str | None,
    wait: int | None,
    **asked: Any,
) -> None:
    """Register FILE: upload it, compute its root yourself, compare, sign.

    Nothing is signed unless the manifest says of the file what this command finds in it. Interrupted,
    run the same command again: a journal beside the file knows how far it came.
    """
    from provenance.cli.proof import network_of
    from provenance.core.keyformats import format_by_id

    format_by_id(asked["format"])
    network = network_of(chain_id, registry)
    signer = _signer(keystore, password_file, network)
    with service() as client:
        work = Registration(client, file, _options(file, asked), signer, network)
        told = work.run(inputs.token(click.get_current_context().meta.get("provenance.token_file")) or "")
        if wait is not None:
            told = _wait_for_anchor(client, told, wait)
    answer(told, line(told))


@dataclass(frozen=True, slots=True)
class Registration:
    """One file on its way to becoming a live batch; every step may be taken again."""

    client: ProvenanceClient
    file: Path
    options: dict[str, Any]
    signer: Signer
    network: Domain | None

    def run(self, token: str) -> dict[str, Any]:
        """The live batch, as the service shows it."""
        size = self.file.stat().st_size
        with progress("Reading", size) as advance:
            fingerprint = journal.fingerprint(self.file, self.options, token, advance)
        known = self._known(fingerprint)
        if known is not None and known.stage == "live" and known.batch is not None:
            hint("The journal says that this file is registered already.")
            return self.client.batch(known.batch)
        begun = known or Journal(fingerprint, "uploading")
        journal.write(self.file, begun)
        with self._starting_over_if_lapsed(begun):
            staged = self._stage(begun.key, size)
            batch = staged.manifest.batch_id.hex()
            journal.write(self.file, replace(begun, stage="staged", batch=batch))
            self._check(staged, self._rejected(staged, batch), size)
            signature = self.signer.sign_manifest_digest(staged.manifest.digest(staged.domain))
            self.client.sign_batch(batch, signature)
        journal.write(self.file, replace(begun, stage="live", batch=batch))
        return self.client.batch(batch)

    @contextmanager
    def _starting_over_if_lapsed(self, begun: Journal) -> Iterator[None]:
        try:
            yield
        except (NotFound, Refused) as error:
            if error.code in _LAPSED:
                # The stored answer to this upload leads nowhere any more: the next one is a new one.
                fresh = Journal(begun.fingerprint, "uploading", attempt=begun.attempt + 1)
                journal.write(self.file, fresh)
                hint("That staging is over. Run the same command again to stage the file anew.")
            raise

    def _known(self, fingerprint: str) -> Journal | None:
        known = journal.read(self.file)
        if known is None or known.fingerprint == fingerprint:
            return known
        if known.is_staged:
            raise Conflict(
                f"batch {known.batch} of this file was staged with other content, options or credential: "
                f"finish it as it was, or give it up (`provenance batch abandon`) and remove the journal",
                code="journal_of_another",
                file=str(journal.path_of(self.file)),
            )
        return None

    def _stage(self, key: str, size: int) -> StagedBatch:
        from provenance.client import StagedBatch

        try:
            with progress("Uploading", size) as advance, self.file.open("rb") as stream:
                upload = _Upload(stream, size, advance)
                told = self.client.upload_batch(upload, self.options, key=key)  # type: ignore[arg-type]
        except InputRefused as error:
            error.facts["file"] = str(self.file)
            if error.code == "lines_rejected":
                hint("Correct these lines, or register the others with --proceed:")
            raise
        return StagedBatch.from_json(told)

    def _rejected(self, staged: StagedBatch, batch: str) -> frozenset[int]:
        """The lines that the service left out, told to the caller as they are."""
        found = list(self.client.rejects(batch)) if staged.refused else []
        for one in found[:_SHOWN_REJECTS]:
            click.echo(f"{self.file}:{reject_line(one)}", err=True)
        if found:
            hint("{count} lines are left out; `provenance batch rejects {batch}` lists them.",
                 count=len(found), batch=batch)  # fmt: skip
        return frozenset(one["line"] for one in found)

    def _check(self, staged: StagedBatch, rejected: frozenset[int], size: int) -> None:
        from provenance.cli.batch_check import check

        with progress("Computing the root again", size) as advance:
            check(
                staged,
                self.file,
                self.options,
                supplier=self.signer.address,
                network=self.network,
                rejected=rejected,
                progress=advance,
            )


class _Upload:
    """The file as a body: its length is known, and somebody watches it go."""

    def __init__(self, stream: BinaryIO, size: int, advance: Callable[[int], None]) -> None:
        self._stream = stream
        self._size = size
        self._advance = advance

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._advance(len(data))
        return data


def _signer(keystore: Path, password_file: str | None, network: Domain | None) -> Signer:
    # Opened before anything is sent: a wrong password then costs nothing.
    from provenance.chain.signer import TEST_CHAIN_ID, Signer

    chain_id = network.chain_id if network else TEST_CHAIN_ID
    return Signer.from_keystore(keystore, inputs.password(password_file), chain_id=chain_id)


def _options(file: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """The query of ``POST /batches``; what was not said is not sent."""
    options = {name: value for name, value in asked.items() if value not in (None, "") and name != "proceed"}
    options["on_error"] = "proceed" if asked["proceed"] else "rollback"
    options["filename"] = file.name if _PLAIN_NAME.fullmatch(file.name) else "keys" + file.suffix
    return options


def _wait_for_anchor(client: ProvenanceClient, told: dict[str, Any], seconds: int) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    batch = str(told["batch"])
    while told.get("anchor") not in ("anchored", "final"):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"batch {batch} is live, but not anchored after {seconds} s; ask for it later with "
                "`provenance batch show`",
                code="anchor_timeout",
            )
        time.sleep(_POLL_SECONDS)
        told = client.batch(batch)
    return told
