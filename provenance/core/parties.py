"""Who is who in the law of custody: admissions, suspensions and successions (FORMATS §5, type 32)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
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
        rows = sorted(entries, key=lambda row: row[0])
        if any(entry.type is not EntryType.PARTY for _, entry in rows):
            raise ValueError("only PARTY entries tell who is who")
        self._by_time = by_time
        # By address, so that a bundle of many thousand PARTY entries costs a search a question.
        self._heirs: dict[bytes, list[tuple[int, bytes]]] = {}
        self._roles: dict[bytes, list[tuple[int, frozenset[PartyReason]]]] = {}
        for position, entry in rows:
            self._note(position, entry)

    def resolve(self, address: bytes, at: Step) -> bytes:
        since, limit = -1, self._limit(at)
        while True:
            heirs = self._heirs.get(address, [])
            place = bisect_right(heirs, since, key=_position)
            if place == len(heirs) or heirs[place][0] >= limit:
                return address
            since, address = heirs[place]

    def has_role(self, address: bytes, role: PartyReason, at: Step) -> bool:
        return role in self.roles(address, at)

    def is_admitted(self, address: bytes, at: Step) -> bool:
        """Whether *address* holds any role at that step."""
        return bool(self.roles(address, at))

    def roles(self, address: bytes, at: Step) -> frozenset[PartyReason]:
        """The roles admitted before that step and after the last suspension before it.

        A successor has those of the address it stands for, which has none from there on.
        """
        history = self._roles.get(address, [])
        place = bisect_left(history, self._limit(at), key=_position)
        return history[place - 1][1] if place else frozenset()

    def _note(self, position: int, entry: Entry) -> None:
        about = entry.subject[12:]
        held = self._now(about)
        if entry.reason in ADMISSIONS:
            self._set(about, position, held | {PartyReason(entry.reason)})
        elif entry.reason == PartyReason.SUSPENDED:
            self._set(about, position, frozenset())
        elif entry.reason == PartyReason.SUCCEEDED:
            self._set(about, position, frozenset())
            self._set(entry.party, position, self._now(entry.party) | held)
            self._heirs.setdefault(about, []).append((position, entry.party))

    def _now(self, address: bytes) -> frozenset[PartyReason]:
        history = self._roles.get(address)
        return history[-1][1] if history else frozenset()

    def _set(self, address: bytes, position: int, roles: frozenset[PartyReason]) -> None:
        self._roles.setdefault(address, []).append((position, roles))

    def _limit(self, at: Step) -> float:
        if self._by_time:
            return at.entry.time
        return inf if at.index is None else at.index


def _position(row: tuple[int, object]) -> int:
    return row[0]
