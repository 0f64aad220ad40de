"""What issuers say of keys, by themselves or asked: kept with source, time and evidence.

A report moves nothing: no state, no holder, no entry. It is what the claim decision reads, and what a
verdict shows beside the registry's own knowledge. A redemption that is to stand in the log is a REDEEM.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provenance.core.claimrules.answering import CLOCK_LEAD_MS, IssuerAnswerReport
from provenance.core.claimrules.answers import contradict
from provenance.core.claimrules.issuer import IssuerAnswer
from provenance.core.entries import EntryType, PartyReason, RedeemReason
from provenance.errors import AccessDenied, Conflict, InputRefused, ManyRefused, NotFound, ProvenanceError
from provenance.services import acts, lawbook
from provenance.services.context import Context
from provenance.services.lawbook import Book, KeyRef
from provenance.store import issuer_reports as store
from provenance.store import parties, warranty_orders
from provenance.store.database import Connection
from provenance.store.issuer_reports import KeptReport, Place
from provenance.store.keys import KeyRow

MAX_REPORTS: Final = 64
"""Answers of one issuer about one key: a claim reads all of them, and a feed that loops fills no disk."""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer as an issuer hands it in. Times in ms; *evidence* is the SHA-256 of its own record."""

    ref: KeyRef
    answer: IssuerAnswer
    at: int
    evidence: bytes
    used_at: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one of many: kept, known already, or refused."""

    kept: KeptReport | None
    is_new: bool
    refusal: ProvenanceError | None = None


class IssuerReportService:
    """Takes the reports of issuers and the answers to our own questions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def take(self, issuer: bytes, reports: Sequence[Said], *, proceed: bool = False) -> list[Taken]:
        """Keep *reports* of the issuer at that address: all or none, or with *proceed* those that can be.

        The same report again is known already. Raises :class:`ManyRefused`, or for one report alone its
        refusal: :class:`NotFound` (``unknown``), :class:`InputRefused` (``report_from_future``,
        ``used_at_unexpected``, ``used_after_report``), :class:`Conflict` (``report_contradicts``,
        ``reports_full``).
        """

        def work(connection: Connection) -> list[Taken]:
            _lock(connection, issuer)
            rows = lawbook.find(self._context, connection, [one.ref for one in reports])
            taken = self._taken(connection, issuer, list(zip(reports, rows, strict=True)))
            _all_or_none(taken, proceed)
            new = [one.kept for one in taken if one.kept and one.is_new]
            store.add(connection, new)
            _wake(connection, new, self._context.clock.now())
            return taken

        return self._context.database.retrying(work)

    def keep(self, connection: Connection, row: KeyRow, answered: IssuerAnswerReport) -> KeptReport | None:
        """Keep the answer to a question of ours about the key of *row*, in the caller's transaction.

        An answer that is none is not kept, and neither is one past :data:`MAX_REPORTS`: a question may
        never be what stops a delivery. ``None`` then.
        """
        if answered.answer is None or answered.evidence is None:
            return None
        parties.by_address(connection, answered.issuer, lock="update")
        held = store.of_places(connection, [(row.number, row.index)]).get((row.number, row.index), ())
        kept = KeptReport(
            row.number, row.index, answered.issuer, answered.answered_at, answered.answer,
            answered.used_at, answered.evidence, True, self._context.clock.now(),
        )  # fmt: skip
        ours = [one for one in held if one.issuer == answered.issuer]
        if len(ours) >= MAX_REPORTS or any(one.at == kept.at for one in ours):
            return None
        store.add(connection, [kept])
        _wake(connection, [kept], kept.received_at)
        return kept

    def _taken(
        self, connection: Connection, issuer: bytes, pairs: Sequence[tuple[Said, KeyRow | None]]
    ) -> list[Taken]:
        places = {(row.number, row.index) for _, row in pairs if row is not None}
        held = {
            place: [one for one in some if one.issuer == issuer]
            for place, some in store.of_places(connection, sorted(places)).items()
        }
        now = self._context.clock.now()
        return [_judged(issuer, said, row, held, now) for said, row in pairs]


def status(redeemed: dict[str, Any] | None, kept: Sequence[KeptReport]) -> dict[str, Any] | None:
    """What issuers last said of a key, by report or by a REDEEM in the log, as a verdict shows it.

    *redeemed* is that REDEEM (:func:`redeemed_by_issuer`). ``contradicted``: what they said does not fit
    together, so a person should look.
    """
    if not kept:
        return redeemed
    if redeemed is not None and redeemed["time"] >= kept[-1].at:
        return redeemed | {"contradicted": contradict(one.fact() for one in kept)}
    newest = kept[-1]
    revived = redeemed is not None and newest.answer is IssuerAnswer.GOOD
    return {
        "status": newest.answer.value,
        "source": "0x" + newest.issuer.hex(),
        "time": newest.at,
        "used_at": newest.used_at,
        "evidence": newest.evidence.hex(),
        "asked": newest.asked,
        "contradicted": revived or contradict(one.fact() for one in kept),
    }


def redeemed_by_issuer(book: Book) -> dict[str, Any] | None:
    """The REDEEM of an issuer that stands."""
    for life in book.custody.lives:
        redeem = life.redeem
        if redeem is None or redeem.entry.type is not EntryType.REDEEM:
            continue
        if book.parties.has_role(redeem.entry.actor, PartyReason.ISSUER, redeem):
            return {
                "status": IssuerAnswer.ALREADY_USED.value,
                "used_before_sale": redeem.entry.reason == RedeemReason.USED_BEFORE_SALE,
                "source": "0x" + redeem.entry.actor.hex(),
                **book.facts_of(redeem),
            }
    return None


def _wake(connection: Connection, kept: Sequence[KeptReport], now: int) -> None:
    """An order on such a key may have a fault now: the watch looks at it at once."""
    warranty_orders.wake(connection, [(one.number, one.index, 1) for one in kept], now)


def _lock(connection: Connection, issuer: bytes) -> None:
    """Reports of one issuer come one after the other, so that what is looked up here stays true."""
    parties.by_address(connection, issuer, lock="update")
    if not acts.acting_party(connection, issuer).has(PartyReason.ISSUER):
        raise AccessDenied("only a party admitted as issuer may do this", code="role_missing", role="issuer")


def _judged(
    issuer: bytes, said: Said, row: KeyRow | None, held: Mapping[Place, list[KeptReport]], now: int
) -> Taken:
    if (flaw := _flaw(said, now)) is not None:
        return Taken(None, False, flaw)
    if row is None:
        return Taken(None, False, NotFound("no such key is registered", code="unknown"))
    kept = KeptReport(
        row.number, row.index, issuer, said.at, said.answer, said.used_at, said.evidence, False, now
    )
    earlier = held.get(kept.place, [])
    same_time = next((one for one in earlier if one.at == said.at), None)
    if same_time is None:
        full = len(earlier) >= MAX_REPORTS
        return Taken(None, False, _full()) if full else Taken(kept, True)
    same = (same_time.answer, same_time.used_at, same_time.evidence)
    if same == (said.answer, said.used_at, said.evidence):
        return Taken(same_time, False)
    return Taken(None, False, _contradicts(same_time))


def _flaw(said: Said, now: int) -> InputRefused | None:
    if said.at > now + CLOCK_LEAD_MS:
        return InputRefused(
            "the report lies in the future; give its time in milliseconds since 1970, and set your clock",
            code="report_from_future",
        )
    if said.used_at is not None and said.answer is not IssuerAnswer.ALREADY_USED:
        return InputRefused("used_at goes with already_used alone; leave it out", code="used_at_unexpected")
    if said.used_at is not None and said.used_at > said.at:
        return InputRefused(
            "the use comes after the report of it; correct one of them", code="used_after_report"
        )
    return None


def _full() -> Conflict:
    return Conflict(
        f"you have reported {MAX_REPORTS} times on this key; report changes only",
        code="reports_full",
        limit=MAX_REPORTS,
    )


def _contradicts(earlier: KeptReport) -> Conflict:
    return Conflict(
        "you reported something else of this key at this very moment; a new answer has a new time",
        code="report_contradicts",
        time=earlier.at,
        answer=earlier.answer.value,
    )


def _all_or_none(taken: Sequence[Taken], proceed: bool) -> None:
    refusals = [(place, one.refusal) for place, one in enumerate(taken) if one.refusal is not None]
    if refusals and len(taken) == 1:
        raise refusals[0][1]
    if refusals and not proceed:
        raise ManyRefused(
            "nothing was kept, for not all of it could be; take out what errors names, or proceed", refusals
        )
