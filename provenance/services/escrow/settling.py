"""What the chain paid is entered where the claim is: exactly what was owed, once; the chain is its record."""

from __future__ import annotations

import json

from provenance.chain.escrow import DepositState
from provenance.chain.escrow_order import read_order
from provenance.core.claims import Claim, Outcome
from provenance.core.terms import State
from provenance.services.context import Context
from provenance.services.escrow.reading import record_of
from provenance.services.escrow.seat import units
from provenance.services.warranty import claiming, desk, money
from provenance.services.warranty.carrying import ClaimWork
from provenance.services.warranty.claims import ClaimService
from provenance.services.warranty.money import PaymentState
from provenance.store import claims as claim_store
from provenance.store import escrow, evidence
from provenance.store.database import Connection


def settle(context: Context, claims: ClaimService, order_id: bytes) -> str | None:
    """Settle the claim that a closed deposit has paid; a code of trouble, if any.

    Whoever closed it: the keeper, the buyer, the platform, or a stranger after a deadline. Raises what the
    claim's rules do.
    """

    def work(connection: Connection) -> str | None:
        order = claiming.locked_order(connection, order_id)
        row = escrow.deposit_of(connection, order_id)
        rows = claim_store.of_order(connection, order_id)
        if row is None or not rows or row.state != DepositState.CLOSED or not row.is_offered:
            return None
        carried = ClaimWork(context, connection, order, desk.address(context), context.clock.now())
        newest = rows[-1]
        claim = carried.claim_of(newest)
        if claim.state not in (State.PAYING, State.UNPAID) and claim.outcome is not Outcome.DEBT:
            return None
        amount = read_order(json.loads(row.struct)).amount
        if row.refund + row.compensation < units(claim.owed, price=claim.order.price, amount=amount):
            # The platform took its money back in time, or a ruling gave less: what is owed stays owed.
            return "escrow_short"
        record = record_of(row.tx, row.position)
        if claim.outcome is Outcome.DEBT:
            # Too late for the claim, which says so for ever; but nobody owes this any more.
            _paid_late(connection, claim, record, carried.now)
        else:
            carried.move(newest, claims.settled(carried, claim, claim.owed, record))
        return None

    return context.database.retrying(work)


def _paid_late(connection: Connection, claim: Claim, record: bytes, now: int) -> None:
    owed = [one for one in money.of_claim(connection, claim.claim_id) if one.state is PaymentState.OWED]
    for one in owed:
        if one.kind == "bond" and evidence.use(connection, record, claim.claim_id, now):
            money.settle(connection, claim.claim_id, "bond", record, now)
