"""A shop that holds a batch of keys, in a fresh database, and the requests it makes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, text

from bench.load import post
from bench.served import context_over
from provenance.core.commitments import Tagger
from provenance.core.entries import Entry, EntryType, PartyReason
from provenance.core.keyformats import CardKey
from provenance.services.context import Context, record
from provenance.services.parties import PartyService
from provenance.services.transfers import TransferService
from provenance.store import batches, holdings
from provenance.store.batches import BatchRow, Status
from provenance.store.database import create_schema
from provenance.store.holdings import Holding
from provenance.store.schema import card_key

SUPPLIER, SHOP, OPERATOR = (bytes([number]) * 20 for number in (1, 2, 9))
FORMAT = "cmcc-national"
NUMBER = 1_000
BATCH_ID = NUMBER.to_bytes(32)


@dataclass(slots=True)
class Shop:
    """The bearer token of a platform that holds *size* keys, and how many of them it sold."""

    url: str
    token: str
    size: int
    sold: int = 0
    orders: int = 0

    def verifying(self, count: int, keys: int, first: int = 0) -> list[bytes]:
        """*count* requests for verdicts on *keys* keys each, all over the batch from key *first*."""
        stride, size = 7_919, self.size - first
        asked = ([first + (n * stride + i) % size for i in range(keys)] for n in range(count))
        if keys == 1:
            return [post("/v1/keys/verify", {"key": ref_of(one[0])}, self.token) for one in asked]
        return [post("/v1/keys/verify", {"keys": list(map(ref_of, some))}, self.token) for some in asked]

    def selling(self, count: int, keys: int) -> list[bytes]:
        """*count* requests that sell *keys* keys each, none of them sold before."""
        if self.sold + count * keys > self.size:
            raise ValueError("no keys left to sell")
        made = []
        for _ in range(count):
            some = [ref_of(self.sold + i) for i in range(keys)]
            self.sold += keys
            self.orders += 1
            body: dict[str, Any] = {
                "order": f"B-{self.orders}",
                "details": {"price": "49.50", "currency": "CNY"},
            }
            body |= {"key": some[0]} if keys == 1 else {"keys": some}
            made.append(post("/v1/keys/sell", body, self.token))
        return made


def open_shop(url: str, size: int) -> Shop:
    """Make the database at *url*, with a batch of *size* keys that went from supplier to shop."""
    create_schema(url)
    context = context_over(url)
    token = stocked(context, size)
    context.database.dispose()
    return Shop(url, token, size)


def stocked(context: Context, size: int) -> str:
    """Put the shop into a database with a schema; its bearer token."""
    parties = PartyService(context)
    for address, role in (
        (OPERATOR, PartyReason.OPERATOR),
        (SUPPLIER, PartyReason.SUPPLIER),
        (SHOP, PartyReason.PLATFORM),
    ):
        parties.admit(OPERATOR, role.name.lower(), role, address=address)
    _register(context, size)
    transfers = TransferService(context)
    offer = transfers.offer(SUPPLIER, SHOP, BATCH_ID, [(0, size)])
    transfers.accept(SHOP, offer.transfer.id)
    return parties.issue(SHOP, "bench", ["verify", "sell", "read"])[1]


def key_of(number: int) -> CardKey:
    """The key at that place of the batch."""
    return CardKey(FORMAT, f"{10**16 + number:017d}", f"{number * 7919:018d}")


def ref_of(number: int) -> dict[str, str]:
    """The same as a request names it."""
    key = key_of(number)
    return {"format": FORMAT, "text": f"{key.serial},{key.secret}"}


def _register(context: Context, size: int) -> None:
    now = context.clock.now()
    row = BatchRow(
        NUMBER, BATCH_ID, SUPPLIER, bytes(32), size, 1, 0, json.dumps({}), FORMAT, False, b"seed",
        Status.LIVE, now, "{}", None, 31337, bytes(20), now, now,
    )  # fmt: skip
    tagger = Tagger(context.vault.tag_key)
    with context.database.write() as connection:
        batches.insert_one(connection, row)
        for start in range(0, size, 10_000):
            some = range(start, min(size, start + 10_000))
            rows = [
                {"tag": tagger.tag(key_of(i).identity), "epoch": 0, "batch": NUMBER, "idx": i} for i in some
            ]
            connection.execute(insert(card_key), rows)
        record(context, connection, Entry(EntryType.COMMISSION, now, BATCH_ID, SUPPLIER, 0, size))
        holdings.insert_one(connection, Holding(NUMBER, 0, size, SUPPLIER, now))
    with context.database.read() as connection:
        connection.execute(text("ANALYZE"))
