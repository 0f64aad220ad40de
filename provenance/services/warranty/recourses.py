"""The supplier's recourse at work: what a remedy cost is asked back, beside the claim and after it.

The rules are the core's; here they get a row, its lock and the clock. A deadline lives in the database:
after an outage each default still happens, and happens once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from provenance.core.claimrules import recourse as rules
from provenance.core.claims import (
    Evidence,
    EvidenceType,
    Posting,
    PostingKind,
    Recourse,
    RecourseState,
    Reviewer,
    Source,
)
from provenance.core.money import Money
from provenance.errors import AccessDenied, InputRefused, NotFound, Refused
from provenance.services import acts, webhooks
from provenance.services.context import Context
from provenance.services.warranty import evidence, money
from provenance.store import evidence as evidence_store
from provenance.store import ledger_postings, parties
from provenance.store import recourses as store
from provenance.store.database import Connection
from provenance.store.recourses import RecourseRow

MAX_EVIDENCE: Final = 16
MAX_LISTED: Final = 1_000
_TOLD: Final = {
    RecourseState.CHARGED: "claim.recourse_charged",
    RecourseState.DISPUTED: "claim.recourse_disputed",
    RecourseState.SETTLED: "claim.recourse_settled",
    RecourseState.WAIVED: "claim.recourse_waived",
    RecourseState.DEBT: "claim.recourse_debt",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A recourse, the order that it is about, and when its default happens (ms; ``None`` once it ended)."""

    recourse: Recourse
    order_id: bytes
    due: int | None


def open_(
    connection: Connection,
    claim_id: bytes,
    order_id: bytes,
    supplier: bytes,
    platform: bytes,
    amount: Money,
    now: int,
) -> bool:
    """Ask *supplier* for *amount*, in the transaction in which the claim gave it; ``False`` if asked before.

    Nobody is asked by himself: a supplier that is the platform too has paid already.
    """
    if supplier == platform:
        return False
    return store.add(
        connection, _row(rules.open_recourse(claim_id, supplier, platform, amount, now), order_id)
    )


class RecourseService:
    """Recourses, for the two parties of each and for reviewers who belong to neither.

    Every act raises :class:`NotFound` (``unknown_recourse``) to strangers, and :class:`Refused`
    (``not_in_this_state``, ``deadline_passed``).
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def accept(self, supplier: bytes, claim_id: bytes) -> Standing:
        """The supplier agrees."""

        def work(connection: Connection, seen: Recourse, order_id: bytes, now: int) -> Recourse:
            _must_be(connection, supplier, seen.supplier)
            return rules.accept(seen, now)

        return self._moved(supplier, claim_id, work)

    def dispute(self, supplier: bytes, claim_id: bytes, digests: Sequence[bytes]) -> Standing:
        """The supplier disagrees, by evidence of the order named by its 32-byte digests.

        Raises also ``recourse_without_evidence``, ``unknown_evidence``, ``evidence_already_used``.
        """
        if len(digests) > MAX_EVIDENCE:
            raise InputRefused(f"give at most {MAX_EVIDENCE} pieces of evidence", code="evidence_too_much")

        def work(connection: Connection, seen: Recourse, order_id: bytes, now: int) -> Recourse:
            _must_be(connection, supplier, seen.supplier)
            pieces = tuple(_piece(connection, order_id, digest) for digest in dict.fromkeys(digests))
            moved = rules.dispute(seen, pieces, now)
            evidence.use(connection, pieces, claim_id, now)
            return moved

        return self._moved(supplier, claim_id, work)

    def rule(self, reviewer: Reviewer, claim_id: bytes, for_supplier: bool) -> Standing:
        """A reviewer rules on a dispute (``reviewer_conflict`` for one who belongs to a side)."""

        def work(connection: Connection, seen: Recourse, order_id: bytes, now: int) -> Recourse:
            moved = rules.rule(seen, reviewer, for_supplier, now)
            # Who took a side's place is that side.
            heirs = {acts.heir(connection, address) for address in (seen.supplier, seen.platform)}
            if reviewer.parties & heirs:
                raise Refused("this reviewer belongs to a party of the recourse", code="reviewer_conflict")
            return moved

        return self._moved(None, claim_id, work)

    def settled(self, platform: bytes, claim_id: bytes, amount: Money) -> Standing:
        """The platform says that it was paid, exactly what was asked (``payment_mismatch``); it is posted."""

        def work(connection: Connection, seen: Recourse, order_id: bytes, now: int) -> Recourse:
            _must_be(connection, platform, seen.platform)
            moved = rules.settled(seen, amount, now)
            price = ledger_postings.lock_order(connection, order_id)
            if price is None:
                raise NotFound("no such order", code="unknown_order")
            posting = Posting(PostingKind.RECOURSE, amount, now, claim_id)
            money.post(self._context, connection, order_id, Money(*price), [posting])
            return moved

        return self._moved(platform, claim_id, work)

    def get(self, viewer: bytes, claim_id: bytes) -> Standing:
        """A recourse, for its two parties; raises :class:`NotFound` (``unknown_recourse``)."""
        with self._context.database.read() as connection:
            return _standing(_seen(connection, viewer, claim_id))

    def listed(
        self, viewer: bytes, after: tuple[int, bytes] = (0, b""), limit: int = MAX_LISTED
    ) -> list[Standing]:
        """The recourses of a party on either side, by when they last moved, after that (ms, claim)."""
        with self._context.database.read() as connection:
            names = parties.names_of(connection, viewer)
            rows = store.of_parties(connection, names, after, min(limit, MAX_LISTED))
        return [_standing(row) for row in rows]

    def settle_due(self, now: int, limit: int) -> int:
        """Let the defaults that are due at *now* (ms) happen, up to *limit* recourses; how many there were.

        Several workers may do so at once: each recourse is one's alone.
        """

        def work(connection: Connection) -> int:
            rows = store.due(connection, now, limit)
            for row in rows:
                self._put(connection, row, rules.settle_recourse(_recourse(row), now))
            return len(rows)

        return self._context.database.retrying(work)

    def _moved(
        self,
        viewer: bytes | None,
        claim_id: bytes,
        work: Callable[[Connection, Recourse, bytes, int], Recourse],
    ) -> Standing:
        def step(connection: Connection) -> Standing:
            order_id = _seen(connection, viewer, claim_id).order
            # The order first, as in a claim's own transaction.
            ledger_postings.lock_order(connection, order_id)
            row = store.by_claim(connection, claim_id, lock=True)
            if row is None:
                raise _unknown()
            moved = work(connection, _recourse(row), order_id, self._context.clock.now())
            return self._put(connection, row, moved)

        return self._context.database.retrying(step)

    def _put(self, connection: Connection, row: RecourseRow, moved: Recourse) -> Standing:
        new = _row(moved, row.order)
        store.put(connection, row.claim, new.state, new.since, new.due, new.evidence)
        standing = Standing(moved, row.order, new.due)
        _tell(self._context, connection, standing)
        return standing


def _tell(context: Context, connection: Connection, standing: Standing) -> None:
    """Tell both sides of a step, in its transaction; that it was opened, the claim's own notice says."""
    recourse = standing.recourse
    data = {
        "claim": recourse.claim_id.hex(),
        "order": standing.order_id.hex(),
        "state": recourse.state.value,
        "amount": str(recourse.amount),
        "currency": recourse.amount.currency,
        "due": standing.due,
    }
    for side in (recourse.supplier, recourse.platform):
        webhooks.publish(context, connection, side, _TOLD[recourse.state], data)


def _seen(connection: Connection, viewer: bytes | None, claim_id: bytes) -> RecourseRow:
    row = store.by_claim(connection, claim_id)
    if row is None:
        raise _unknown()
    if viewer is not None and not {row.supplier, row.platform} & set(parties.names_of(connection, viewer)):
        raise _unknown()
    return row


def _must_be(connection: Connection, who: bytes, side: bytes) -> None:
    if side not in parties.names_of(connection, who):
        raise AccessDenied("this is the other side's to do", code="not_entitled")


def _piece(connection: Connection, order_id: bytes, digest: bytes) -> Evidence:
    row = evidence_store.by_digest(connection, order_id, digest)
    if row is None:
        raise NotFound("this order has no such evidence; hand it in first", code="unknown_evidence")
    return evidence.value_of(row)


def _unknown() -> NotFound:
    return NotFound("no such recourse, or not yours to see", code="unknown_recourse")


def _standing(row: RecourseRow) -> Standing:
    return Standing(_recourse(row), row.order, row.due)


def _recourse(row: RecourseRow) -> Recourse:
    pieces = tuple(
        Evidence(EvidenceType(one["type"]), bytes.fromhex(one["digest"]), Source(one["source"]), one["at"])
        for one in json.loads(row.evidence)
    )
    amount, state = Money(row.amount, row.currency), RecourseState(row.state)
    return Recourse(row.claim, row.supplier, row.platform, amount, state, row.since, pieces)


def _row(recourse: Recourse, order_id: bytes) -> RecourseRow:
    pieces = [
        {"type": one.type.value, "digest": one.digest.hex(), "source": one.source.value, "at": one.at}
        for one in recourse.evidence
    ]
    return RecourseRow(
        recourse.claim_id, order_id, recourse.supplier, recourse.platform, recourse.amount.minor,
        recourse.amount.currency, recourse.state.value, recourse.since, rules.recourse_due(recourse),
        json.dumps(pieces),
    )  # fmt: skip
