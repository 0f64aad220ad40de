"""Valuable goods are looked at before they are sold: a video by hash, a checklist, signatures of people.

The platform asks for a review of one key under its graded terms and hands the video in; reviewers sign a
record (:mod:`provenance.core.presale`); above the limit of the terms two people do. Every verdict is a
QUALIFICATION entry. A sale under graded terms calls :func:`must_be_reviewed` in its own transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from provenance.core import money
from provenance.core.entries import Entry, EntryType, PartyReason
from provenance.core.money import Money
from provenance.core.presale import Check, ReviewRecord
from provenance.core.terms import Terms, Tier
from provenance.errors import AccessDenied, InputRefused, NotFound, Refused, SignatureInvalid
from provenance.services import acts, lawbook
from provenance.services.context import Context, Recorded, record
from provenance.services.lawbook import Handle
from provenance.services.parties import Principal
from provenance.services.reviewed import expired, missing, must_stand
from provenance.services.warranty import terms as published
from provenance.services.warranty.reviewers import ReviewerService
from provenance.store import holdings, parties
from provenance.store import presale as store
from provenance.store import warranty_terms as terms_store
from provenance.store.database import Connection
from provenance.store.presale import DecisionRow, ReviewRow, ReviewState

MAX_OPEN: Final = 1_000
"""Open reviews of one platform; more could not be looked at in time."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A review after one person's signature; *recorded* is its entry once the review is closed by it."""

    review: ReviewRow
    recorded: Recorded | None


class PresaleService:
    """Requests and verdicts; the files are those of :class:`PresaleFiles`."""

    def __init__(self, context: Context, reviewers: ReviewerService) -> None:
        self._context = context
        self._reviewers = reviewers

    def request(self, by: bytes, place: Handle, terms_hash: bytes, price: Money) -> ReviewRow:
        """Ask that the key at *place* be reviewed for a sale at up to *price* under graded terms.

        Raises :class:`AccessDenied` (``role_missing``, ``not_holder``), :class:`NotFound` (``unknown``,
        ``unknown_terms``), :class:`InputRefused` (``terms_not_graded``, ``currency_mismatch``),
        :class:`Conflict` (``review_open``), :class:`Refused` (``reviews_too_many``).
        """
        return self._context.database.retrying(
            lambda connection: self._request(connection, by, place, terms_hash, price)
        )

    def withdraw(self, by: bytes, review_id: bytes) -> ReviewRow:
        """Take a request back. Raises :class:`NotFound`, :class:`Refused` (``review_closed``)."""
        with self._context.database.write() as connection:
            row = self.own(connection, by, review_id, lock=True)
            if not store.change(connection, review_id, state=ReviewState.WITHDRAWN):
                raise _closed()
            return replace(row, state=ReviewState.WITHDRAWN)

    def waiting(self, principal: Principal, limit: int) -> list[ReviewRow]:
        """For a reviewer: the oldest requests that wait and that he may decide."""
        with self._context.database.read() as connection:
            reviewer, _ = self._reviewers.standing(connection, principal)
            found = store.open_ones(connection, self._context.clock.now(), limit)
        return [one for one in found if not reviewer.parties & {one.platform, one.supplier}]

    def listed(self, by: bytes, limit: int) -> list[ReviewRow]:
        """The newest requests of a platform."""
        with self._context.database.read() as connection:
            return store.of_platform(connection, parties.names_of(connection, by), limit)

    def own(self, connection: Connection, by: bytes, review_id: bytes, *, lock: bool = False) -> ReviewRow:
        """A request of one's own; raises :class:`NotFound` (``unknown_review``)."""
        row = store.by_id(connection, review_id, lock=lock)
        if row is None or row.platform not in parties.names_of(connection, by):
            raise unknown_review()
        return row

    def decide(
        self, principal: Principal, review_id: bytes, failed: Collection[Check], signature: bytes
    ) -> Decided:
        """Let a reviewer sign: approve, with every item of the checklist, or reject by those that failed.

        Raises :class:`AccessDenied` (``scope_missing``, ``not_reviewer``, ``party_suspended``),
        :class:`NotFound`, :class:`SignatureInvalid`, :class:`Refused` (``review_closed``,
        ``review_expired``, ``review_video_missing``, ``reviewer_conflict``, ``reviewer_decided_before``).
        """
        return self._context.database.retrying(
            lambda connection: self._decide(connection, principal, review_id, frozenset(failed), signature)
        )

    def _request(
        self, connection: Connection, by: bytes, place: Handle, terms_hash: bytes, price: Money
    ) -> ReviewRow:
        party = acts.acting_party(connection, by)
        if not party.has(PartyReason.PLATFORM):
            raise AccessDenied(
                "only a party admitted as platform may do this", code="role_missing", role="platform"
            )
        names = parties.names_of(connection, by)
        row = lawbook.find(self._context, connection, [place])[0]
        held = None if row is None else holdings.lock_shared(connection, row.number, [row.index])[row.index]
        if row is None or held is None:
            raise NotFound("no such key, or not yours to see", code="unknown")
        if held.holder not in names:
            raise AccessDenied("only who holds the key asks for its review", code="not_entitled")
        if store.count_open(connection, names) >= MAX_OPEN:
            raise Refused(f"at most {MAX_OPEN} reviews are open at a time", code="reviews_too_many")
        limit = _limit(connection, names, terms_hash, price)
        now = self._context.clock.now()
        review = ReviewRow(
            self._context.event_id(now), row.number, row.batch.batch_id, row.index, by, row.batch.supplier,
            terms_hash, price.minor, price.currency, limit.minor, now, now + self._context.limits.presale_ms,
        )  # fmt: skip
        store.add(connection, review)
        return review

    def _decide(
        self,
        connection: Connection,
        principal: Principal,
        review_id: bytes,
        failed: frozenset[Check],
        signature: bytes,
    ) -> Decided:
        since = acts.acting_party(connection, principal.address).since
        reviewer, registered = self._reviewers.standing(connection, principal)
        row = store.by_id(connection, review_id, lock=True)
        if row is None:
            raise unknown_review()
        if reviewer.parties & {row.platform, row.supplier}:
            raise Refused(
                "this reviewer belongs to a party of the review; someone else decides it",
                code="reviewer_conflict",
            )
        said = self._to_sign(row, failed)
        if registered.signer is None or said.signer(self._context.domain, signature) != registered.signer:
            raise SignatureInvalid(
                "the record is not signed by this reviewer's registered key", code="review_signature"
            )
        known = store.decisions_of(connection, review_id)
        if any(registered.person == one.person or registered.signer == one.signer for one in known):
            raise Refused(
                "this reviewer has decided here before; the second opinion is another person's",
                code="reviewer_decided_before",
            )
        mine = DecisionRow(
            review_id, registered.person, principal.credential, registered.signer, signature,
            int(said.verdict), sum(check.bit for check in failed), self._context.clock.now(),
        )  # fmt: skip
        store.add_decision(connection, mine)
        return self._counted(connection, row, said, [*known, mine], (principal.address, since))

    def _to_sign(self, row: ReviewRow, failed: frozenset[Check]) -> ReviewRecord:
        if row.state is not ReviewState.OPEN:
            raise _closed()
        if self._context.clock.now() > row.valid_until:
            raise expired(row)
        return record_of(row, failed)

    def _counted(
        self,
        connection: Connection,
        row: ReviewRow,
        said: ReviewRecord,
        signed: list[DecisionRow],
        actor: tuple[bytes, int],
    ) -> Decided:
        approvals = 0 if said.failed else len(signed)
        if not said.failed and approvals < needed(row, Money(row.price, row.currency)):
            store.change(connection, row.id, approvals=approvals)
            return Decided(replace(row, approvals=approvals), None)
        state = ReviewState.REJECTED if said.failed else ReviewState.APPROVED
        recorded = self._entered(connection, row, said, signed, actor)
        closed = replace(
            row, state=state, approvals=approvals, decided_at=recorded.entry.time, event=recorded.event
        )
        store.change(
            connection, row.id, state=state, approvals=approvals, decided_at=closed.decided_at,
            event=closed.event,
        )  # fmt: skip
        return Decided(closed, recorded)

    def _entered(
        self,
        connection: Connection,
        row: ReviewRow,
        said: ReviewRecord,
        signed: list[DecisionRow],
        actor: tuple[bytes, int],
    ) -> Recorded:
        time = self._context.time_after(actor[1])
        draft = Entry(
            EntryType.QUALIFICATION, time, said.hash, actor[0], party=row.platform, reason=int(said.reason)
        )
        details: dict[str, Any] = {
            "type": "presale_review",
            **said.to_json(),
            "signatures": [
                {"reviewer": one.person, "signer": "0x" + one.signer.hex(), "verdict": one.verdict,
                 "signature": "0x" + one.signature.hex()}
                for one in signed
            ],
        }  # fmt: skip
        return record(self._context, connection, draft, details)


def must_be_reviewed(
    connection: Connection,
    batch_number: int,
    index: int,
    terms_hash: bytes,
    price: Money,
    now: int,
    *,
    platform: bytes | None = None,
) -> None:
    """Whether a key may be sold at *price* under graded terms at *now* (ms), asked in the sale's transaction.

    The verdict is share-locked until then. With *platform*, the review must have been asked for by it or by
    whom it stands for: another shop's review says nothing of its reviewers. Raises :class:`Refused`:
    ``review_missing`` (also when the price takes two people and one has signed), ``review_rejected``,
    ``review_expired``.
    """
    row = store.newest_decided(connection, batch_number, index, terms_hash)
    if row is None or (platform is not None and not acts.stands_for(connection, platform, row.platform)):
        raise missing("goods of this tier are reviewed before they are sold; ask for a review first")
    must_stand(row, now)
    if row.approvals < needed(row, price):
        raise missing("a sale at this price takes the signatures of two people; ask for a review at it")


def needed(row: ReviewRow, price: Money) -> int:
    """How many people have to approve before a sale at *price*; raises ``currency_mismatch``."""
    return 2 if price > Money(row.single_up_to, row.currency) else 1


def record_of(row: ReviewRow, failed: frozenset[Check] = frozenset()) -> ReviewRecord:
    """What is to be signed; raises :class:`Refused` (``review_video_missing``) before the video is there."""
    if row.video is None:
        raise Refused("there is no video yet; what nobody saw, nobody signs for", code="review_video_missing")
    return ReviewRecord(row.batch_id, row.idx, row.video, row.terms, row.valid_until, failed)


def unknown_review() -> NotFound:
    """No review of that id, or none of yours."""
    return NotFound("no such review, or not yours", code="unknown_review")


def _limit(connection: Connection, names: list[bytes], terms_hash: bytes, price: Money) -> Money:
    found = terms_store.published(connection, names, terms_hash)
    if found is None:
        raise NotFound("no terms of yours with this hash; publish them first", code="unknown_terms")
    read: Terms = published.read(found.document)
    if read.tier is not Tier.GRADED:
        raise InputRefused("only terms of the graded tier ask for a review", code="terms_not_graded")
    money.total([price], read.currency)
    return read.limits.two_person_over


def _closed() -> Refused:
    return Refused("this review is closed; ask for a new one", code="review_closed")
