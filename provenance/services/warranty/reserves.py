"""The sealed reserve: keys that their holder deposits, so that a fault is made good in the same minute.

The one exception to "no key is stored" (FORMATS §2): each is sealed under the key-encryption key with
its tag as associated data, opened once, when it replaces another, and erased then. A deposit is no
reservation: a key that its holder sells in a shop is passed over here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from provenance.core.entries import PartyReason
from provenance.core.keyformats import CardKey
from provenance.errors import (
    AccessDenied,
    CustodyRefused,
    InputRefused,
    ManyRefused,
    NotFound,
    ProvenanceError,
)
from provenance.services import acts, lawbook
from provenance.services.context import Context
from provenance.services.lawbook import Handle
from provenance.services.reserving import must_be_free
from provenance.services.warranty.buyerseal import open_for_buyer, read_identity, seal_for_buyer
from provenance.services.warranty.products import NAMED, product_of
from provenance.store import batches, keys, parties, reserves
from provenance.store.database import Connection
from provenance.store.holdings import Holding
from provenance.store.keys import KeyRow
from provenance.store.reserves import Deposit

__all__ = [
    "MAX_AT_ONCE",
    "DepositOutcome",
    "Deposited",
    "ReserveService",
    "Stock",
    "Taken",
    "front",
    "open_for_buyer",
    "seal_for_buyer",
    "take",
]

MAX_AT_ONCE: Final = 1_000
"""Keys of one deposit or withdrawal, as in every request on keys."""
_SWEPT_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Deposited:
    """A key that lies in the reserve; ``again``: it lay there before, and nothing changed."""

    handle: Handle
    product: bytes
    again: bool


@dataclass(frozen=True, slots=True)
class DepositOutcome:
    """What became of one of many: the deposit, or the refusal."""

    deposited: Deposited | None
    refusal: ProvenanceError | None


@dataclass(frozen=True, slots=True)
class Stock:
    """Keys of one product; ``words`` has its format, product, face value and currency."""

    product: bytes
    words: dict[str, str]
    free: int
    taken: int


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """A key that left the reserve of *owner*, who sells it; its sealed bytes are gone."""

    owner: bytes
    row: KeyRow
    key: CardKey

    def __repr__(self) -> str:
        return f"Taken(owner={self.owner.hex()})"


class ReserveService:
    """Deposits and withdrawals, by platforms and suppliers, of keys that they hold."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def deposit(
        self, owner: bytes, card_keys: Sequence[CardKey], *, proceed: bool = False
    ) -> list[DepositOutcome]:
        """Keep every key, or none; with *proceed*, those that can be. The same key again changes nothing.

        All or nothing raises :class:`ManyRefused`, or the one refusal of one key: ``unknown``,
        ``not_holder``, ``sold``, ``redeemed``, ``void``, ``expired``, ``shared_key``, ``reserved``,
        ``in_transfer``, ``duplicate_key``. Raises :class:`AccessDenied` (``role_missing``).
        """
        _bounded(len(card_keys))

        def work(connection: Connection) -> list[DepositOutcome]:
            _must_trade(connection, owner)
            looked = [
                self._looked(connection, owner, found)
                for found in lawbook.find_standing(self._context, connection, card_keys)
            ]
            outcomes = self._each_once(looked)
            refusals = [(at, one) for at, one in enumerate(outcomes) if isinstance(one, ProvenanceError)]
            if refusals and not proceed:
                raise _nothing_kept(refusals, len(card_keys))
            return self._kept(connection, owner, card_keys, outcomes)

        return self._context.database.retrying(work)

    def counts(self, owner: bytes) -> list[Stock]:
        """What *owner* has in reserve, by product."""
        with self._context.database.read() as connection:
            found = reserves.stocks(connection, owner, self._context.clock.now())
        return [Stock(one.product, _words(one.format, one.details), one.free, one.taken) for one in found]

    def withdraw(
        self, owner: bytes, what: Sequence[Handle] | bytes, count: int = MAX_AT_ONCE
    ) -> list[Handle]:
        """Erase free keys: those of *what*, or up to *count* of a product by its name; which they were.

        What was taken meanwhile, or is not there, is left out. They are back with their holder alone.
        """
        _bounded(count if isinstance(what, bytes) else len(what))

        def work(connection: Connection) -> list[Handle]:
            acts.acting_party(connection, owner)
            if isinstance(what, bytes):
                gone = reserves.withdraw_some(connection, owner, what, count)
            else:
                rows = keys.by_handles(connection, {(one.batch_id, one.index) for one in what})
                gone = reserves.withdraw_tags(connection, owner, [row.tag for row in rows.values()])
            names = batches.suppliers(connection, (number for number, _ in gone))
            return [Handle(names[number][0], index) for number, index in gone]

        return self._context.database.retrying(work)

    def sweep(self) -> int:
        """Erase keys that were sold, voided or handed on elsewhere, and so wait for nothing; how many."""
        database, erased = self._context.database, 0
        while True:
            # Found by reading alone: on SQLite nobody may write while a writer searches.
            with database.read() as connection:
                tags = reserves.gone(connection, _SWEPT_AT_ONCE)
            now_gone = database.retrying(partial(reserves.sweep, tags=tags))
            erased += now_gone
            if len(tags) < _SWEPT_AT_ONCE or not now_gone:
                return erased

    def _looked(
        self, connection: Connection, owner: bytes, found: tuple[KeyRow, Holding] | None
    ) -> KeyRow | ProvenanceError:
        if found is None:
            return NotFound("no such key is registered", code="unknown")
        row, held = found
        if row.batch.max_uses > 1:
            return CustodyRefused(
                "a shared key replaces no other; deposit single-use keys", code="shared_key"
            )
        try:
            must_be_free(self._context, connection, owner, row, held)
        except CustodyRefused as refusal:
            return refusal
        return row

    def _each_once(self, looked: Sequence[KeyRow | ProvenanceError]) -> list[KeyRow | ProvenanceError]:
        seen: set[bytes] = set()
        outcomes: list[KeyRow | ProvenanceError] = []
        for one in looked:
            if isinstance(one, KeyRow) and one.tag in seen:
                outcomes.append(
                    InputRefused("this key is named already; take it out here", code="duplicate_key")
                )
                continue
            outcomes.append(one)
            if isinstance(one, KeyRow):
                seen.add(one.tag)
        return outcomes

    def _kept(
        self,
        connection: Connection,
        owner: bytes,
        card_keys: Sequence[CardKey],
        outcomes: Sequence[KeyRow | ProvenanceError],
    ) -> list[DepositOutcome]:
        rows = {at: one for at, one in enumerate(outcomes) if isinstance(one, KeyRow)}
        details = batches.details(connection, (row.number for row in rows.values()))
        formats = {row.number: row.format for row in rows.values()}
        products = {number: product_of(formats[number], json.loads(text)) for number, text in details.items()}
        deposits = [
            Deposit(
                row.tag,
                owner,
                row.number,
                row.index,
                products[row.number],
                self._context.vault.seal(card_keys[at].identity, row.tag),
            )
            for at, row in rows.items()
        ]
        new = reserves.put(connection, deposits, self._context.clock.now())
        return [
            DepositOutcome(
                Deposited(
                    Handle(one.batch.batch_id, one.index), products[one.number], again=one.tag not in new
                ),
                None,
            )
            if isinstance(one, KeyRow)
            else DepositOutcome(None, one)
            for one in outcomes
        ]


def take(
    context: Context,
    connection: Connection,
    owners: Sequence[bytes],
    product: bytes,
    claim_id: bytes,
    now: int,
) -> Taken | None:
    """The key of *product* that lies longest with the first of *owners* who has one; ``None`` if none has.

    Within the caller's transaction: rolled back, the key is free and sealed again. What can be seen
    cheaply was looked at (registered, held by its owner, neither offered nor reserved, not expired); the
    caller's SELL says the last word, and after a refusal of it the next key is taken by another call.
    ``Taken.owner`` is who may act for the owner now.
    """
    for asked in dict.fromkeys(owners):
        owner = _acting(connection, asked)
        kept = None if owner is None else reserves.take(connection, owner, product, claim_id, now)
        if owner is not None and kept is not None:
            return _opened(context, connection, owner, kept)
    return None


def front(
    context: Context, connection: Connection, owners: Sequence[bytes], product: bytes, now: int
) -> Taken | None:
    """What :func:`take` would take now, which stays where it is; somebody else may be faster."""
    for asked in dict.fromkeys(owners):
        owner = _acting(connection, asked)
        kept = None if owner is None else reserves.front(connection, owner, product, now)
        if owner is not None and kept is not None:
            return _opened(context, connection, owner, kept)
    return None


def _opened(context: Context, connection: Connection, owner: bytes, kept: reserves.Kept) -> Taken:
    row = keys.by_tags(connection, [kept.tag])[kept.tag]
    return Taken(owner, row, read_identity(context.vault.unseal(kept.sealed, kept.tag)))


def _acting(connection: Connection, address: bytes) -> bytes | None:
    """Who acts for *address* now; ``None`` while that party is suspended, or for a stranger."""
    party = parties.by_address(connection, acts.heir(connection, address))
    return None if party is None or party.suspended else party.address


def _must_trade(connection: Connection, owner: bytes) -> None:
    party = acts.acting_party(connection, owner)
    if not (party.has(PartyReason.PLATFORM) or party.has(PartyReason.SUPPLIER)):
        raise AccessDenied("a reserve belongs to a platform or a supplier", code="role_missing")


def _bounded(count: int) -> None:
    if not 1 <= count <= MAX_AT_ONCE:
        raise InputRefused(f"give 1 to {MAX_AT_ONCE} keys at once", code="too_many_keys_at_once")


def _words(format_id: str, details: str) -> dict[str, str]:
    members: dict[str, Any] = json.loads(details)
    return {"format": format_id, **{name: str(members.get(name, "")) for name in NAMED}}


def _nothing_kept(refusals: list[tuple[int, ProvenanceError]], asked: int) -> ProvenanceError:
    if asked == 1:
        return refusals[0][1]
    return ManyRefused("nothing was deposited; errors says for each key why", refusals)
