"""A shop under escrow terms on a real node: orders, a keeper, and everybody else as accounts of the chain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from provenance.chain.escrow_calls import Call, file_claim_call, post_bond_call, withdraw_call
from provenance.chain.escrow_order import ETHER
from provenance.chain.signer import Signer
from provenance.core.claims import OrderLedger
from provenance.core.commitments import tag
from provenance.core.entries import Entry, EntryType, PartyReason
from provenance.core.keyformats import CardKey
from provenance.core.manifest import sign
from provenance.core.terms import Tier
from provenance.services.acts import Act
from provenance.services.anchoring import AnchoringService
from provenance.services.context import record
from provenance.services.escrow.keeper import Keeper
from provenance.services.escrow.offers import Asked, OfferService, Windows
from provenance.services.escrow.seat import EscrowSeat
from provenance.services.lawbook import Handle
from provenance.services.sale import Order
from provenance.services.warranty import money as ledgers
from provenance.services.warranty.orders import Opened, Warranty
from provenance.store import escrow, holdings
from provenance.store.database import Database
from provenance.store.escrow import DepositRow
from provenance.store.holdings import Holding
from provenance.store.schema import card_key
from tests.chain.conftest import LocalChain
from tests.chain.escrow_world import BUYER, FRIEND, PRICE, EscrowWorld, deploy_escrow, lost_key
from tests.services.custody_world import ISSUER, OPERATOR, SHOP
from tests.services.ledger_world import SUPPLIER, MadeBatch, WallClock, add_batch
from tests.warranty.world import SECOND, WarrantyTrade, money

KEEPER = Signer.test_account(4)
PLATFORM_KEY, PLATFORM = lost_key()
BOND = 5 * PRICE


@dataclass
class EscrowShop(WarrantyTrade):
    """The trade, the chain it is anchored on, and the escrow with its keeper."""

    local: LocalChain | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        assert self.local is not None
        self.chain: EscrowWorld = deploy_escrow(self.local)
        self.seat = EscrowSeat(self.chain.client.domain, KEEPER.address)
        self.offers = OfferService(self.context, self.seat)
        self.anchoring = AnchoringService(
            self.context,
            self.local.registry,
            self.local.anchorer,
            "one",
            depth=1,
            deployer=self.local.deployer,
        )

    def keeper(self, holder: str = "one", **options: Any) -> Keeper:
        assert self.local is not None
        chosen = {"depth": 1, "lease_ms": 0, **options}
        client = chosen.pop("client", self.chain.client)
        return Keeper(self.context, client, self.local.registry, KEEPER, holder, **chosen)

    def registered(self, size: int = 4) -> MadeBatch:
        """A batch that is really signed, anchored, and held by the shop."""
        made = add_batch(self, size, 2000 + self.made)
        self.made += size
        with self.database.write() as connection:
            keys = [CardKey("opaque", serial, secret) for serial, secret in made.keys]
            secret = self.context.vault.tag_key
            rows = [
                {"tag": tag(secret, one.identity), "epoch": 0, "batch": made.number, "idx": place}
                for place, one in enumerate(keys)
            ]
            connection.execute(insert(card_key), rows)
            begun = Entry(EntryType.COMMISSION, self.clock.now(), made.batch_id, SUPPLIER, 0, size)
            record(self.context, connection, begun)
            holdings.insert_one(connection, Holding(made.number, 0, size, SUPPLIER, self.clock.now()))
        settled = self.transfers.offer(SUPPLIER, SHOP, made.batch_id, [(0, size)])
        self.transfers.accept(SHOP, settled.transfer.id)
        return made

    def anchor(self) -> None:
        """All that is in the log goes onto the chain."""
        self.clock.pass_ms(SECOND)
        self.anchoring.want_checkpoint()
        self.log.sequence()
        for _ in range(4):
            assert self.anchoring.beat().problems == []

    def order(self, batch: MadeBatch, index: int = 0, price: str = "49.50") -> Opened:
        terms = self.publish(Tier.ESCROW)
        made = self.orders.open(
            SHOP,
            [Handle(batch.batch_id, index)],
            Order(f"E-{index}", {}),
            Warranty(terms, money(price), None),
        )
        self.log.sequence()
        return made

    def asked(self, opened: Opened, **changes: Any) -> Asked:
        valid_until = self.clock.now() // 1000 + 3600
        asked = Asked(
            opened.order.id, BUYER, PLATFORM, ISSUER, PRICE, valid_until,
            windows=Windows(answer=3600),
        )  # fmt: skip
        return replace(asked, **changes)

    def offer(self, opened: Opened, **changes: Any) -> Call:
        """An offer made and signed by the platform; the call that pays it."""
        row = self.offers.make(self.principal(SHOP), self.asked(opened, **changes))
        self.offers.sign(self.principal(SHOP), row.digest, sign(PLATFORM_KEY, row.digest))
        (payable,) = self.offers.payable(opened.sold.token, opened.order.id)
        assert payable.call is not None
        return payable.call

    def bought(self, batch: MadeBatch, index: int = 0, **changes: Any) -> Opened:
        """An order that its buyer has paid into the escrow, after which the platform's key is never used."""
        opened = self.order(batch, index)
        self.chain.send(FRIEND, post_bond_call(PLATFORM, ETHER, BOND))
        self.chain.send(BUYER, self.offer(opened, **changes))
        return opened

    def used_before(self, opened: Opened) -> None:
        """The issuer says in the log that the key had been used before this sale."""
        act = Act(EntryType.REDEEM, ISSUER, opened.order.party, reason=1)
        self.clock.pass_ms(SECOND)
        self.custody.act(opened.sold.handle, act)

    def freeze(self, opened: Opened) -> None:
        """The buyer freezes the deposit for the newest claim."""
        claim = self.claim_of(opened).claim.claim_id
        self.chain.send(BUYER, file_claim_call(self.deposit(opened).deposit, claim))

    def later(self, milliseconds: int) -> None:
        """Time passes, here and on the chain."""
        self.clock.pass_ms(milliseconds)
        self.chain.pass_time(milliseconds // 1000)

    def round(self, keeper: Keeper, times: int = 2) -> list[str]:
        """The watch and the keeper have their beats; what went wrong."""
        troubles: list[str] = []
        for _ in range(times):
            self.clock.pass_ms(3 * SECOND)
            self.watch.beat()
            self.log.sequence()
            troubles += keeper.beat()
        return troubles

    def deposit(self, opened: Opened) -> DepositRow:
        with self.database.read() as connection:
            found = escrow.deposit_of(connection, opened.order.id)
        assert found is not None
        return found

    def ledger(self, opened: Opened) -> OrderLedger:
        with self.database.read() as connection:
            return ledgers.load_ledger(connection, opened.order.id, money("49.50"))

    def withdrawn(self) -> int:
        """What the buyer gets when he takes what is credited to him, in wei."""
        purse = b"\xb0" * 20
        self.chain.send(BUYER, withdraw_call(ETHER, purse))
        return self.chain.local.chain.balance(purse)


def escrow_shop(url: str, folder: Path, local: LocalChain) -> EscrowShop:
    """A shop with everybody admitted on the database at *url*, its chain being *local*."""
    made = EscrowShop(Database(url), folder, WallClock(), local=local)
    made.admit_everyone()
    made.parties.admit(OPERATOR, "the supplier on chain", PartyReason.SUPPLIER, address=SUPPLIER)
    return made
