"""The claims desk: what buyers, platforms and reviewers do to a claim, each under the order's lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provenance.core import claims as rules
from provenance.core.claims import Claim, Event, Evidence, Liability, Rejection, Reviewer
from provenance.core.money import Money
from provenance.core.terms import Cause, EvidenceType, ExclusionCode, RejectionCode, Source
from provenance.errors import InputRefused, NotFound, Refused
from provenance.services.context import Context
from provenance.services.parties import Principal
from provenance.services.warranty import claiming, facts, keeping, money, status
from provenance.services.warranty import evidence as kept_evidence
from provenance.services.warranty.carrying import ClaimWork
from provenance.services.warranty.money import PaymentKind
from provenance.services.warranty.orders import own
from provenance.store import evidence as evidence_store
from provenance.store import warranty_orders
from provenance.store.claims import ClaimRow
from provenance.store.database import Connection
from provenance.store.warranty_orders import OrderRow


@dataclass(frozen=True, slots=True)
class Kept:
    """A claim as it stands, with its order and its row."""

    claim: Claim
    order: OrderRow
    row: ClaimRow


Doing = Callable[[ClaimWork, Claim], Sequence[Event]]
"""What is to happen to a claim, made under its order's lock."""


class ClaimService:
    """Claims. A buyer shows the order token; a reviewer is a person; a platform acts for its own orders."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def file(
        self, token: bytes, order_id: bytes, causes: tuple[Cause, ...], digests: Sequence[bytes]
    ) -> Kept:
        """A claim by the buyer, with evidence that was handed in before by its digests.

        Raises what the rules refuse; :class:`NotFound` (``unknown_order``, ``unknown_evidence``),
        :class:`Conflict` (``not_sequenced_yet``).
        """

        def work(connection: Connection) -> Kept:
            order = self._bought(connection, token, order_id)
            given, used = self._given(connection, order, digests)
            claim = claiming.open_claim(
                self._context, connection, order, causes,
                claimant=order.party, evidence=given, used_elsewhere=used,
            )  # fmt: skip
            self._use(connection, claim, given)
            return self._kept(connection, claim.claim_id)

        return self._context.database.retrying(work)

    def give_evidence(self, token: bytes, claim_id: bytes, digests: Sequence[bytes]) -> Kept:
        """The buyer adds evidence."""

        def doing(work: ClaimWork, claim: Claim) -> Sequence[Event]:
            given, used = self._given(work.connection, work.order, digests, claim.claim_id)
            self._use(work.connection, claim, given)
            return [rules.EvidenceGiven(given, used)]

        return self._as_buyer(token, claim_id, doing)

    def appeal(self, token: bytes, claim_id: bytes, digests: Sequence[bytes] = ()) -> Kept:
        """The buyer appeals, once."""

        def doing(work: ClaimWork, claim: Claim) -> Sequence[Event]:
            given, used = self._given(work.connection, work.order, digests, claim.claim_id)
            self._use(work.connection, claim, given)
            return [rules.Appealed(given, used)]

        return self._as_buyer(token, claim_id, doing)

    def withdraw(self, token: bytes, claim_id: bytes) -> Kept:
        """The buyer takes the claim back."""
        return self._as_buyer(token, claim_id, lambda work, claim: [rules.Withdrawn()])

    def confirm(self, token: bytes, claim_id: bytes) -> Kept:
        """The buyer says that all is well."""
        return self._as_buyer(token, claim_id, lambda work, claim: [rules.Confirmed()])

    def approve(self, reviewer: Reviewer, actor: bytes, claim_id: bytes, liability: Liability) -> Kept:
        """A reviewer grants; *actor* is the address of whom he works for."""
        return self._move(claim_id, actor, lambda work, claim: [rules.Approved(reviewer, liability)])

    def reject(
        self, reviewer: Reviewer, actor: bytes, claim_id: bytes, code: RejectionCode, clause: str,
        digests: Sequence[bytes],
    ) -> Kept:  # fmt: skip
        """A reviewer refuses: by code, clause and evidence, for which there is no other form."""

        def doing(work: ClaimWork, claim: Claim) -> Sequence[Event]:
            shown = self._shown(work, claim, digests)
            return [rules.Rejected(reviewer, Rejection(code, clause, shown))]

        return self._move(claim_id, actor, doing)

    def ask_evidence(
        self, reviewer: Reviewer, actor: bytes, claim_id: bytes, types: tuple[EvidenceType, ...]
    ) -> Kept:
        """A reviewer asks the buyer for evidence, once a claim."""

        def doing(work: ClaimWork, claim: Claim) -> Sequence[Event]:
            said = {"reviewer": reviewer.id, "asked": [one.value for one in types], "at": work.now}
            digest = work.keep(claim, "request", said)
            request = Evidence(EvidenceType.EVIDENCE_REQUEST, digest, Source.LOG, work.now)
            return [rules.EvidenceAsked(reviewer, types, request)]

        return self._move(claim_id, actor, doing)

    def pause(
        self, reviewer: Reviewer, actor: bytes, claim_id: bytes, code: ExclusionCode, digests: Sequence[bytes]
    ) -> Kept:
        """A reviewer stops the clock for a reason of the terms, with its evidence."""

        def doing(work: ClaimWork, claim: Claim) -> Sequence[Event]:
            rules.check_reviewer(claim, reviewer)
            pause = rules.Pause(code, work.now, None, self._shown(work, claim, digests))
            work.keep(claim, facts.PAUSE_RECORD, facts.pause_json(pause))
            return [rules.ClockPaused(pause)]

        return self._move(claim_id, actor, doing)

    def resume(self, reviewer: Reviewer, actor: bytes, claim_id: bytes) -> Kept:
        """A reviewer lets the clock run on."""

        def doing(work: ClaimWork, claim: Claim) -> Sequence[Event]:
            rules.check_reviewer(claim, reviewer)
            return [rules.ClockResumed()]

        return self._move(claim_id, actor, doing)

    def recovered(self, reviewer: Reviewer, actor: bytes, claim_id: bytes, digest: bytes) -> Kept:
        """A reviewer has seen that the buyer has the account back."""

        def doing(work: ClaimWork, claim: Claim) -> Sequence[Event]:
            rules.check_reviewer(claim, reviewer)
            given, _ = self._given(work.connection, work.order, [digest], claim.claim_id)
            self._use(work.connection, claim, given)
            return [rules.Recovered(given[0])]

        return self._move(claim_id, actor, doing)

    def paid(self, platform: Principal, claim_id: bytes, amount: Money, record: bytes) -> Kept:
        """The platform has paid exactly what is owed, as the payment service's *record* (digest) shows."""

        def doing(work: ClaimWork, claim: Claim) -> Sequence[Event]:
            own(work.connection, platform, work.order)
            return [self.settled(work, claim, amount, record)]

        return self._move(claim_id, platform.address, doing)

    def settled(self, work: ClaimWork, claim: Claim, amount: Money, record: bytes) -> Event:
        """The payment of a claim is settled, by refund or out of the bond; each record pays one claim."""
        if not evidence_store.use(work.connection, record, claim.claim_id, work.now):
            raise Refused("this record shows another claim's payment", code="evidence_already_used")
        kind: PaymentKind = "bond" if claim.state is rules.State.UNPAID else "refund"
        money.settle(work.connection, claim.claim_id, kind, record, work.now)
        return rules.Paid(amount, Evidence(EvidenceType.PAYMENT_RECORD, record, Source.PAYMENT, work.now))

    def get(self, claim_id: bytes) -> Kept:
        """A claim; raises :class:`NotFound` (``unknown_claim``). Who may see it is for the caller to say."""
        with self._context.database.snapshot() as connection:
            return self._kept(connection, claim_id)

    def _as_buyer(self, token: bytes, claim_id: bytes, doing: Doing) -> Kept:
        def work(connection: Connection) -> Kept:
            row = keeping.must_find(connection, claim_id)
            order = self._bought(connection, token, row.order, missing="unknown_claim")
            return self._moved(connection, order, claim_id, order.party, doing)

        return self._context.database.retrying(work)

    def _move(self, claim_id: bytes, actor: bytes, doing: Doing) -> Kept:
        def work(connection: Connection) -> Kept:
            order = claiming.locked_order(connection, keeping.must_find(connection, claim_id).order)
            return self._moved(connection, order, claim_id, actor, doing)

        return self._context.database.retrying(work)

    def _moved(
        self, connection: Connection, order: OrderRow, claim_id: bytes, actor: bytes, doing: Doing
    ) -> Kept:
        # Looked at again under the lock: what was read before it may have moved on.
        row = keeping.must_find(connection, claim_id)
        work = ClaimWork(self._context, connection, order, actor, self._context.clock.now())
        work.move(row, *doing(work, work.claim_of(row)))
        return self._kept(connection, claim_id)

    def _bought(
        self, connection: Connection, token: bytes, order_id: bytes, *, missing: str = "unknown_order"
    ) -> OrderRow:
        try:
            order = status.bought(connection, token, order_id)
        except NotFound:
            if missing == "unknown_order":
                raise
            # In the very words of a claim that does not exist: a stranger learns nothing.
            raise keeping.unknown_claim() from None
        return claiming.locked_order(connection, order.id)

    def _given(
        self, connection: Connection, order: OrderRow, digests: Sequence[bytes], claim_id: bytes = b""
    ) -> tuple[tuple[Evidence, ...], frozenset[bytes]]:
        """The evidence of those digests that was handed in for this order, and what serves other claims."""
        known = {one.digest: one for one in kept_evidence.of_order(connection, order.id)}
        missing = [digest for digest in digests if digest not in known]
        if missing:
            raise NotFound(
                "hand the evidence in first; nothing of this digest is there for this order",
                code="unknown_evidence",
                digest=missing[0].hex(),
            )
        used = evidence_store.used_elsewhere(connection, list(digests), claim_id)
        return tuple(known[digest] for digest in digests), used

    def _use(self, connection: Connection, claim: Claim, given: Sequence[Evidence]) -> None:
        kept_evidence.use(connection, given, claim.claim_id, self._context.clock.now())

    def _shown(self, work: ClaimWork, claim: Claim, digests: Sequence[bytes]) -> tuple[Evidence, ...]:
        """What a decision cites: evidence of the claim, of the order, of the log or of the issuer."""
        known = {one.digest: one for one in kept_evidence.of_order(work.connection, work.order.id)}
        of_order = facts.of_order(work.connection, work.order, claim)
        shown = (*of_order.evidence, *(event.evidence for event in of_order.key_events))
        moments = (of_order.paid, of_order.submitted, of_order.delivered, of_order.arrived)
        known |= {one.digest: one for one in shown}
        known |= {one.evidence.digest: one.evidence for one in moments if one is not None}
        missing = [digest for digest in digests if digest not in known]
        if missing:
            raise InputRefused(
                "nothing of this digest is known of the order; cite what is there",
                code="unknown_evidence",
                digest=missing[0].hex(),
            )
        return tuple(known[digest] for digest in dict.fromkeys(digests))

    def _kept(self, connection: Connection, claim_id: bytes) -> Kept:
        row = keeping.must_find(connection, claim_id)
        order = warranty_orders.by_id(connection, row.order)
        if order is None:
            raise keeping.unknown_claim()
        return Kept(keeping.load(connection, row, order), order, row)
