"""A small trade: a supplier, two shops, an issuer, and batches of numbered keys."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert

from provenance.core.commitments import tag
from provenance.core.custody import KeyCustody, accept
from provenance.core.entries import Entry, EntryType, PartyReason
from provenance.core.keyformats import CardKey
from provenance.core.parties import Step
from provenance.services import lawbook
from provenance.services.context import record
from provenance.services.custody import CustodyService
from provenance.services.lawbook import Handle
from provenance.services.parties import PartyService, Principal
from provenance.services.recalling import RecallService
from provenance.services.reserving import ReservingService
from provenance.services.selling import Order, SellingService
from provenance.services.transfers import TransferService
from provenance.services.verification import VerificationService
from provenance.store import batches, entries, holdings
from provenance.store.batches import BatchRow, Status
from provenance.store.database import Database
from provenance.store.holdings import Holding
from provenance.store.schema import card_key
from tests.services.ledger_world import World

SUPPLIER, SHOP, OTHER_SHOP, ISSUER, OPERATOR = (bytes([n]) * 20 for n in (1, 2, 3, 4, 9))
FORMAT = "cmcc-national"
POOLED = "PROVENANCE_POOLED_SALES"
"""Set in the environment, also of the processes that race: single sales share transactions."""


def key_of(number: int) -> CardKey:
    return CardKey(FORMAT, f"{number:017d}", f"{number * 7919:018d}")


def order(number: str = "A-1", unit: int = 1, reservation: bytes | None = None) -> Order:
    return Order(number, {"price": "49.50", "currency": "CNY"}, reservation, unit)


@dataclass
class Trade(World):
    """The services over one database; keys are numbered through all batches."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.parties = PartyService(self.context)
        self.selling = SellingService(self.context, pooled=bool(os.environ.get(POOLED)))
        self.custody = CustodyService(self.context)
        self.reserving = ReservingService(self.context)
        self.transfers = TransferService(self.context)
        self.recalls = RecallService(self.context)
        self.verification = VerificationService(self.context)
        self.made = 0

    def admit_everyone(self) -> None:
        roles = {
            OPERATOR: PartyReason.OPERATOR,
            SUPPLIER: PartyReason.SUPPLIER,
            SHOP: PartyReason.PLATFORM,
            OTHER_SHOP: PartyReason.PLATFORM,
            ISSUER: PartyReason.ISSUER,
        }
        for address, role in roles.items():
            self.parties.admit(OPERATOR, role.name.lower(), role, address=address)

    def batch(
        self,
        size: int = 8,
        max_uses: int = 1,
        expires_at: int = 0,
        holder: bytes | None = None,
        details: dict[str, str] | None = None,
    ) -> bytes:
        """A live batch of *size* new keys; its id. *holder* gets it whole, if it is not the supplier."""
        self.clock.pass_ms(10)
        number = 1000 + self.made
        batch_id = number.to_bytes(32)
        row = BatchRow(
            number, batch_id, SUPPLIER, bytes(32), size, max_uses, expires_at,
            json.dumps(details or {}), FORMAT, False, b"seed", Status.LIVE, self.clock.now(), "{}", None,
            31337, bytes(20), self.clock.now(), self.clock.now(),
        )  # fmt: skip
        with self.database.write() as connection:
            batches.insert_one(connection, row)
            secret = self.context.vault.tag_key
            rows = [
                {"tag": tag(secret, key_of(self.made + i).identity), "epoch": 0, "batch": number, "idx": i}
                for i in range(size)
            ]
            connection.execute(insert(card_key), rows)
            begun = Entry(EntryType.COMMISSION, self.clock.now(), batch_id, SUPPLIER, 0, size)
            record(self.context, connection, begun)
            holdings.insert_one(connection, Holding(number, 0, size, SUPPLIER, self.clock.now()))
        self.made += size
        if holder is not None:
            settled = self.transfers.offer(SUPPLIER, holder, batch_id, [(0, size)])
            self.transfers.accept(holder, settled.transfer.id)
        return batch_id

    def principal(self, address: bytes) -> Principal:
        return Principal(self.parties.get(address), "test", frozenset())

    def replay(self, batch_id: bytes, index: int) -> KeyCustody:
        """The custody of a key by the law alone, from the entries in the order of the log."""
        with self.database.read() as connection:
            row = lawbook.find(self.context, connection, [Handle(batch_id, index)])[0]
            assert row is not None
            stored = entries.of_key(connection, batch_id, index)
            parties = lawbook.parties_of(
                connection, {a for s in stored for a in (s.entry.actor, s.entry.party)} | {SUPPLIER}
            )
        key = KeyCustody(row.batch, index)
        for one in stored:
            key = accept(key, Step(one.index, one.entry), parties)
        return key


def trade(url: str, folder: Path) -> Trade:
    """A trade with everybody admitted, on the database at *url*."""
    made = Trade(Database(url), folder)
    made.admit_everyone()
    return made
