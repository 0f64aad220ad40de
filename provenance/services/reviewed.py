"""A key that its seller has asked a review of is sold by him only as that review lets: under whatever terms,
and under none.

Asking is the declaration that a good is valuable. It binds who asked and whoever stands for him; to the
next holder of the key somebody else's review says nothing.
"""

from __future__ import annotations

from provenance.errors import Refused
from provenance.store import parties
from provenance.store import presale as store
from provenance.store.database import Connection
from provenance.store.keys import KeyRow
from provenance.store.presale import ReviewRow, ReviewState


def must_be_approved(connection: Connection, row: KeyRow, seller: bytes, now: int) -> None:
    """Return if *seller* may sell the key at *now* (ms), within the transaction of the sale.

    A sale without terms has no price: the approvals that the review itself needed are enough for it.
    Raises :class:`Refused` (``review_missing``, ``review_rejected``, ``review_expired``).
    """
    found = store.of_key(connection, row.number, row.index)
    if not found:
        return
    names = set(parties.names_of(connection, seller))
    asked = [one for one in found if one.platform in names]
    if not asked:
        return
    newest = next((one for one in asked if one.state is not ReviewState.OPEN), None)
    if newest is None:
        raise missing("a review of this key is under way; sell it once it is signed, or withdraw the request")
    must_stand(newest, now)


def must_stand(row: ReviewRow, now: int) -> None:
    """Whether a review that was decided still lets its key be sold; raises as above."""
    if row.state is ReviewState.REJECTED:
        raise Refused("the review before the sale rejected this key", code="review_rejected")
    if now > row.valid_until:
        raise expired(row)


def missing(message: str) -> Refused:
    """The refusal of a sale without the review that it needs."""
    return Refused(message, code="review_missing")


def expired(row: ReviewRow) -> Refused:
    """The refusal of what came after the review had its time."""
    return Refused(
        "the review has expired; ask for a new one", code="review_expired", valid_until=row.valid_until
    )
