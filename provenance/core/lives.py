"""What the law of custody knows of a key: its state, its lives, its holder (FORMATS §5).

Frozen values; :mod:`provenance.core.custody` holds the rules that lead from one to the next.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from provenance.core.entries import ZERO_ADDRESS, Entry, number_party
from provenance.core.parties import Step
from provenance.errors import CustodyRefused

_NO_INDEX: Final = b"\xff" * 21
"""Greater than every log index in the place of an address."""


class State(IntEnum):
    """The state of a life; the numbers are stored."""

    REGISTERED = 0
    SOLD = 1
    DELIVERED = 2
    REDEEMED = 3
    VOID = 4


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What the law needs of a manifest. ``expires_at`` is unix seconds, 0 for never."""

    batch_id: bytes
    supplier: bytes
    size: int
    max_uses: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Life:
    """One sale of a key and what followed; the only life of a single-use key, or one of a shared one.

    ``party`` is the buyer's use, zero for an unsold key that an issuer redeemed.
    """

    party: bytes
    state: State
    sell: Step | None
    last: Step
    redeem: Step | None = None
    before_redeem: State = State.REGISTERED
    reissued: bool = False


@dataclass(frozen=True, slots=True)
class KeyCustody:
    """Everything the law knows of one key after some entries.

    ``barred`` is the VOID after which no life may begin, ``range_void`` the last VOID on a range.
    """

    batch: BatchFacts
    index: int
    holder: bytes = ZERO_ADDRESS
    steps: tuple[Step, ...] = ()
    offers: tuple[Entry, ...] = ()
    lives: tuple[Life, ...] = ()
    barred: Step | None = None
    range_void: Step | None = None
    sold_before: bool = False
    reissued: bool = False

    @property
    def last_time(self) -> int:
        """The time of the newest entry in ms; -1 before the first."""
        return self.steps[-1].entry.time if self.steps else -1

    @property
    def state(self) -> State:
        """The state of a single-use key; of a shared one, whether it can be sold once more."""
        if self.barred and not (self.batch.max_uses == 1 and self.lives):
            return State.VOID
        if len(self.lives) < self.batch.max_uses:
            return State.REGISTERED
        return self.newest_life.state if self.batch.max_uses == 1 else State.SOLD

    @property
    def newest_life(self) -> Life:
        """The standing life with the newest entry; only where there is one."""
        return max(self.lives, key=lambda life: life.last.entry.time)

    def step_at(self, number: bytes) -> Step | None:
        """The step whose log index *number* is, as the 20 bytes of a CORRECTION's party.

        Steps that still wait for an index stand last.
        """
        place = bisect_left(self.steps, number, key=_index_as_party)
        found = self.steps[place] if place < len(self.steps) else None
        return found if found and _index_as_party(found) == number else None

    def life(self, party: bytes) -> Life | None:
        """The standing life of that use, if any."""
        return next((life for life in self.lives if life.party == party), None)

    def with_life(self, life: Life) -> KeyCustody:
        """The same with *life* in the place of the one of its use."""
        lives = tuple(life if other.party == life.party else other for other in self.lives)
        return replace(self, lives=lives)


def refusal(code: str, message: str, step: Step | None = None) -> CustodyRefused:
    """A refusal that carries the earlier step as its evidence."""
    refused = CustodyRefused(message, code=code)
    refused.evidence = step
    return refused


def code_of(state: State) -> str:
    """The code of a refusal for that state of a life."""
    return {State.DELIVERED: "delivered", State.REGISTERED: "not_sold"}.get(state, state.name.lower())


def sold_code(state: State) -> str:
    """The same where it matters only that the key is gone."""
    return state.name.lower() if state in (State.REDEEMED, State.VOID) else "sold"


def standing(key: KeyCustody, party: bytes) -> Life:
    """The life of that use; raises :class:`CustodyRefused` (``void``, ``no_such_use``)."""
    life = key.life(party)
    if life is None:
        if key.barred and not key.lives:
            raise refusal("void", "the key is void", key.barred)
        raise refusal("no_such_use", "no standing sale of this key to that use")
    return life


def _index_as_party(step: Step) -> bytes:
    return _NO_INDEX if step.index is None else number_party(step.index)
