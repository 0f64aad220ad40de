"""Who hands evidence in and who may look: a buyer by his order token, parties by their part in the order.

A file comes in two steps: a ticket says what will come, then the bytes come with the ticket alone. A ticket
is sealed and kept nowhere; it lets nobody do more than add this one kind of file, of this size, for an hour.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from provenance.core.claims import Evidence, EvidenceType, Source
from provenance.core.digests import sha256
from provenance.core.entries import PartyReason
from provenance.errors import InputRefused, NotFound, ProvenanceError
from provenance.services.context import Context
from provenance.services.parties import Principal
from provenance.services.vault import SealBroken
from provenance.services.warranty.evidence import EvidenceService, Opened
from provenance.services.warranty.presalefiles import PresaleFiles
from provenance.services.warranty.reviewers import SCOPE, ReviewerService
from provenance.services.warranty.sealedfiles import Stream
from provenance.store import evidence as store
from provenance.store import parties, warranty_orders
from provenance.store.database import Connection
from provenance.store.evidence import EvidenceRow
from provenance.store.warranty_orders import OrderRow

TICKET_MS: Final = 3_600_000
MAX_TICKET: Final = 600
_SEALED_FOR: Final = b"evidence upload"
_BY_CARRIER: Final = frozenset(
    {
        EvidenceType.CARRIER_RECEIPT,
        EvidenceType.CARRIER_FAILURE_NOTICE,
        EvidenceType.CARRIER_ARREARS_NOTICE,
    }
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What will be handed in to an order, or to a review before a sale; *until* in ms, *size* in bytes."""

    about: bytes
    is_review: bool
    by: bytes
    type: EvidenceType
    source: Source
    size: int
    until: int


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is speaking: a buyer with his order token (32 bytes), a party with its credential, or both."""

    token: bytes | None = None
    principal: Principal | None = None


class EvidenceDesk:
    """For the API. To strangers, unknown orders and orders of others look alike (``unknown_order``)."""

    def __init__(
        self,
        context: Context,
        evidence: EvidenceService,
        presale: PresaleFiles,
        reviewers: ReviewerService,
    ) -> None:
        self._context = context
        self._evidence = evidence
        self._presale = presale
        self._reviewers = reviewers

    def announce(
        self, asker: Asker, order_id: bytes | None, type: EvidenceType, size: int
    ) -> tuple[str, Ticket]:
        """A ticket for a file to an order; a buyer without *order_id* means his newest.

        Raises :class:`NotFound` (``unknown_order``), and what :meth:`EvidenceService.must_have_room` does.
        """
        with self._context.database.read() as connection:
            order, by, source = self._giver(connection, asker, order_id, type)
        self._evidence.must_have_room(order.id, type, size)
        return self._sealed(Ticket(order.id, False, by, type, source, size, self._until()))

    def announce_for_review(
        self, principal: Principal, review_id: bytes, type: EvidenceType, size: int
    ) -> tuple[str, Ticket]:
        """The same for a review before a sale; raises what :meth:`PresaleFiles.must_have_room` does."""
        self._presale.must_have_room(principal.address, review_id, type, size)
        by = principal.address
        return self._sealed(Ticket(review_id, True, by, type, Source.PLATFORM, size, self._until()))

    def ticket(self, text: str) -> Ticket:
        """Read a ticket; raises :class:`NotFound` (``unknown_upload``), also once its hour is over."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            told = json.loads(self._context.vault.unseal(raw, _SEALED_FOR))
        except (binascii.Error, ValueError, SealBroken):
            raise _no_ticket() from None
        if told["until"] < self._context.clock.now():
            raise _no_ticket()
        return Ticket(
            bytes.fromhex(told["about"]), told["review"], bytes.fromhex(told["by"]),
            EvidenceType(told["type"]), Source(told["source"]), told["size"], told["until"],
        )  # fmt: skip

    def admits(self, text: str, length: str) -> bool:
        """Whether a body of the announced *length* would be taken with this ticket."""
        try:
            return str(self.ticket(text).size) == length
        except ProvenanceError:
            return False

    def receive(self, ticket: Ticket, stream: Stream, length: int) -> Evidence:
        """Take the bytes of a ticket; the same again are the same piece.

        Raises :class:`InputRefused` (``evidence_size_differs``) and what the services' ``put`` do.
        """
        if length != ticket.size:
            raise InputRefused(
                "the file has another size than was announced; announce what you send",
                code="evidence_size_differs",
                announced=ticket.size,
            )
        if ticket.is_review:
            return self._presale.put(ticket.by, ticket.about, ticket.type, stream, length)
        return self._evidence.put(ticket.about, ticket.by, ticket.type, ticket.source, stream, length)

    def listed(self, asker: Asker, order_id: bytes | None) -> tuple[bytes, list[EvidenceRow]]:
        """The order, and what was handed in to it, as far as the asker may see it: all of it, or his own."""
        with self._context.database.read() as connection:
            order, may_see = self._reader(connection, asker, order_id)
            return order.id, [row for row in store.of_order(connection, order.id) if may_see(row)]

    def open_(self, asker: Asker, order_id: bytes | None, digest: bytes) -> Opened:
        """A piece to be read. Raises :class:`NotFound` (``unknown_order``, ``unknown_evidence``, …)."""
        with self._context.database.read() as connection:
            order, may_see = self._reader(connection, asker, order_id)
            row = store.by_digest(connection, order.id, digest)
        if row is None or not may_see(row):
            raise NotFound("this order has no such evidence", code="unknown_evidence")
        return self._evidence.open_(order.id, digest)

    def _giver(
        self, connection: Connection, asker: Asker, order_id: bytes | None, type: EvidenceType
    ) -> tuple[OrderRow, bytes, Source]:
        if asker.token is not None:
            order = _bought(connection, asker.token, order_id)
            return order, order.party, Source.BUYER
        order, principal = self._named(connection, asker, order_id)
        names = set(parties.names_of(connection, principal.address))
        # Who has a stake in the order stays a party to it, whatever else it was admitted as.
        if names & {order.platform, order.seller}:
            return order, principal.address, Source.PLATFORM
        if order.supplier in names:
            return order, principal.address, Source.SUPPLIER
        if principal.party.has(PartyReason.ISSUER):
            source = Source.CARRIER if type in _BY_CARRIER else Source.ISSUER
            return order, principal.address, source
        raise _no_order()

    def _reader(
        self, connection: Connection, asker: Asker, order_id: bytes | None
    ) -> tuple[OrderRow, Callable[[EvidenceRow], bool]]:
        """The order, and which of its pieces the asker may see."""
        if asker.token is not None:
            return _bought(connection, asker.token, order_id), lambda _row: True
        order, principal = self._named(connection, asker, order_id)
        names = set(parties.names_of(connection, principal.address))
        if names & {order.platform, order.seller} or self._reviews(connection, principal, order):
            return order, lambda _row: True
        if order.supplier in names or principal.party.has(PartyReason.ISSUER):
            return order, lambda row: row.by in names
        raise _no_order()

    def _reviews(self, connection: Connection, principal: Principal, order: OrderRow) -> bool:
        if SCOPE not in principal.scopes:
            return False
        try:
            reviewer, _ = self._reviewers.standing(connection, principal)
        except ProvenanceError:
            return False
        return not reviewer.parties & {order.platform, order.supplier, order.party}

    def _named(
        self, connection: Connection, asker: Asker, order_id: bytes | None
    ) -> tuple[OrderRow, Principal]:
        order = None if order_id is None else warranty_orders.by_id(connection, order_id)
        if order is None or asker.principal is None:
            raise _no_order()
        return order, asker.principal

    def _until(self) -> int:
        return self._context.clock.now() + TICKET_MS

    def _sealed(self, ticket: Ticket) -> tuple[str, Ticket]:
        told = {
            "about": ticket.about.hex(), "review": ticket.is_review, "by": ticket.by.hex(),
            "type": ticket.type.value, "source": ticket.source.value, "size": ticket.size,
            "until": ticket.until,
        }  # fmt: skip
        raw = self._context.vault.seal(json.dumps(told, separators=(",", ":")).encode(), _SEALED_FOR)
        return base64.urlsafe_b64encode(raw).decode().rstrip("="), ticket


def _bought(connection: Connection, token: bytes, order_id: bytes | None) -> OrderRow:
    found = warranty_orders.by_token(connection, sha256(token))
    mine = [order for order in found if order_id in (None, order.id)]
    if not mine:
        raise _no_order()
    return mine[-1]


def _no_order() -> NotFound:
    return NotFound("no such order, or not yours to see", code="unknown_order")


def _no_ticket() -> NotFound:
    return NotFound("no such upload, or its hour is over; announce the file again", code="unknown_upload")
