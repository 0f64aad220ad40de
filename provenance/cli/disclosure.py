"""``provenance disclosure``: papers that a platform or supplier shows of itself, and how they stand."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import click

from provenance.cli import inputs
from provenance.cli.failures import REFUSED
from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.output import answer, json_option
from provenance.cli.remote import service, service_options
from provenance.core import creditcode
from provenance.core.disclosure import Disclosure, DisclosureType, Withdrawal, read_day
from provenance.core.papers import MAX_PAPER_BYTES, media_type

_TYPES = tuple(kind.value for kind in DisclosureType)


@click.group("disclosure", cls=Group)
def disclosure() -> None:
    """Publish licences and filings, and see how they stand. Every one is an entry of the public log."""


@disclosure.command("publish")
@click.argument("file", metavar="FILE")
@click.option("--type", "kind", type=click.Choice(_TYPES), required=True, help="What kind of paper it is.")
@click.option("--number", required=True, help="The number on the paper.")
@click.option("--credit-code", required=True, help="Unified social credit code of the entity on it.")
@click.option("--issued-on", required=True, metavar="YYYY-MM-DD", help="The day it was issued.")
@click.option("--attested-on", required=True, metavar="YYYY-MM-DD", help="The day you checked it.")
@click.option("--expires-on", metavar="YYYY-MM-DD", help="Its last day, if it has one.")
@click.option("--supersedes", metavar="ID", help="The disclosure that it takes the place of.")
@click.option("--hash-only", is_flag=True, help="Publish the hash and keep the document to yourself.")
@service_options
def publish(
    file: str,
    kind: str,
    number: str,
    credit_code: str,
    issued_on: str,
    attested_on: str,
    expires_on: str | None,
    supersedes: str | None,
    hash_only: bool,
) -> None:
    """Publish the paper in FILE, a PDF, PNG or JPEG, for everybody to read."""
    content = inputs.read_bytes(file, MAX_PAPER_BYTES)
    media = media_type(content)
    paper = Disclosure(
        DisclosureType(kind),
        number,
        creditcode.parse(credit_code),
        sha256(content).digest(),
        read_day(issued_on),
        read_day(attested_on),
        None if expires_on is None else read_day(expires_on),
    )
    body = paper.to_json() | ({} if supersedes is None else {"supersedes": supersedes})
    with service() as client:
        made = client.post("/disclosures", body)
        if not hash_only:
            client.put_document(made["disclosure"], content, media)
    answer(made, say("published: {disclosure}", disclosure=made["disclosure"]))


@disclosure.command("withdraw")
@click.argument("disclosure_id", metavar="ID")
@click.option(
    "--why", type=click.Choice(tuple(one.value for one in Withdrawal)), required=True, help="Why it ends."
)
@service_options
def withdraw(disclosure_id: str, why: str) -> None:
    """Say that a disclosure of yours no longer holds. It stays to be seen."""
    with service() as client:
        done = client.post(f"/disclosures/{disclosure_id}/withdraw", {"why": why})
    answer(done, say("withdrawn: {disclosure}", disclosure=disclosure_id))


@disclosure.command("list")
@click.argument("address", metavar="0x…")
@service_options
def list_disclosures(address: str) -> None:
    """List what the party at an address ever disclosed, newest first. Needs no credential.

    Exit code 1 if a paper that it has to show is missing, expired or withdrawn.
    """
    with service(needs_token=False) as client:
        told = client.get(f"/platforms/{address}/disclosures")
    earned = told["badge"]["earned"]
    verdict = say("every paper it has to show holds") if earned else say("not every paper holds")
    answer(told, *(_line(one) for one in told["disclosures"]), *_papers(told), verdict)
    if not earned:
        click.get_current_context().exit(REFUSED)


@disclosure.command("hash")
@click.argument("file", metavar="FILE")
@json_option
def hash_(file: str) -> None:
    """Print the hash of the paper in FILE, to compare with what was published."""
    content = inputs.read_bytes(file, MAX_PAPER_BYTES)
    digest = sha256(content).hexdigest()
    answer({"document": digest, "media_type": media_type(content)}, digest)


def _line(one: dict[str, Any]) -> str:
    details = one["details"] or {}
    place = say("superseded") if one["superseded_by"] else str(one["status"] or say("damaged"))
    until = details.get("expires_on", "–")
    parts = (details.get("type", "–"), details.get("number", "–"), until, place, one["disclosure"])
    return "  ".join(parts)


def _papers(told: dict[str, Any]) -> list[str]:
    return [f"{kind}: {status or say('missing')}" for kind, status in told["badge"]["papers"].items()]
