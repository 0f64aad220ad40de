"""A shop under warranty: published terms, orders, a reserve, the watch, and a clock moved by hand."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import update

from provenance.core import terms as rules
from provenance.core.claims import Evidence, Reviewer
from provenance.core.money import Money, parse
from provenance.core.terms import EvidenceType, Source, Terms, Tier
from provenance.services.lawbook import Handle, KeyRef
from provenance.services.sale import Order
from provenance.services.warranty.claims import ClaimService, Kept
from provenance.services.warranty.desks import DeskService
from provenance.services.warranty.figures import FiguresService
from provenance.services.warranty.orders import Opened, OrderService, Reported, Warranty
from provenance.services.warranty.reports import ReportService
from provenance.services.warranty.reserves import ReserveService
from provenance.services.warranty.terms import TermsService
from provenance.services.warranty.watch import Watch
from provenance.store import claims as claim_store
from provenance.store import entries, warranty_orders
from provenance.store.database import Database
from provenance.store.entries import StoredEntry
from provenance.store.schema import batch as batches
from provenance.store.warranty_orders import EventKind, OrderRow
from tests.services.custody_world import SHOP, Trade, key_of

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
ANNA, BEN = Reviewer("anna"), Reviewer("ben")
PRODUCT = {
    "format": "cmcc-national",
    "format_version": 1,
    "product": "移动话费卡 50 元",
    "face_value": "50.00",
    "currency": "CNY",
    "supplier_reference": "PO-1",
    "source": "00" * 32,
}

_numbers = itertools.count()


def digest(name: object = None) -> bytes:
    return hashlib.sha256(f"{name or next(_numbers)}".encode()).digest()


@dataclass
class WarrantyTrade(Trade):
    """A trade whose shop sells under warranty; every batch is of one product."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.terms = TermsService(self.context)
        self.orders = OrderService(self.context, self.selling)
        self.claims = ClaimService(self.context)
        self.desks = DeskService(self.context)
        self.reserves = ReserveService(self.context)
        self.watch = Watch(self.context)
        self.figures = FiguresService(self.context)
        self.reports = ReportService(self.context)
        self.log = self.sequencer()

    def batch(self, *args: Any, **named: Any) -> bytes:
        batch_id = super().batch(*args, **named)
        with self.database.write() as connection:
            told = json.dumps(PRODUCT, ensure_ascii=False)
            connection.execute(update(batches).where(batches.c.batch_id == batch_id).values(details=told))
        return batch_id

    def publish(self, tier: Tier = Tier.SELF_OPERATED, by: bytes = SHOP) -> bytes:
        """The default terms of a tier, published; their hash."""
        return self.terms.publish(by, rules.encode(rules.default_terms(tier))).row.hash

    def publish_terms(self, terms: Terms, by: bytes = SHOP) -> bytes:
        return self.terms.publish(by, rules.encode(terms)).row.hash

    def buy(
        self,
        ref: KeyRef,
        terms: bytes,
        *,
        price: str = "49.50",
        number: str | None = None,
        paid: int = 0,
        by: bytes = SHOP,
    ) -> Opened:
        """An order under *terms*, paid *paid* ms ago."""
        order = Order(number or f"A-{next(_numbers)}", {})
        reported = Reported(EventKind.PAID, self.clock.now() - paid, digest())
        return self.orders.open(by, [ref], order, Warranty(terms, money(price), reported))

    def deliver(self, opened: Opened) -> None:
        from provenance.core.entries import EntryType
        from provenance.services.acts import Act

        seller = opened.order.seller
        self.custody.act(opened.sold.handle, Act(EntryType.DELIVER, seller, opened.order.party))

    def stock(self, first: int, count: int, owner: bytes = SHOP) -> None:
        """Put keys (numbered through all batches) aside for reissue."""
        self.reserves.deposit(owner, [key_of(number) for number in range(first, first + count)])

    def tick(self, milliseconds: int = 0) -> list[str]:
        """Time passes; the log is written, and the watch has its beat."""
        self.clock.pass_ms(milliseconds)
        self.log.sequence()
        troubles = list(self.watch.beat())
        self.log.sequence()
        return troubles

    def claim_of(self, opened: Opened | OrderRow) -> Kept:
        """The newest claim on an order."""
        order = opened.order if isinstance(opened, Opened) else opened
        with self.database.read() as connection:
            rows = claim_store.of_order(connection, order.id)
        return self.claims.get(rows[-1].id)

    def claims_on(self, opened: Opened) -> int:
        with self.database.read() as connection:
            return len(claim_store.of_order(connection, opened.order.id))

    def replacement(self, opened: Opened | OrderRow) -> OrderRow:
        order = opened.order if isinstance(opened, Opened) else opened
        with self.database.read() as connection:
            found = warranty_orders.replacement_of(connection, order.id)
        assert found is not None
        return found

    def history(self, claim_id: bytes) -> list[StoredEntry]:
        """The entries of a claim in the order of the log."""
        with self.database.read() as connection:
            size = self.log_size()
            found = [one for one in entries.between(connection, 0, size) if one.entry.subject == claim_id]
        return sorted(found, key=lambda one: one.index or 0)

    def log_size(self) -> int:
        from provenance.store import checkpoints

        with self.database.read() as connection:
            head = checkpoints.newest(connection)
        return 0 if head is None else head.size

    def state_of(self, handle: Handle) -> Any:
        return self.replay(handle.batch_id, handle.index).state


def money(text: str) -> Money:
    return parse(text, "CNY")


def shown(kind: EvidenceType, source: Source, at: int) -> Evidence:
    return Evidence(kind, digest(), source, at)


def warranty_trade(url: str, folder: Path) -> WarrantyTrade:
    """A trade with everybody admitted, on the database at *url*."""
    made = WarrantyTrade(Database(url), folder)
    made.admit_everyone()
    return made
