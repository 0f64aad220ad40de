"""The operator's own surroundings: settings, services over the local database, parties by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from provenance.errors import InputRefused, NotFound

if TYPE_CHECKING:
    from provenance.bootstrap import Services
    from provenance.config import Settings
    from provenance.store.parties import Party

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@contextmanager
def local_services() -> Iterator[Services]:
    """The services over the database of the settings, closed at the end."""
    from provenance.bootstrap import build_services
    from provenance.config import load_settings

    services = build_services(load_settings())
    try:
        yield services
    finally:
        services.context.database.dispose()


def operator_address(settings: Settings) -> bytes:
    """The address under which the local commands act."""
    from provenance.services.warranty import desk

    return desk.operator_address(settings.origin)


def address(text: str) -> bytes:
    """20 bytes of an ``0x…`` address; raises ``InputRefused`` (``invalid_address``)."""
    if not _ADDRESS.fullmatch(text):
        raise InputRefused("an address is 0x and 40 hex digits", code="invalid_address")
    return bytes.fromhex(text[2:])


def find_party(services: Services, text: str) -> Party:
    """A party by its address or, where only one has it, by its name; raises :class:`NotFound`."""
    if text.startswith("0x"):
        return services.parties.get(address(text))
    named = [party for party in services.parties.everyone() if party.name == text and party.successor is None]
    if len(named) > 1:
        raise InputRefused("several parties have this name; give the address", code="name_ambiguous")
    if not named:
        raise NotFound("no party of this name; `provenance party list` shows all", code="unknown_party")
    return named[0]


def party_json(party: Party) -> dict[str, Any]:
    """A party as the commands show it."""
    return {
        "address": "0x" + party.address.hex(),
        "name": party.name,
        "roles": sorted(role.name.lower() for role in party.roles),
        "suspended": party.suspended,
        "since": party.since,
        "successor": None if party.successor is None else "0x" + party.successor.hex(),
    }
