"""Deliver, redeem, reinstate, void, reissue, correct: everything that follows a sale, one key or many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provenance.core.commitments import order_use, use_party
from provenance.core.entries import EntryType, number_party
from provenance.errors import InputRefused, ManyRefused, NotFound, ProvenanceError, Refused
from provenance.services import acts, lawbook
from provenance.services.acts import Act
from provenance.services.context import Context, Recorded
from provenance.services.lawbook import KeyRef
from provenance.store.database import Connection
from provenance.store.keys import KeyRow

_ACTS: Final = frozenset(
    {
        EntryType.DELIVER,
        EntryType.REDEEM,
        EntryType.REINSTATE,
        EntryType.VOID,
        EntryType.REISSUE,
        EntryType.CORRECTION,
    }
)
"""Sales have order lines, hand-overs have holdings; an entry of theirs made here would lack them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of many: the entry, or the refusal."""

    recorded: Recorded | None
    refusal: ProvenanceError | None


class CustodyService:
    """Acts on keys after registration. Addresses have 20 bytes; every act is one entry."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def act(self, ref: KeyRef, act: Act) -> Recorded:
        """Do one act to one key; raises :class:`CustodyRefused` or :class:`NotFound` (``unknown``)."""
        return self._context.database.retrying(lambda connection: self._act(connection, ref, act))

    def act_on_many(self, refs: Sequence[KeyRef], act: Act, *, proceed: bool = False) -> list[Outcome]:
        """The same act to many keys: all or nothing, or with *proceed* as many as the law allows.

        All or nothing raises :class:`ManyRefused` and nothing is done.
        """
        return many(self._context, refs, lambda connection, ref: self._act(connection, ref, act), proceed)

    def act_as_buyer(self, ref: KeyRef, kind: EntryType, token: bytes, reason: int = 0) -> Recorded:
        """REDEEM, or REINSTATE of an own REDEEM, by whoever holds the order's token (32 bytes)."""

        def work(connection: Connection) -> Recorded:
            row = found(self._context, connection, ref)
            party = use_party(order_use(token, row.batch.batch_id, row.index))
            act = Act(kind, party, party, reason)
            return self._perform(connection, ref, row, act, None)

        return self._context.database.retrying(work)

    def correct(self, ref: KeyRef, actor: bytes, index: int, details: dict[str, Any]) -> Recorded:
        """A CORRECTION of the entry at log *index* on this key; it never changes state."""
        act = Act(EntryType.CORRECTION, actor, number_party(index), details=details)
        return self.act(ref, act)

    def _act(self, connection: Connection, ref: KeyRef, act: Act) -> Recorded:
        since = acts.acting_party(connection, act.actor).since
        return self._perform(connection, ref, found(self._context, connection, ref), act, since)

    def _perform(
        self, connection: Connection, ref: KeyRef, row: KeyRow, act: Act, since: int | None
    ) -> Recorded:
        if act.type not in _ACTS:
            raise InputRefused("keys are sold and handed over through their own requests", code="unknown_act")

        def look_again() -> KeyRow | None:
            return lawbook.find(self._context, connection, [ref])[0]

        return acts.perform(self._context, connection, row, act, look_again, since)


def found(context: Context, connection: Connection, ref: KeyRef) -> KeyRow:
    """The row of a registered key; raises :class:`NotFound` (``unknown``)."""
    row = lawbook.find(context, connection, [ref])[0]
    if row is None:
        raise NotFound("no such key is registered", code="unknown")
    return row


def many(
    context: Context,
    refs: Sequence[KeyRef],
    one: Callable[[Connection, KeyRef], Recorded],
    proceed: bool,
) -> list[Outcome]:
    """Run *one* for each of *refs*, in one transaction or, with *proceed*, in one each.

    Within one transaction the keys are taken in the order of their rows, so that two callers
    with the same keys in another order wait for each other instead of for ever.
    """
    if proceed:
        return [_outcome(context, ref, one) for ref in refs]

    def work(connection: Connection) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        refusals: list[tuple[int, ProvenanceError]] = []
        for position in lawbook.row_order(context, connection, refs):
            try:
                outcomes[position] = Outcome(one(connection, refs[position]), None)
            except (Refused, NotFound) as refusal:
                refusals.append((position, refusal))
        if refusals:
            raise _Stopped(sorted(refusals, key=lambda pair: pair[0]))
        return [outcomes[position] for position in range(len(refs))]

    try:
        return context.database.retrying(work)
    except _Stopped as stopped:
        if len(refs) == 1:
            raise stopped.refusals[0][1] from None
        raise ManyRefused(
            "nothing was done, for not all of it could be; take out what errors names, or proceed",
            stopped.refusals,
        ) from None


class _Stopped(Exception):
    """Rolls the transaction back and carries which keys stood in the way."""

    def __init__(self, refusals: list[tuple[int, ProvenanceError]]) -> None:
        super().__init__(len(refusals))
        self.refusals = refusals


def _outcome(context: Context, ref: KeyRef, one: Callable[[Connection, KeyRef], Recorded]) -> Outcome:
    try:
        return Outcome(context.database.retrying(lambda connection: one(connection, ref)), None)
    except (Refused, NotFound) as refusal:
        return Outcome(None, refusal)
