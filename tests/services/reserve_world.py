"""A trade with a reserve: keys of known products, orders and claims for what refers to them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from provenance.services.warranty.products import product_of
from provenance.services.warranty.reserves import ReserveService, Taken, take
from provenance.store.database import Database
from provenance.store.schema_warranty import claim, warranty_order
from tests.services.custody_world import FORMAT, SHOP, SUPPLIER, Trade, key_of

FIFTY = {"product": "移动话费50元", "face_value": "50.00", "currency": "CNY"}
HUNDRED = {"product": "移动话费100元", "face_value": "100.00", "currency": "CNY"}
PRODUCT = product_of(FORMAT, FIFTY)
CLAIM = bytes([7]) * 32


class Reserved(Trade):
    """The trade, and what lies in reserve."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reserves = ReserveService(self.context)

    def held(self, count: int, holder: bytes | None = SHOP, details: dict[str, str] = FIFTY) -> range:
        """*count* new keys of one batch, held by *holder* (``None``: the supplier); their numbers."""
        first = self.made
        self.batch(count, holder=holder, details=details)
        return range(first, first + count)

    def deposited(self, count: int, owner: bytes = SHOP, details: dict[str, str] = FIFTY) -> range:
        """New keys of *owner* in his reserve; their numbers."""
        numbers = self.held(count, None if owner == SUPPLIER else owner, details)
        self.reserves.deposit(owner, [key_of(number) for number in numbers])
        return numbers

    def taken(self, *owners: bytes, product: bytes = PRODUCT, claim_id: bytes = CLAIM) -> Taken | None:
        """One key out of the reserve, committed."""
        with self.database.write() as connection:
            return take(self.context, connection, owners or (SHOP,), product, claim_id, self.clock.now())

    def free(self, owner: bytes = SHOP) -> int:
        """How many keys can be taken."""
        return sum(stock.free for stock in self.reserves.counts(owner))

    def order(self, number: int = 1, price: int = 4950) -> bytes:
        """The row of an order on nothing in particular; its id."""
        order_id = bytes([0xAA]) * 30 + number.to_bytes(2)
        values = {
            "id": order_id, "platform": SHOP, "seller": SHOP, "supplier": SUPPLIER, "batch": 1, "idx": number,
            "party": bytes(20), "sell": bytes(16), "token": bytes(32), "price": price, "currency": "CNY",
            "terms": bytes(32), "product": PRODUCT, "created_at": self.clock.now(),
        }  # fmt: skip
        with self.database.write() as connection:
            connection.execute(insert(warranty_order), values)
        return order_id

    def claim(self, order_id: bytes, number: int = 1) -> bytes:
        """The row of a claim that is over; its id."""
        claim_id = bytes([0xCC]) * 30 + number.to_bytes(2)
        values = {
            "id": claim_id, "order": order_id, "platform": SHOP, "state": "closed", "causes": "invalid_key",
            "origin": "filed", "outcome": "refunded", "opened_at": self.clock.now(),
            "last_time": self.clock.now(), "version": 1, "value": "{}",
        }  # fmt: skip
        with self.database.write() as connection:
            connection.execute(insert(claim), values)
        return claim_id


def reserved(url: str, folder: Path) -> Reserved:
    """A trade with everybody admitted, on the database at *url*."""
    made = Reserved(Database(url), folder)
    made.admit_everyone()
    return made
