"""Reservations: a key held for one checkout, for a while, beside the log (nobody else needs to know)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provenance.core.lives import State
from provenance.errors import CustodyRefused, InputRefused, ManyRefused, NotFound, ProvenanceError, Refused
from provenance.services import acts, lawbook
from provenance.services.context import Context
from provenance.services.custody import found
from provenance.services.lawbook import Handle, KeyRef
from provenance.store import holdings, keys
from provenance.store.database import Connection
from provenance.store.holdings import Holding
from provenance.store.keys import KeyRow

_ID_SIZE: Final = 16
_LOOKS: Final = 8


@dataclass(frozen=True, slots=True)
class Reservation:
    """A reservation: its 16-byte id, until when (ms), and which keys it covers."""

    id: bytes
    until: int
    handles: tuple[Handle, ...]


class ReservingService:
    """Reserve, extend and release; all by the current holder."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def reserve(self, holder: bytes, refs: Sequence[KeyRef], ttl_ms: int | None = None) -> Reservation:
        """Reserve every key of *refs*, or none; raises :class:`ManyRefused` or the one refusal."""
        until = self._until(ttl_ms)
        reservation = self._context.entropy(_ID_SIZE)

        def work(connection: Connection) -> Reservation:
            acts.acting_party(connection, holder)
            refusals: list[tuple[int, ProvenanceError]] = []
            handles: dict[int, Handle] = {}
            for position in lawbook.row_order(self._context, connection, refs):
                try:
                    handles[position] = self._one(connection, holder, refs[position], reservation, until)
                except (Refused, NotFound) as refusal:
                    refusals.append((position, refusal))
            if refusals:
                raise _none_reserved(refusals, len(refs))
            return Reservation(reservation, until, tuple(handles[i] for i in range(len(refs))))

        return self._context.database.retrying(work)

    def reserve_any(self, holder: bytes, refs: Sequence[KeyRef], ttl_ms: int | None = None) -> Reservation:
        """Reserve the first key of *refs* that is free; raises :class:`ManyRefused`."""
        until = self._until(ttl_ms)
        reservation = self._context.entropy(_ID_SIZE)

        def work(connection: Connection) -> Reservation:
            acts.acting_party(connection, holder)
            refusals: list[tuple[int, ProvenanceError]] = []
            for position, ref in enumerate(refs):
                try:
                    handle = self._one(connection, holder, ref, reservation, until)
                except (Refused, NotFound) as refusal:
                    refusals.append((position, refusal))
                else:
                    return Reservation(reservation, until, (handle,))
            raise _none_reserved(refusals, len(refs))

        return self._context.database.retrying(work)

    def extend(self, holder: bytes, reservation: bytes, ttl_ms: int | None = None) -> int:
        """Extend a standing reservation; the new end in ms. Raises :class:`NotFound` when it lapsed."""
        until = self._until(ttl_ms)

        def work(connection: Connection) -> int:
            now = self._context.clock.now()
            if not keys.extend(connection, holder, reservation, until, now):
                raise NotFound("no such reservation stands; reserve again", code="reservation_lapsed")
            return until

        return self._context.database.retrying(work)

    def release(self, holder: bytes, reservation: bytes) -> int:
        """End a reservation; how many keys it covered. Raises :class:`NotFound` when it is gone."""

        def work(connection: Connection) -> int:
            covered = keys.release(connection, holder, reservation)
            if not covered:
                raise NotFound("no such reservation stands", code="reservation_lapsed")
            return covered

        return self._context.database.retrying(work)

    def _one(
        self, connection: Connection, holder: bytes, ref: KeyRef, reservation: bytes, until: int
    ) -> Handle:
        for _ in range(_LOOKS):
            row = found(self._context, connection, ref)
            if row.batch.max_uses > 1:
                raise CustodyRefused("a shared key is sold, never reserved", code="shared_key")
            held = holdings.lock_shared(connection, row.number, [row.index])[row.index]
            must_be_free(self._context, connection, holder, row, held)
            now = self._context.clock.now()
            if keys.reserve(connection, row, holder, reservation, until, now):
                return Handle(row.batch.batch_id, row.index)
        raise CustodyRefused("others act on this key at once; try again", code="contended")

    def _until(self, ttl_ms: int | None) -> int:
        limits = self._context.limits
        ttl = limits.reservation_ms if ttl_ms is None else ttl_ms
        if not limits.reservation_min_ms <= ttl <= limits.reservation_max_ms:
            raise InputRefused(
                f"a reservation lasts {limits.reservation_min_ms // 1000} to "
                f"{limits.reservation_max_ms // 1000} seconds",
                code="ttl_out_of_bounds",
            )
        return self._context.clock.now() + ttl


def must_be_free(context: Context, connection: Connection, holder: bytes, row: KeyRow, held: Holding) -> None:
    """Raise :class:`CustodyRefused` unless *holder* could sell the single-use key of *row* right now."""
    now = context.clock.now()
    if row.state is not State.REGISTERED or held.voided_at is not None:
        raise _spoken_for(context, connection, row, held.voided_at is not None)
    expires_ms = row.batch.expires_at * 1000
    if expires_ms and now >= expires_ms:
        raise CustodyRefused("the batch's keys may no longer be sold", code="expired")
    if held.holder != holder:
        book = lawbook.history(context, connection, row)
        facts = lawbook.event_facts(book.stored[-1])
        raise CustodyRefused("only the current holder may do this", code="not_holder", **facts)
    acts.must_be_open(row, held, now, None)


def _spoken_for(context: Context, connection: Connection, row: KeyRow, recalled: bool) -> CustodyRefused:
    state = State.VOID if recalled and row.state is not State.REDEEMED else row.state
    code = "sold" if state is State.DELIVERED else state.name.lower()
    book = lawbook.history(context, connection, row)
    facts = lawbook.event_facts(book.stored[-1])
    return CustodyRefused("the key is not free; facts name the event", code=code, **facts)


def _none_reserved(refusals: list[tuple[int, ProvenanceError]], asked: int) -> ProvenanceError:
    if asked == 1:
        return refusals[0][1]
    refusals.sort(key=lambda pair: pair[0])
    return ManyRefused("nothing was reserved; errors says for each key why", refusals)
