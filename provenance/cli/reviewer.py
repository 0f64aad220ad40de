"""``provenance reviewer``: which credential is whose, of the people who decide. The operator's commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.local import address, find_party, local_services
from provenance.cli.output import answer, json_option, when

if TYPE_CHECKING:
    from provenance.store.reviewers import ReviewerRow


@click.group("reviewer", cls=Group)
def reviewer() -> None:
    """Register, remove and list the people who decide claims and review goods before a sale."""


@reviewer.command("add")
@click.argument("credential_id", metavar="ID")
@click.argument("person", metavar="PERSON")
@click.option(
    "--party", "parties", multiple=True, metavar="NAME|0x…",
    help="A party the person works for or owns, beside that of the credential; may be repeated.",
)  # fmt: skip
@click.option("--signer", metavar="0x…", help="Address of the key with which the person signs reviews.")
@json_option
def add(credential_id: str, person: str, parties: tuple[str, ...], signer: str | None) -> None:
    """Register the credential ID (scope review) as that of PERSON, an id that is published: take no name."""
    with local_services() as services:
        named = [find_party(services, one).address for one in parties]
        signs = None if signer is None else address(signer)
        made = services.reviewers.add(credential_id, person, named, signs)
    answer(_json(made), say("Credential {id} is that of {person}.", id=credential_id, person=person))


@reviewer.command("remove")
@click.argument("credential_id", metavar="ID")
@json_option
def remove(credential_id: str) -> None:
    """Let a credential decide nothing any more. What it decided stands, and so does the record of it."""
    with local_services() as services:
        services.reviewers.remove(credential_id)
    data = {"credential": credential_id, "removed": True}
    answer(data, say("Credential {id} decides nothing any more.", id=credential_id))


@reviewer.command("list")
@json_option
def list_reviewers() -> None:
    """List every registration there ever was, the newest first."""
    with local_services() as services:
        found = [_json(one) for one in services.reviewers.listed()]
    answer(found, *([_line(one) for one in found] or [say("No reviewer yet.")]))


def _json(one: ReviewerRow) -> dict[str, Any]:
    return {
        "credential": one.credential,
        "person": one.person,
        "parties": ["0x" + party.hex() for party in one.parties],
        "signer": None if one.signer is None else "0x" + one.signer.hex(),
        "added_at": one.added_at,
        "removed_at": one.removed_at,
    }


def _line(one: dict[str, Any]) -> str:
    ended = say("removed {time}", time=when(one["removed_at"])) if one["removed_at"] else ""
    parts = (one["credential"], one["person"], " ".join(one["parties"]), one["signer"] or "", ended)
    return "  ".join(part for part in parts if part)
