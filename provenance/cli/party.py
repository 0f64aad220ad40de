"""``provenance party``: who may act. The operator's commands, on the machine of the database."""

from __future__ import annotations

import click

from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.local import address, find_party, local_services, operator_address, party_json
from provenance.cli.output import answer, json_option

ROLES = ("supplier", "platform", "issuer", "auditor", "witness", "operator")


@click.group("party", cls=Group)
def party() -> None:
    """Admit, suspend, succeed and list parties. Every change becomes an entry of the public log."""


@party.command("admit")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the party is admitted as.")
@click.option("--address", "place", metavar="0x…", help="The party's own address, if it has a key.")
@click.option("--id", "party_id", help="Else an id of yours, from which an address is made.")
@json_option
def admit(name: str, role: str, place: str | None, party_id: str | None) -> None:
    """Admit the party NAME in a role. Again in the same role changes nothing; it lifts a suspension."""
    from provenance.core.entries import PartyReason

    if bool(place) == bool(party_id):
        raise click.UsageError(say("give either --address or --id"))
    with local_services() as services:
        admitted, entered = services.parties.admit(
            operator_address(services.settings),
            name,
            PartyReason[role.upper()],
            address=address(place) if place else None,
            party_id=party_id or "",
        )
    data = party_json(admitted) | {"event": entered.event.hex() if entered else None}
    done = "{name} is admitted as {role}: {address}" if entered else "{name} was {role} already: {address}"
    answer(data, say(done, name=admitted.name, role=role, address=data["address"]))


@party.command("suspend")
@click.argument("who", metavar="NAME|0x…")
@click.option("--reason", required=True, help="Why; sealed in the entry's details.")
@json_option
def suspend(who: str, reason: str) -> None:
    """Suspend a party: from now on it may not act. What it did before stands."""
    with local_services() as services:
        found = find_party(services, who)
        recorded = services.parties.suspend(operator_address(services.settings), found.address, reason)
    data = {"address": "0x" + found.address.hex(), "event": recorded.event.hex()}
    answer(data, say("{name} is suspended.", name=found.name))


@party.command("succeed")
@click.argument("who", metavar="NAME|0x…")
@click.argument("new", metavar="0x…")
@json_option
def succeed(who: str, new: str) -> None:
    """Let a new address stand for a party that lost its key. Its old credentials end."""
    with local_services() as services:
        found = find_party(services, who)
        heir = address(new)
        recorded = services.parties.succeed(operator_address(services.settings), found.address, heir)
    data = {
        "old": "0x" + found.address.hex(),
        "new": "0x" + heir.hex(),
        "events": [one.event.hex() for one in recorded],
    }
    answer(data, say("{new} stands for {old} from now on.", new=data["new"], old=data["old"]))


@party.command("list")
@json_option
def list_parties() -> None:
    """List every party."""
    with local_services() as services:
        found = [party_json(one) for one in services.parties.everyone()]
    lines = [_line(one) for one in found]
    answer(found, *(lines or [say("No party yet.")]))


def _line(one: dict[str, object]) -> str:
    roles = ", ".join(one["roles"]) if isinstance(one["roles"], list) else ""
    note = say("  suspended") if one["suspended"] else ""
    if one["successor"]:
        note = say("  succeeded by {address}", address=one["successor"])
    return f"{one['address']}  {one['name']}  {roles}{note}"
