"""``provenance erase``: the operator forgets the sealed details of one entry."""

from __future__ import annotations

import click

from provenance.cli.group import TranslatedCommand
from provenance.cli.language import say
from provenance.cli.local import local_services, operator_address
from provenance.cli.output import answer, hint, json_option
from provenance.errors import InputRefused


@click.command("erase", cls=TranslatedCommand)
@click.argument("event", metavar="EVENT")
@click.option("--yes", is_flag=True, help="Do not ask; there is no way back.")
@json_option
def erase(event: str, yes: bool) -> None:
    """Forget the sealed details of one entry: prices, order numbers, names. There is no way back.

    The entry itself stays in the log, and every proof stays good; it only shows no details any more.
    Proofs and receipts handed out keep theirs, and so do backups: replace those.
    """
    try:
        event_id = bytes.fromhex(event)
    except ValueError:
        raise InputRefused("an event id is hex digits, as in a receipt", code="event_malformed") from None
    with local_services() as services:
        by = operator_address(services.settings)
        entry = services.erasure.look(by, event_id).stored.entry
        if not yes:
            hint(
                "{type} of {actor}, event {event}", type=entry.type.name, actor=_hex(entry.actor), event=event
            )
            if not click.confirm(say("Erase its details for ever?"), default=False, err=True):
                raise InputRefused("nothing was erased", code="not_confirmed")
        erased = services.erasure.erase(by, event_id)
    told = "The details were erased before." if erased.again else "The details are erased. The entry stays."
    answer({"event": event, "erased": True, "again": erased.again, "detail": entry.detail.hex()}, say(told))


def _hex(address: bytes) -> str:
    return "0x" + address.hex()
