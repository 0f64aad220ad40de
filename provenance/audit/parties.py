"""Who is who at any place of a log, looked up in the time of a bisection.

The same answers as :class:`provenance.core.parties.ListedParties`, which walks through every PARTY
entry at each question: right for a proof, too slow for a whole log. A test holds the two together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from provenance.core.entries import Entry, PartyReason
from provenance.core.parties import ADMISSIONS, Parties, Step

_History = tuple[list[int], list[bytes]]
_RoleHistory = tuple[list[int], list[frozenset[PartyReason]]]


class PartyBook(Parties):
    """PARTY entries in log order, each counting for later steps only."""

    __slots__ = ("_heirs", "_roles", "_starts", "entries", "now")

    def __init__(self) -> None:
        self.entries: list[tuple[int, Entry]] = []
        self.now: dict[bytes, frozenset[PartyReason]] = {}
        """The roles of each address after everything added so far."""
        self._heirs: dict[bytes, _History] = {}
        self._roles: dict[bytes, _RoleHistory] = {}
        self._starts: defaultdict[bytes, set[bytes]] = defaultdict(set)

    def add(self, index: int, entry: Entry) -> None:
        """Add the PARTY entry at log *index*, above every earlier one."""
        self.entries.append((index, entry))
        about = entry.subject[12:]
        held = self.now.get(about, frozenset())
        if entry.reason in ADMISSIONS:
            self._set_roles(index, about, held | {PartyReason(entry.reason)})
        elif entry.reason == PartyReason.SUSPENDED:
            self._set_roles(index, about, frozenset())
        elif entry.reason == PartyReason.SUCCEEDED:
            self._set_roles(index, about, frozenset())
            self._set_roles(index, entry.party, self.now.get(entry.party, frozenset()) | held)
            self._succeed(index, about, entry.party)

    def heir(self, address: bytes) -> bytes:
        """The address that stands for *address* after everything added so far."""
        history = self._heirs.get(address)
        return history[1][-1] if history else address

    def resolve(self, address: bytes, at: Step) -> bytes:
        history = self._heirs.get(address)
        if history is None:
            return address
        place = len(history[0]) if at.index is None else bisect_left(history[0], at.index)
        return history[1][place - 1] if place else address

    def has_role(self, address: bytes, role: PartyReason, at: Step) -> bool:
        return role in self.roles(address, at)

    def is_admitted(self, address: bytes, at: Step) -> bool:
        """Whether *address* holds any role at that step."""
        return bool(self.roles(address, at))

    def roles(self, address: bytes, at: Step) -> frozenset[PartyReason]:
        """The roles of *address* at that step."""
        history = self._roles.get(address)
        if history is None:
            return frozenset()
        place = len(history[0]) if at.index is None else bisect_left(history[0], at.index)
        return history[1][place - 1] if place else frozenset()

    def _set_roles(self, index: int, address: bytes, roles: frozenset[PartyReason]) -> None:
        indexes, values = self._roles.setdefault(address, ([], []))
        indexes.append(index)
        values.append(roles)
        self.now[address] = roles

    def _succeed(self, index: int, old: bytes, new: bytes) -> None:
        """Everybody for whom *old* stood has *new* from here on; *old* itself where nobody stood for it."""
        starts = self._starts.pop(old, set())
        if old not in self._heirs:
            starts.add(old)
        for start in starts:
            indexes, heirs = self._heirs.setdefault(start, ([], []))
            indexes.append(index)
            heirs.append(new)
        self._starts[new] |= starts
