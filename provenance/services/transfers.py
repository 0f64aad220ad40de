"""Handing keys over, two-sided: an offer closes its keys to the sender's sales until it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from provenance.core.entries import Entry, EntryType, PartyReason
from provenance.core.lives import State
from provenance.errors import AccessDenied, Conflict, CustodyRefused, InputRefused, NotFound
from provenance.services import acts, lawbook, ranges
from provenance.services.context import Context, Recorded
from provenance.services.lawbook import KeyRef
from provenance.services.ranges import Range
from provenance.store import holdings, keys, parties, transfers
from provenance.store.database import Connection
from provenance.store.holdings import Holding, LockedBatch
from provenance.store.transfers import Transfer, TransferStatus

_ID_SIZE: Final = 16
_LISTED: Final = 100
_HOLDERS: Final = (PartyReason.PLATFORM, PartyReason.SUPPLIER)
"""Roles in which a party may hold keys: nobody else could sell them, and they would be lost."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A transfer after a step, with the entries that step wrote."""

    transfer: Transfer
    recorded: tuple[Recorded, ...]


class TransferService:
    """Offer, accept, refuse, withdraw. Ranges are (first, count) pairs of one batch."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def offer(self, sender: bytes, recipient: bytes, batch_id: bytes, pieces: Sequence[Range]) -> Settled:
        """Offer ranges to *recipient*: TRANSFER entries, and no sales of these keys meanwhile.

        Raises :class:`CustodyRefused` when a key is not the sender's to offer (``not_holder``),
        offered (``in_transfer``), sold, void or reserved; :class:`InputRefused` for ranges that
        overlap or do not fit.
        """
        return self._context.database.retrying(
            lambda connection: self._offer(connection, sender, recipient, batch_id, pieces)
        )

    def offer_keys(self, sender: bytes, recipient: bytes, refs: Sequence[KeyRef]) -> Settled:
        """Offer keys of one batch by a list of keys or handles."""
        with self._context.database.read() as connection:
            rows = lawbook.find(self._context, connection, refs)
        known = [row for row in rows if row is not None]
        if len(known) < len(rows):
            raise NotFound("a key of the list is not registered", code="unknown", position=rows.index(None))
        batch_ids = {row.batch.batch_id for row in known}
        if len(batch_ids) != 1:
            raise InputRefused("a transfer is of keys of one batch; make one for each", code="many_batches")
        return self.offer(sender, recipient, batch_ids.pop(), ranges.joined(row.index for row in known))

    def accept(self, recipient: bytes, transfer_id: bytes) -> Settled:
        """Take the keys over: RECEIVE entries; from here on only *recipient* may sell them."""
        return self._context.database.retrying(
            lambda connection: self._accept(connection, recipient, transfer_id)
        )

    def refuse(self, recipient: bytes, transfer_id: bytes) -> Settled:
        """Refuse an offer; the sender may sell again. No entry: the law lets an offer lapse."""
        return self._close(recipient, transfer_id, TransferStatus.REFUSED)

    def withdraw(self, sender: bytes, transfer_id: bytes) -> Settled:
        """Take an open offer back."""
        return self._close(sender, transfer_id, TransferStatus.WITHDRAWN)

    def get(self, address: bytes, transfer_id: bytes) -> Transfer:
        """An offer that *address*, or whom it stands for, made or got; raises :class:`NotFound`."""
        with self._context.database.read() as connection:
            names = parties.names_of(connection, address)
            return self._current(_of(names, transfers.by_id(connection, transfer_id)))

    def listed(self, address: bytes) -> list[Transfer]:
        """The newest 100 offers that *address*, or whom it stands for, made or got."""
        with self._context.database.read() as connection:
            found = transfers.of_party(connection, parties.names_of(connection, address), _LISTED)
            return [self._current(one) for one in found]

    def _current(self, transfer: Transfer) -> Transfer:
        lapsed = transfer.status is TransferStatus.OPEN and transfer.until <= self._context.clock.now()
        return replace(transfer, status=TransferStatus.LAPSED) if lapsed else transfer

    def _offer(
        self,
        connection: Connection,
        sender: bytes,
        recipient: bytes,
        batch_id: bytes,
        pieces: Sequence[Range],
    ) -> Settled:
        since = acts.acting_party(connection, sender).since
        since = max(since, _recipient_since(connection, sender, recipient))
        batch = ranges.lock_live_batch(connection, batch_id)
        wanted = ranges.checked(pieces, batch.size)
        held = [one for piece in wanted for one in holdings.lock_range(connection, batch.number, *piece)]
        self._must_be_offerable(connection, batch, sender, wanted, held)
        now = self._context.clock.now()
        time = self._context.time_after(since, ranges.newest_time(connection, batch, wanted, held))
        draft = Entry(EntryType.TRANSFER, time, batch_id, sender, 0, 1, recipient)
        # Paid for twice: the RECEIVE must be of the very same ranges, so its entry is paid for now.
        wanted = ranges.affordable(batch, wanted, each=2, kept=ranges.KEPT_FOR_RECALL)
        ranges.pay(connection, batch, wanted, each=2)
        recorded = ranges.write(self._context, connection, batch, draft, wanted)
        offer = Transfer(
            self._context.entropy(_ID_SIZE), batch.number, batch_id, sender, recipient,
            TransferStatus.OPEN, now, now + self._context.limits.offer_ms, tuple(wanted),
        )  # fmt: skip
        transfers.insert_offer(connection, offer)
        for first, count in wanted:
            for one in holdings.lock_range(connection, batch.number, first, count):
                cut_first, cut_stop = max(first, one.first), min(first + count, one.stop)
                piece = holdings.carve(connection, one, cut_first, cut_stop - cut_first)
                offered = replace(piece, last_time=time, offer=offer.id, offer_until=offer.until)
                holdings.put(connection, offered)
        return Settled(offer, tuple(recorded))

    def _must_be_offerable(
        self, connection: Connection, batch: LockedBatch, sender: bytes,
        wanted: Sequence[Range], held: Sequence[Holding],
    ) -> None:  # fmt: skip
        now = self._context.clock.now()
        for one in held:
            if one.voided_at is not None:
                raise CustodyRefused("keys of the range are void", code="void", first=one.first)
            if one.holder != sender:
                raise CustodyRefused(
                    "keys of the range are held by another", code="not_holder", first=one.first
                )
            if one.is_offered(now):
                raise CustodyRefused(
                    "keys of the range are offered already", code="in_transfer", first=one.first
                )
        for first, count in wanted:
            for row in keys.touched_in(connection, batch.number, first, count):
                if row.is_reserved(now):
                    raise CustodyRefused("a key of the range is reserved", code="reserved", key=row.index)
                self._must_be_unsold(connection, row)

    def _must_be_unsold(self, connection: Connection, row: keys.KeyRow) -> None:
        code = {State.REDEEMED: "redeemed", State.VOID: "void"}.get(row.state, "sold")
        standing = row.state is not State.REGISTERED
        if not standing and row.batch.max_uses > 1 and row.entries:
            standing = bool(lawbook.history(self._context, connection, row).custody.lives)
        if standing:
            raise CustodyRefused(f"a key of the range is {code}", code=code, key=row.index)

    def _accept(self, connection: Connection, recipient: bytes, transfer_id: bytes) -> Settled:
        since = acts.acting_party(connection, recipient).since
        offer = _of([recipient], transfers.by_id(connection, transfer_id))
        if offer.recipient != recipient:
            raise AccessDenied("only the recipient accepts an offer", code="not_recipient")
        batch = ranges.lock_live_batch(connection, offer.batch_id)
        self._must_be_open(offer)
        held = [
            one for piece in offer.ranges for one in holdings.lock_range(connection, batch.number, *piece)
        ]
        newest = ranges.newest_time(connection, batch, offer.ranges, held)
        # Who handed the keys over may have come by succession a moment ago: the RECEIVE comes after it.
        time = self._context.time_after(since, newest, _since(connection, held[0].holder))
        # By the entries' own times: a server whose clock is ahead may have sold a key when the offer lapsed.
        if time >= offer.until or any(one.offer != transfer_id for one in held):
            raise _lapsed()
        if not transfers.settle(connection, transfer_id, TransferStatus.ACCEPTED):
            raise Conflict("this offer is settled already", code="transfer_settled")
        draft = Entry(EntryType.RECEIVE, time, offer.batch_id, recipient, 0, 1, held[0].holder)
        recorded = ranges.write(self._context, connection, batch, draft, offer.ranges)
        for one in held:
            taken = replace(one, holder=recipient, last_time=time, offer=None, offer_until=None)
            holdings.put(connection, taken)
        return Settled(replace(offer, status=TransferStatus.ACCEPTED), tuple(recorded))

    def _close(self, address: bytes, transfer_id: bytes, to: TransferStatus) -> Settled:
        def work(connection: Connection) -> Settled:
            acts.acting_party(connection, address)
            offer = _of([address], transfers.by_id(connection, transfer_id))
            entitled = offer.recipient if to is TransferStatus.REFUSED else offer.sender
            if entitled != address:
                raise AccessDenied(
                    "only the recipient refuses, only the sender withdraws", code="not_entitled"
                )
            ranges.lock_live_batch(connection, offer.batch_id)
            if not transfers.settle(connection, transfer_id, to):
                raise Conflict("this offer is settled already", code="transfer_settled")
            holdings.clear_offer(connection, offer.number, transfer_id)
            return Settled(replace(offer, status=to), ())

        return self._context.database.retrying(work)

    def _must_be_open(self, offer: Transfer) -> None:
        if offer.status is not TransferStatus.OPEN:
            raise Conflict("this offer is settled already", code="transfer_settled", status=offer.status.name)
        if offer.until <= self._context.clock.now():
            raise _lapsed()


def _recipient_since(connection: Connection, sender: bytes, recipient: bytes) -> int:
    party = parties.by_address(connection, recipient, lock="share")
    if recipient == sender or party is None or party.suspended or party.successor is not None:
        raise InputRefused("offer to another admitted party", code="unknown_recipient")
    if not any(party.has(role) for role in _HOLDERS):
        raise InputRefused(
            "offer to a party that trades: one admitted as platform or supplier", code="recipient_role"
        )
    return party.since


def _since(connection: Connection, address: bytes) -> int | None:
    # No lock: a succession still under way comes after the RECEIVE, and its old address in it is as good.
    party = parties.by_address(connection, address)
    return None if party is None else party.since


def _lapsed() -> Conflict:
    return Conflict("this offer lapsed; ask the sender for a new one", code="transfer_lapsed")


def _of(names: Sequence[bytes], offer: Transfer | None) -> Transfer:
    if offer is None or (offer.sender not in names and offer.recipient not in names):
        raise NotFound("no such transfer of yours", code="unknown_transfer")
    return offer
