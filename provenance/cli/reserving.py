"""``provenance reserve``, ``extend`` and ``release``: keys held for one checkout."""

from __future__ import annotations

from typing import Any

import click

from provenance.cli.group import TranslatedCommand
from provenance.cli.language import say
from provenance.cli.output import answer, when
from provenance.cli.remote import key_options, keys_member, references, service, service_options

_ttl = click.option("--ttl", type=click.IntRange(60, 86_400), help="Seconds; the service's default is 900.")


@click.command("reserve", cls=TranslatedCommand)
@click.option("--any", "is_any", is_flag=True, help="Hold the first of the keys that is free.")
@_ttl
@key_options
@service_options
def reserve(
    is_any: bool, ttl: int | None, key_file: str | None, format_id: str | None, handles: tuple[str, ...]
) -> None:
    """Hold keys for a checkout. The id that comes back sells, extends or releases them."""
    shown = references(key_file, format_id, handles)
    body = {"any_of": shown} if is_any else keys_member(shown)
    with service() as client:
        told = client.act("reserve", body | _seconds(ttl))
    answer(told, say("Reservation {id} until {time}", id=told["reservation"], time=when(told.get("until"))))


@click.command("extend", cls=TranslatedCommand)
@click.argument("reservation", metavar="ID")
@_ttl
@service_options
def extend(reservation: str, ttl: int | None) -> None:
    """Hold reserved keys longer."""
    with service() as client:
        told = client.act("extend", {"reservation": reservation} | _seconds(ttl))
    answer(told, say("Reservation {id} until {time}", id=reservation, time=when(told.get("until"))))


@click.command("release", cls=TranslatedCommand)
@click.argument("reservation", metavar="ID")
@service_options
def release(reservation: str) -> None:
    """Let reserved keys go."""
    with service() as client:
        told = client.act("release", {"reservation": reservation})
    answer(told or {"reservation": reservation}, say("Reservation {id} is released.", id=reservation))


def _seconds(ttl: int | None) -> dict[str, Any]:
    return {} if ttl is None else {"ttl_seconds": ttl}
