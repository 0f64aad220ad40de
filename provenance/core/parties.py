"""Who is who in the law of custody: admissions, suspensions and successions (FORMATS §5, type 32)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from provenance.core.entries import Entry, EntryType, PartyReason

ADMISSIONS = frozenset(reason for reason in PartyReason if reason <= PartyReason.OPERATOR)


@dataclass(frozen=True, slots=True)
class Step:
    """An entry at its place in the log; ``index`` is ``None`` while it waits to be sequenced."""

    index: int | None
    entry: Entry


class Parties(Protocol):
    """What the law asks about addresses, as of one step."""

    def resolve(self, address: bytes, at: Step) -> bytes:
        """The address that stands for *address* at that step, following successions."""

    def has_role(self, address: bytes, role: PartyReason, at: Step) -> bool:
        """Whether *address* is admitted in *role* at that step and not suspended since."""


class ListedParties:
    """Parties as a list of PARTY entries tells them, each with its position.

    The position is the log index; a service, whose newest entries have none yet, gives times
    instead (*by_time*). An entry counts for later steps only, and for a step without an index.
    Raises ``ValueError`` for entries of another type.
    """

    def __init__(self, entries: Iterable[tuple[int, Entry]], *, by_time: bool = False) -> None:
        self._rows = sorted(entries, key=lambda row: row[0])
        self._by_time = by_time
        if any(entry.type is not EntryType.PARTY for _, entry in self._rows):
            raise ValueError("only PARTY entries tell who is who")

    def resolve(self, address: bytes, at: Step) -> bytes:
        for position, entry in self._rows:
            succeeded = entry.reason == PartyReason.SUCCEEDED and entry.subject[12:] == address
            if succeeded and self._is_before(position, at):
                address = entry.party
        return address

    def has_role(self, address: bytes, role: PartyReason, at: Step) -> bool:
        return role in self.roles(address, at)

    def is_admitted(self, address: bytes, at: Step) -> bool:
        """Whether *address* holds any role at that step."""
        return bool(self.roles(address, at))

    def roles(self, address: bytes, at: Step) -> frozenset[PartyReason]:
        """The roles admitted before that step and after the last suspension before it.

        A successor has those of the address it stands for, which has none from there on.
        """
        roles: dict[bytes, frozenset[PartyReason]] = {}
        for position, entry in self._rows:
            if not self._is_before(position, at):
                continue
            about = entry.subject[12:]
            held = roles.get(about, frozenset())
            if entry.reason in ADMISSIONS:
                roles[about] = held | {PartyReason(entry.reason)}
                continue
            roles[about] = frozenset()
            if entry.reason == PartyReason.SUCCEEDED:
                roles[entry.party] = roles.get(entry.party, frozenset()) | held
        return roles.get(address, frozenset())

    def _is_before(self, position: int, at: Step) -> bool:
        if self._by_time:
            return position < at.entry.time
        return at.index is None or position < at.index
