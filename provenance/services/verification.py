"""Verify: what the registry knows of a key, in full to those entitled and coarsely to everybody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provenance.core.commitments import order_use, use_party
from provenance.core.entries import PartyReason
from provenance.core.keyformats import CardKey, format_by_id
from provenance.core.lives import State
from provenance.errors import NotFound
from provenance.services import issuer_reports, lawbook, stories
from provenance.services.bracketing import put_brackets, unplaced
from provenance.services.context import Context
from provenance.services.lawbook import Book, Handle, KeyRef
from provenance.services.opening import recorded_from
from provenance.services.parties import Principal
from provenance.services.stories import Story
from provenance.services.verdicts import Verdict, VerdictCode
from provenance.store import holdings, parties
from provenance.store import issuer_reports as reports
from provenance.store.holdings import Holding
from provenance.store.issuer_reports import KeptReport, Place
from provenance.store.keys import KeyRow
from provenance.store.standing import Seen

__all__ = ["Verdict", "VerdictCode", "VerificationService", "Viewer"]

_MOST_NAMES: Final = 10_000
MIN_SECRET_BITS: Final = 60
"""A stranger gets an answer only where guessing is hopeless; weaker formats need an order token."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: a party, somebody with an order token, both or neither."""

    principal: Principal | None = None
    token: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Asker:
    """A viewer as the store knows him: every address that he answers for, none for a stranger."""

    names: frozenset[bytes]
    is_issuer: bool
    token: bytes | None

    @property
    def is_known(self) -> bool:
        return bool(self.names) or self.token is not None


@dataclass(frozen=True, slots=True)
class _Sight:
    """One key as it stood at one moment, and what happened to it."""

    row: KeyRow
    holding: Holding
    story: Story


class VerificationService:
    """Reads only; a verdict is an answer, never an error."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._names: dict[bytes, frozenset[bytes]] = {}

    def verify(self, viewer: Viewer, refs: Sequence[KeyRef]) -> list[Verdict]:
        """The verdicts on *refs*, in their order."""
        return self._judged([viewer] * len(refs), refs)

    def verify_together(self, asked: Sequence[tuple[Viewer, KeyRef]]) -> list[Verdict]:
        """One verdict for each of many who ask at the same time, each as :meth:`verify` would tell him."""
        return self._judged([viewer for viewer, _ in asked], [ref for _, ref in asked])

    def _judged(self, viewers: Sequence[Viewer], refs: Sequence[KeyRef]) -> list[Verdict]:
        seen = lawbook.find_seen(self._context, refs)
        askers = self._askers(viewers)
        sights = [_sight(asker, one) for asker, one in zip(askers, seen, strict=True)]
        unclear = [place for place, one in enumerate(sights) if one is None and seen[place] is not None]
        for place, sight in zip(unclear, self._by_law([refs[place] for place in unclear]), strict=True):
            sights[place] = sight
        said, now = self._said(askers, seen), self._context.clock.now()
        verdicts = [
            _verdict(asker, ref, sight, said, now)
            for asker, ref, sight in zip(askers, refs, sights, strict=True)
        ]
        self._put_brackets([event for verdict in verdicts for event in verdict.events])
        return verdicts

    def _askers(self, viewers: Sequence[Viewer]) -> list[_Asker]:
        """One value for one viewer, who asks about many keys or comes many times in a set."""
        known_as: dict[int, _Asker] = {}
        return [known_as.get(id(one)) or known_as.setdefault(id(one), self._asker(one)) for one in viewers]

    def _asker(self, viewer: Viewer) -> _Asker:
        if viewer.principal is None:
            return _Asker(frozenset(), False, viewer.token)
        # A successor answers for what was sold and supplied under the addresses it stands for. Whom a party
        # stands for is settled when it is admitted (a successor is a fresh address), so it is asked once.
        address = viewer.principal.address
        names = self._names.get(address)
        if names is None:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            with self._context.database.read() as connection:
                names = self._names[address] = frozenset(parties.names_of(connection, address))
        return _Asker(names, viewer.principal.party.has(PartyReason.ISSUER), viewer.token)

    def _said(
        self, askers: Sequence[_Asker], seen: Sequence[Seen | None]
    ) -> dict[Place, tuple[KeptReport, ...]]:
        """The issuers' reports on what was *seen*; a stranger is told none, so none are looked up for him."""
        pairs = zip(askers, seen, strict=True)
        places = {
            (one[0].number, one[0].index)
            for asker, one in pairs
            if one is not None and one[0].may_be_reported and asker.is_known
        }
        if not places:
            return {}
        with self._context.database.read() as connection:
            return reports.of_places(connection, places)

    def _put_brackets(self, events: list[dict[str, Any]]) -> None:
        if any(event["index"] is not None for event in events):
            with self._context.database.read() as connection:
                put_brackets(connection, events)
        else:
            unplaced(events)

    def _by_law(self, refs: Sequence[KeyRef]) -> list[_Sight | None]:
        """Keys whose past only the law can tell: rows and histories, both as of one moment."""
        if not refs:
            return []
        with self._context.database.snapshot() as connection:
            seen = lawbook.find_standing(self._context, connection, refs)
            books = lawbook.histories(connection, {one[0] for one in seen if one is not None})
        return [
            None if one is None else _Sight(*one, stories.of_book(books[one[0].number, one[0].index]))
            for one in seen
        ]

    def custody(self, viewer: Viewer, handle: Handle) -> list[dict[str, Any]]:
        """Every entry on a key, oldest first, to those entitled; raises :class:`NotFound` to others."""
        asker = self._asker(viewer)
        with self._context.database.snapshot() as connection:
            row = lawbook.find(self._context, connection, [handle])[0]
            if row is not None:
                held = holdings.over(connection, row.number, [row.index])[row.index]
                book = lawbook.history(self._context, connection, row)
                if _entitled(asker, _Sight(row, held, stories.of_book(book))):
                    told = [self._told(asker, book, place) for place in range(len(book.stored))]
                    put_brackets(connection, told)
                    return told
        raise NotFound("no such key, or not yours to see", code="unknown")

    def _told(self, asker: _Asker, book: Book, place: int) -> dict[str, Any]:
        stored = book.stored[place]
        entry = stored.entry
        told = lawbook.event_facts(stored) | {
            "actor": "0x" + entry.actor.hex(),
            "party": "0x" + entry.party.hex(),
            "first": entry.first,
            "count": entry.count,
            "reason": entry.reason,
        }
        if entry.actor in asker.names or entry.party == _use(asker, entry.subject, book.custody.index):
            told["details"] = recorded_from(self._context, stored).details
        return told


def _sight(asker: _Asker, seen: Seen | None) -> _Sight | None:
    """What was seen, if that tells all that *asker* may hear; a stranger hears nothing of the past."""
    if seen is None:
        return None
    row, holding, own = seen
    story = stories.of_few(row, holding, own) if asker.is_known else stories.UNTOUCHED
    return None if story is None else _Sight(row, holding, story)


def _verdict(
    asker: _Asker,
    ref: KeyRef,
    sight: _Sight | None,
    said: Mapping[Place, tuple[KeptReport, ...]],
    now: int,
) -> Verdict:
    if sight is None:
        return _coarse(VerdictCode.UNKNOWN, ref)
    row = sight.row
    if asker.is_known and _entitled(asker, sight):
        kept = said.get((row.number, row.index), ())
        return _full(asker, sight, now, issuer_reports.status(sight.story.redeemed, kept))
    if isinstance(ref, Handle):
        # A handle is no key: whoever only counts positions learns nothing by it.
        return _coarse(VerdictCode.UNKNOWN, ref)
    # A shared key that was sold is still for sale; to a stranger that is not clean.
    unsold = row.batch.max_uses == 1 or row.entries == 0
    clean = unsold and _code(sight, None, now) is VerdictCode.REGISTERED
    return _coarse(VerdictCode.CLEAN if clean else VerdictCode.NOT_CLEAN, ref)


def _coarse(code: VerdictCode, ref: KeyRef) -> Verdict:
    weak = isinstance(ref, CardKey) and format_by_id(ref.format_id).secret_bits < MIN_SECRET_BITS
    return Verdict(VerdictCode.TOKEN_NEEDED if weak else code, None, None, {})


def _entitled(asker: _Asker, sight: _Sight) -> bool:
    if _own_state(asker, sight) is not None:
        return True
    insiders = {sight.row.batch.supplier, sight.holding.holder, *sight.story.sellers}
    return asker.is_issuer or bool(asker.names & insiders)


def _use(asker: _Asker, batch_id: bytes, index: int) -> bytes | None:
    return None if asker.token is None else use_party(order_use(asker.token, batch_id, index))


def _own_state(asker: _Asker, sight: _Sight) -> State | None:
    """The state of the life that the asker's order token stands for."""
    use = _use(asker, sight.row.batch.batch_id, sight.row.index)
    return None if use is None else sight.story.state_of(use)


def _full(asker: _Asker, sight: _Sight, now: int, issuer_status: dict[str, Any] | None) -> Verdict:
    row, holding, story = sight.row, sight.holding, sight.story
    own = _own_state(asker, sight)
    state = _state(row, holding) if own is None else own
    facts: dict[str, Any] = {
        "batch": row.batch.batch_id.hex(),
        "index": row.index,
        "format": row.format,
        "supplier": "0x" + row.batch.supplier.hex(),
        "holder": "0x" + holding.holder.hex(),
        "max_uses": row.batch.max_uses,
        "uses": len(story.lives),
        "expires_at": row.batch.expires_at,
        "sold_before": row.sold_before,
        "suspect": row.suspect,
        "reserved_until": row.reserved_until if row.is_reserved(now) else None,
        "in_transfer_until": holding.offer_until if holding.is_offered(now) else None,
        "last_event": story.last_event,
    }
    return Verdict(_code(sight, own, now), state.name, issuer_status, facts)


def _state(row: KeyRow, holding: Holding) -> State:
    recalled = holding.voided_at is not None and row.state is not State.REDEEMED
    return State.VOID if recalled else row.state


def _code(sight: _Sight, own: State | None, now: int) -> VerdictCode:
    row = sight.row
    state = _state(row, sight.holding) if own is None else own
    if own in (State.SOLD, State.DELIVERED):
        return VerdictCode.SOLD_TO_YOU
    if state is not State.REGISTERED:
        return VerdictCode(state.name)
    expires_ms = row.batch.expires_at * 1000
    if expires_ms and now >= expires_ms:
        return VerdictCode.EXPIRED
    if row.is_reserved(now):
        return VerdictCode.RESERVED
    if row.suspect:
        return VerdictCode.SUSPECT_DUPLICATE
    return VerdictCode.SOLD_BEFORE if row.sold_before else VerdictCode.REGISTERED
