"""Who is told what happened to a claim: by webhook, with ids and codes and nothing of persons or keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provenance.core.claims import Claim, Notice, Who, due
from provenance.core.entries import PartyReason
from provenance.services import acts, webhooks
from provenance.services.context import Context
from provenance.store import parties
from provenance.store.database import Connection


def tell(context: Context, connection: Connection, claim: Claim, who: Who, what: Notice) -> None:
    """Tell *who* about *what*, in the transaction of the step that it is about.

    A buyer is nobody here but the holder of a token: his platform is told, and his timeline shows it.
    """
    data: dict[str, Any] = {
        "claim": claim.claim_id.hex(),
        "order": claim.order.order_id.hex(),
        "state": claim.state.value,
        "causes": [cause.value for cause in claim.causes],
        "for": who.value,
        "due": due(claim),
    }
    for address in _addresses(connection, claim, who):
        webhooks.publish(context, connection, address, f"claim.{what.value}", data)


def _addresses(connection: Connection, claim: Claim, who: Who) -> Iterable[bytes]:
    if who is Who.SUPPLIER:
        return [acts.heir(connection, claim.order.supplier)]
    if who in (Who.PLATFORM, Who.BUYER):
        return [acts.heir(connection, claim.order.platform)]
    # Reviewers work for operators and auditors; whoever has registered an address there hears of it.
    wanted = (PartyReason.OPERATOR, PartyReason.AUDITOR)
    return [one.address for one in parties.everyone(connection) if any(one.has(role) for role in wanted)]
