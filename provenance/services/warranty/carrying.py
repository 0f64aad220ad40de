"""Carrying out what the rules ask: one claim, one step after the other, in one transaction.

The caller holds the lock of the claim's order. Whatever comes back at once (a decision, a replacement)
is the next step of the same transaction: a claim is never seen between an effect and its event.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import rfc8785

from provenance.core import claims as rules
from provenance.core.claims import Claim, Effect, Event, Evidence, NewClaim, PriorClaim
from provenance.core.digests import sha256
from provenance.core.entries import Entry, EntryType, split_number
from provenance.core.money import Money
from provenance.core.terms import EvidenceType, RemedyKind, Source, State
from provenance.services.context import Context, record
from provenance.services.warranty import facts, keeping, money, recourses, reissuing, telling
from provenance.services.warranty.money import PaymentKind
from provenance.store import claims as store
from provenance.store import escrow, warranty_orders
from provenance.store.claims import ClaimRow, Task
from provenance.store.database import Connection
from provenance.store.warranty_orders import OrderRow

VOUCHER_RECORD: Final = "voucher"
"""The kind of the kept record that has a voucher's code."""


class ClaimWork:
    """The work on one order's claims within one transaction, at one moment *now* (ms), by *actor*.

    *cleared*: tags of keys of the reserve that may replace others, for their issuer was asked.
    """

    def __init__(
        self,
        context: Context,
        connection: Connection,
        order: OrderRow,
        actor: bytes,
        now: int,
        cleared: frozenset[bytes] = frozenset(),
    ) -> None:
        self.context = context
        self.connection = connection
        self.order = order
        self.now = now
        self._actor = actor
        self._cleared = cleared
        self._last_time = 0
        self._version = 0

    def open(self, new: NewClaim) -> Claim:
        """A new claim, as far as it goes by itself; raises what ``open_claim`` raises."""
        earlier = tuple(
            PriorClaim(claim.claim_id, claim.causes, claim.outcome)
            for claim in (
                keeping.load(self.connection, row, self.order)
                for row in store.of_order(self.connection, self.order.id)
            )
        )
        claim, effects = rules.open_claim(new, earlier, self.now)
        store.add(self.connection, keeping.row_of(claim, last_time=self.now, version=0))
        warranty_orders.count_claim(self.connection, self.order.id)
        return self._run(claim, claim, effects)

    def move(self, row: ClaimRow, *events: Event) -> Claim:
        """The claim after *events*; raises what ``advance`` raises, and then nothing has changed."""
        claim = self._begin(row)
        for event in events:
            after, effects = rules.advance(claim, event, self.now)
            claim = self._run(claim, after, effects)
        return claim

    def settle(self, row: ClaimRow) -> Claim:
        """The claim after every default that is due."""
        claim = self._begin(row)
        while (at := rules.due(claim)) is not None and at <= self.now:
            after, effects = rules.advance(claim, rules.DeadlinePassed(), self.now)
            claim = self._run(claim, after, effects)
        return claim

    def resume(self, row: ClaimRow) -> Claim:
        """The claim after its replacement, which had to be asked about first."""
        claim = self._begin(row)
        event = None if self._is_late(claim) else self._carry(claim, rules.Reissue())
        if event is None:
            return claim
        after, effects = rules.advance(claim, event, self.now)
        return self._run(claim, after, effects)

    def claim_of(self, row: ClaimRow) -> Claim:
        """The claim of *row* as it stands."""
        return keeping.load(self.connection, row, self.order)

    def keep(self, claim: Claim, kind: str, document: Mapping[str, Any]) -> bytes:
        """Keep what something was decided from; its digest (32 bytes)."""
        raw = rfc8785.dumps(dict(document))
        digest = sha256(raw)
        store.keep_record(self.connection, digest, claim.claim_id, kind, self.now, raw.decode())
        return digest

    def _begin(self, row: ClaimRow) -> Claim:
        self._last_time, self._version = row.last_time, row.version
        return self.claim_of(row)

    def _run(self, before: Claim, claim: Claim, effects: tuple[Effect, ...]) -> Claim:
        """Store the step, do what it asks, and go on with what that brings back."""
        self._post(before, claim)
        for effect in effects:
            if isinstance(effect, rules.Decide | rules.Reissue) and self._is_late(claim):
                # After an outage the default of this state is due already, and comes first.
                continue
            event = self._carry(claim, effect)
            if event is not None:
                # What an effect brings back comes last in its step: the rules put it there.
                after, more = rules.advance(claim, event, self.now)
                return self._run(claim, after, more)
        seen, self._version = self._version, self._version + 1
        row = keeping.row_of(claim, last_time=self._last_time, version=self._version)
        keeping.put(self.connection, row, seen)
        return claim

    def _is_late(self, claim: Claim) -> bool:
        at = rules.due(claim)
        return at is not None and at <= self.now

    def _post(self, before: Claim, claim: Claim) -> None:
        if claim.given is not None and before.given is None:
            price = keeping.price_of(self.order)
            postings = rules.remedy_postings(claim.given, price, claim.claim_id)
            money.post(self.context, self.connection, self.order.id, price, postings)

    def _carry(self, claim: Claim, effect: Effect) -> Event | None:
        match effect:
            case rules.WriteClaim(reason=reason, details=details):
                self._write(EntryType.CLAIM, claim, int(reason), details)
            case rules.WriteRemedy(reason=reason, details=details):
                self._write(EntryType.REMEDY, claim, int(reason), details)
            case rules.Decide():
                return self.decided(claim)
            case rules.BlockKey():
                reissuing.block(self.context, self.connection, self.order, claim.claim_id)
            case rules.Reissue():
                return self._reissue(claim)
            case rules.Notify(who=who, what=what):
                telling.tell(self.context, self.connection, claim, who, what)
            case _:
                return self._carry_value(claim, effect)
        return None

    def _reissue(self, claim: Claim) -> Event | None:
        event = reissuing.reissue(self.context, self.connection, self.order, claim, self.now, self._cleared)
        if event is None:
            # The issuer is asked first, and not in here: the watch does that when it comes by.
            warranty_orders.wake_one(self.connection, self.order.id, self.now)
        return event

    def _carry_value(self, claim: Claim, effect: Effect) -> Event | None:
        match effect:
            case rules.PayRefund(amount=amount):
                self._owe(claim, "refund", amount)
            case rules.IssueVoucher(amount=amount):
                return self._voucher(claim, amount)
            case rules.DrawBond(amount=amount):
                # The platform's own payment must not come beside it.
                money.stop(self.connection, claim.claim_id, "refund", self.now)
                self._owe(claim, "bond", amount)
                self._task(claim, "draw", amount)
            case rules.OpenRecourse(amount=amount):
                self._recourse(claim, amount)
            case rules.FreezeEscrow():
                self._task(claim, "freeze")
            case rules.ReleaseEscrow():
                self._task(claim, "release")
            case rules.StartRecovery():
                self._task(claim, "recover")
            case _:
                # AskEvidence is told by its notice; a reissue is done or impossible at once, never pending.
                pass
        return None

    def decided(self, claim: Claim) -> rules.Decided:
        """The automatic decision on what is known now, and the kept record of what that was."""
        known = facts.of_order(self.connection, self.order, claim)
        decision = rules.decide(known, claim.terms, claim.causes[0], self.now)
        said = {"cause": decision.cause.value, "at": self.now, "facts": facts.to_json(known)}
        digest = self.keep(claim, "facts", said)
        return rules.Decided(decision, Evidence(EvidenceType.LOG_ENTRY, digest, Source.LOG, self.now))

    def _voucher(self, claim: Claim, amount: Money) -> Event | None:
        """A voucher is ours to issue: it is given as soon as it is written down."""
        code = self.context.vault.fingerprint("voucher", claim.claim_id)[:10].hex()
        self._owe(claim, "voucher", amount)
        said = {"voucher": code, "amount": str(amount), "currency": amount.currency}
        digest = self.keep(claim, VOUCHER_RECORD, said)
        money.settle(self.connection, claim.claim_id, "voucher", digest, self.now)
        is_the_remedy = claim.state is State.PAYING and claim.rungs[0].kind is RemedyKind.VOUCHER
        if not is_the_remedy:
            return None
        return rules.Paid(amount, Evidence(EvidenceType.PAYMENT_RECORD, digest, Source.LOG, self.now))

    def _owe(self, claim: Claim, kind: PaymentKind, amount: Money) -> None:
        platform = claim.order.platform
        money.owe(self.connection, claim.claim_id, self.order.id, platform, kind, amount, self.now)
        # What the chain gave back before anybody owed it is looked at again.
        escrow.wake(self.connection, self.order.id, self.now)

    def _recourse(self, claim: Claim, amount: Money) -> None:
        supplier, platform = claim.order.supplier, claim.order.platform
        recourses.open_(self.connection, claim.claim_id, self.order.id, supplier, platform, amount, self.now)

    def _task(self, claim: Claim, kind: str, amount: Money | None = None) -> None:
        minor, currency = (None, None) if amount is None else (amount.minor, amount.currency)
        task = Task(self.context.event_id(self.now), claim.claim_id, self.order.id, kind, minor, currency,
                    self.now)  # fmt: skip
        store.add_task(self.connection, task)
        escrow.wake(self.connection, self.order.id, self.now)

    def _write(self, kind: EntryType, claim: Claim, reason: int, details: Mapping[str, Any]) -> None:
        # The steps of one claim strictly increase in time, so that the log keeps their order.
        self._last_time = self.context.time_after(self._last_time)
        first, count = split_number(claim.order.sell_index)
        draft = Entry(
            kind,
            self._last_time,
            claim.claim_id,
            self._actor,
            first,
            count,
            claim.order.platform,
            reason,
        )
        record(self.context, self.connection, draft, json.loads(json.dumps(details)))
