"""Anything in any order, over the real services: the log stays lawful and the tables agree with it.

Register, hand over, reserve, sell, deliver, redeem, take back, void, recall, reissue, correct,
suspend, succeed, step the clock, repeat notifications, sequence, crash. After every step an
auditor who knows the law alone replays the log.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from provenance.core.entries import EntryType, PartyReason
from provenance.core.lives import State
from provenance.errors import Conflict, NotFound, ProvenanceError
from provenance.services.acts import Act
from provenance.services.lawbook import Handle
from provenance.services.reserving import Reservation
from provenance.services.selling import Sold
from provenance.services.transfers import Settled
from provenance.services.verification import Viewer
from provenance.store import holdings
from provenance.store.transfers import Transfer
from tests.services.auditing import audit
from tests.services.custody_world import (
    ISSUER,
    OPERATOR,
    OTHER_SHOP,
    SHOP,
    SUPPLIER,
    Trade,
    key_of,
    order,
    trade,
)  # fmt: skip
from tests.services.ledger_world import Crash, CrashAt
from tests.support.databases import PostgresDatabases, SqliteDatabases

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
# A service that asks the law with a badly made entry gets these; no caller can be to blame.
OUR_FAULT = {
    "internal_error", "time_not_increasing", "out_of_order", "wrong_subject", "out_of_range", "no_use",
    "commission_first", "entry_malformed", "contended", "store_unavailable", "clock_fault", "entry_missing",
}  # fmt: skip
ACTS = [EntryType.DELIVER, EntryType.REDEEM, EntryType.REINSTATE, EntryType.VOID, EntryType.REISSUE]
POINTS = ["indexed", "before_commit", "committed", "filed", "signed", "published"]
PEOPLE = {"supplier": SUPPLIER, "shop": SHOP, "other shop": OTHER_SHOP, "issuer": ISSUER}
ROLES = {
    "supplier": PartyReason.SUPPLIER,
    "shop": PartyReason.PLATFORM,
    "other shop": PartyReason.PLATFORM,
    "issuer": PartyReason.ISSUER,
}
MAX_KEYS = 24

people = st.sampled_from(sorted(PEOPLE))
picks = st.integers(0, 3)
usually = st.sampled_from([None, None, None, None, *sorted(PEOPLE)])
"""Whose turn it lawfully is (``None``), or anybody's."""
places = st.integers(0, MAX_KEYS - 1)
numbers = st.sampled_from(["A-1", "A-2", "A-3", "A-4"])


@dataclass(frozen=True)
class Sale:
    """A sale as its shop remembers it; ``unit`` where the service chose the key."""

    seller: bytes
    number: str
    unit: int | None
    first: Sold


class Custody(RuleBasedStateMachine):
    """One trade on a database of its own, audited after every *apart* steps."""

    def __init__(self, url: str, close: Callable[[str], None], apart: int) -> None:
        super().__init__()
        self.url, self.close = url, close
        self.apart, self.steps = apart, 0
        self.folder = tempfile.TemporaryDirectory()
        self.world: Trade = trade(url, Path(self.folder.name))
        self.address = dict(PEOPLE)
        self.heirs: dict[bytes, bytes] = {}
        self.sales: list[Sale] = []
        self.offers: list[Transfer] = []
        self.reservations: list[tuple[bytes, Reservation]] = []
        self.handles: list[Handle] = []
        self.newest = self.world.clock.now()
        self.head = 0
        self._begin(8, 1, None, "shop")

    def teardown(self) -> None:
        self.world.database.dispose()
        self.close(self.url)
        self.folder.cleanup()

    # --- the trade

    @rule(
        size=st.integers(1, 6), max_uses=st.sampled_from([1, 1, 2, 3]),
        hours=st.sampled_from([None, None, 1, 24]), holder=st.sampled_from([None, "shop", "other shop"]),
    )  # fmt: skip
    def register(self, size: int, max_uses: int, hours: int | None, holder: str | None) -> None:
        known = self.world.parties
        at_home = self.address["supplier"] == SUPPLIER and not known.get(SUPPLIER).suspended
        if at_home and len(self.handles) + size <= MAX_KEYS:
            self._begin(size, max_uses, hours, holder)

    def _begin(self, size: int, max_uses: int, hours: int | None, holder: str | None) -> None:
        ends = 0 if hours is None else self.world.clock.now() // 1000 + hours * 3600
        batch = self.world.batch(size, max_uses, ends)
        self.handles += [Handle(batch, index) for index in range(size)]
        if holder is not None:
            whole = [(0, size)]
            settled = self._try(lambda: self._offer(None, holder, Handle(batch, 0), whole))
            if settled is not None:
                self._try(lambda: self.world.transfers.accept(self.address[holder], settled.transfer.id))

    @rule(place=places, count=st.integers(1, 4), gap=st.booleans(), recipient=people, sender=usually)
    def offer(self, place: int, count: int, gap: bool, recipient: str, sender: str | None) -> None:
        handle = self._handle(place)
        pieces = [(handle.index, count)] + ([(handle.index + count + 1, 1)] if gap else [])
        settled = self._try(lambda: self._offer(sender, recipient, handle, pieces))
        if settled is not None:
            self.offers.append(settled.transfer)

    def _offer(self, sender: str | None, recipient: str, handle: Handle, pieces: Any) -> Settled:
        to = self.address[recipient]
        return self.world.transfers.offer(self._by(sender, handle), to, handle.batch_id, pieces)

    @precondition(lambda self: self.offers)
    @rule(pick=picks, how=st.sampled_from(["accept", "accept", "accept", "refuse", "withdraw"]), who=usually)
    def settle(self, pick: int, how: str, who: str | None) -> None:
        offer = self.offers[-1 - pick % len(self.offers)]
        entitled = self._heir_of(offer.sender if how == "withdraw" else offer.recipient)
        actor = entitled if who is None else self.address[who]
        self._try(lambda: getattr(self.world.transfers, how)(actor, offer.id))

    @rule(place=places, any_of=st.booleans(), who=usually)
    def reserve(self, place: int, any_of: bool, who: str | None) -> None:
        refs = [self._handle(place), self._handle(place + 1)][: 1 + any_of]
        do = self.world.reserving.reserve_any if any_of else self.world.reserving.reserve
        holder = self._by(who, refs[0])
        made = self._try(lambda: do(holder, refs, 60_000))
        if made is not None:
            self.reservations.append((holder, made))

    @precondition(lambda self: self.reservations)
    @rule(pick=picks, how=st.sampled_from(["extend", "release"]))
    def end_reservation(self, pick: int, how: str) -> None:
        holder, made = self.reservations[-1 - pick % len(self.reservations)]
        self._try(lambda: getattr(self.world.reserving, how)(holder, made.id))

    @rule(place=places, number=numbers, by_key=st.booleans(), who=usually)
    def sell(self, place: int, number: str, by_key: bool, who: str | None) -> None:
        handle = self._handle(place)
        ref = key_of(place % len(self.handles)) if by_key else handle
        selling, paid = self.world.selling, order(number)
        self._sell(self._by(who, handle), number, None, lambda by: selling.sell(by, ref, paid))

    @precondition(lambda self: self.reservations)
    @rule(pick=picks, number=numbers)
    def sell_reserved(self, pick: int, number: str) -> None:
        holder, made = self.reservations[-1 - pick % len(self.reservations)]
        selling, paid = self.world.selling, order(number, reservation=made.id)
        self._sell(holder, number, None, lambda by: selling.sell(by, made.handles[0], paid))

    @rule(start=places, number=numbers, unit=st.integers(1, 2), who=usually)
    def sell_any(self, start: int, number: str, unit: int, who: str | None) -> None:
        pool = [self._handle(start + n) for n in range(3)]
        selling, paid = self.world.selling, order(number, unit)
        self._sell(self._by(who, pool[0]), number, unit, lambda by: selling.sell_any(by, pool, paid))

    def _sell(self, seller: bytes, number: str, unit: int | None, sell: Callable[[bytes], Sold]) -> None:
        sold = self._try(lambda: sell(seller))
        if sold is not None:
            self.sales.append(Sale(seller, number, unit, sold))

    @rule(start=places, count=st.integers(1, 3), proceed=st.booleans(), number=numbers)
    def sell_many(self, start: int, count: int, proceed: bool, number: str) -> None:
        refs = [self._handle(start + n) for n in range(count)]
        seller = self._by(None, refs[0])
        self._try(lambda: self.world.selling.sell_many(seller, refs, order(number), proceed=proceed))

    @precondition(lambda self: self.sales)
    @rule(pick=picks)
    def notify_again(self, pick: int) -> None:
        sale = self.sales[-1 - pick % len(self.sales)]
        selling, paid = self.world.selling, order(sale.number, sale.unit or 1)
        if sale.unit is None:
            again = self._try(lambda: selling.sell(sale.seller, sale.first.handle, paid))
        else:
            again = self._try(lambda: selling.sell_any(sale.seller, list(self.handles), paid))
        place = sale.first.handle
        custody = self.world.replay(place.batch_id, place.index)
        stands = custody.life(sale.first.recorded.entry.party) is not None
        if again is None:
            party = self.world.parties.get(sale.seller)
            assert not stands or party.suspended or party.successor is not None
            return
        assert stands
        assert again.replayed
        assert again.recorded == sale.first.recorded
        assert (again.handle, again.token) == (sale.first.handle, sale.first.token)

    @precondition(lambda self: self.sales)
    @rule(pick=picks, kind=st.sampled_from(ACTS), who=usually, named=st.booleans())
    def act_on_a_sold_key(self, pick: int, kind: EntryType, who: str | None, named: bool) -> None:
        sale = self.sales[-1 - pick % len(self.sales)]
        actor = self._heir_of(sale.seller) if who is None else self.address[who]
        party = sale.first.recorded.entry.party if named else None
        self._try(lambda: self.world.custody.act(sale.first.handle, Act(kind, actor, party)))

    @precondition(lambda self: self.sales)
    @rule(pick=picks, kind=st.sampled_from([EntryType.REDEEM, EntryType.REINSTATE]))
    def act_as_buyer(self, pick: int, kind: EntryType) -> None:
        sold = self.sales[-1 - pick % len(self.sales)].first
        self._try(lambda: self.world.custody.act_as_buyer(sold.handle, kind, sold.token))

    @precondition(lambda self: self.sales)
    @rule(pick=picks, by_issuer=st.booleans(), back=st.sampled_from([False, False, True]))
    def live_on(self, pick: int, by_issuer: bool, back: bool) -> None:
        """The next act in the life of a sale, or the newest taken back, by whoever may."""
        sale = self.sales[-1 - pick % len(self.sales)]
        handle, entry = sale.first.handle, sale.first.recorded.entry
        life = self.world.replay(handle.batch_id, handle.index).life(entry.party)
        if life is None or life.state is State.VOID:
            return
        custody, issuer = self.world.custody, Act(EntryType.REDEEM, self.address["issuer"], entry.party)
        if back:
            actor = self._heir_of(life.last.entry.actor)
            self._try(lambda: custody.act(handle, Act(EntryType.REINSTATE, actor, entry.party)))
        elif life.state is State.SOLD and not by_issuer:
            seller = self._heir_of(sale.seller)
            self._try(lambda: custody.act(handle, Act(EntryType.DELIVER, seller, entry.party)))
        elif by_issuer:
            self._try(lambda: custody.act(handle, issuer))
        else:
            self._try(lambda: custody.act_as_buyer(handle, EntryType.REDEEM, sale.first.token))

    @rule(kind=st.sampled_from(ACTS), place=places, who=people)
    def act_on_any_key(self, kind: EntryType, place: int, who: str) -> None:
        self._try(lambda: self.world.custody.act(self._handle(place), Act(kind, self.address[who])))

    @rule(place=places, count=st.integers(2, 3))
    def recall(self, place: int, count: int) -> None:
        handle = self._handle(place)
        supplier = self.address["supplier"]
        self._try(lambda: self.world.recalls.recall(supplier, handle.batch_id, [(handle.index, count)]))

    @rule(place=places, back=st.integers(0, 8), who=usually)
    def correct(self, place: int, back: int, who: str | None) -> None:
        handle = self._handle(place)
        steps = self.world.replay(handle.batch_id, handle.index).steps
        meant = steps[max(0, len(steps) - 1 - back)]
        actor = self._heir_of(meant.entry.actor) if who is None else self.address[who]
        number = 0 if meant.index is None else meant.index
        self._try(lambda: self.world.custody.correct(handle, actor, number, {"meant": number}))

    # --- people and time

    @rule(who=people, lasting=st.sampled_from([True, False, False]))
    def suspend(self, who: str, lasting: bool) -> None:
        address = self.address[who]
        self._try(lambda: self.world.parties.suspend(OPERATOR, address, "why"))
        if not lasting:
            self.world.parties.admit(OPERATOR, who, ROLES[who], address=address)

    @rule()
    def readmit_everybody(self) -> None:
        for who, address in self.address.items():
            self.world.parties.admit(OPERATOR, who, ROLES[who], address=address)

    @rule(who=people)
    def succeed(self, who: str) -> None:
        old, heir = self.address[who], bytes([0x40 + len(self.heirs)]) * 20
        self.world.parties.succeed(OPERATOR, old, heir)
        self.address[who] = self.heirs[old] = heir

    @rule(step=st.sampled_from([1, 1, 500, 60_000, HOUR_MS, 8 * DAY_MS, 10 * DAY_MS, -1, -300]))
    def clock_steps(self, step: int) -> None:
        # Never so far back that the newest entries lie in the future: that is a fault of its own.
        self.world.clock.pass_ms(max(step, self.newest - 1_000 - self.world.clock.now()))
        self.newest = max(self.newest, self.world.clock.now())

    # --- the log

    @rule()
    def sequence(self) -> None:
        head = self.world.sequencer().sequence()
        if head is not None:
            assert head.size > self.head
            self.head = head.size

    @rule(point=st.sampled_from(POINTS))
    def crash_while_sequencing(self, point: str) -> None:
        with suppress(Crash):
            self.world.sequencer(hook=CrashAt(point)).sequence()

    # --- what must hold

    @rule(place=places)
    def the_supplier_is_told_the_state(self, place: int) -> None:
        handle = self._handle(place)
        try:
            viewer = Viewer(self.world.principal(self.address["supplier"]))
        except NotFound:
            return
        custody = audit(self.world.database).custody[handle.batch_id, handle.index]
        verdict = self.world.verification.verify(viewer, [handle])[0]
        if self.address["supplier"] == SUPPLIER:
            assert verdict.registry_status == custody.state.name
            assert verdict.facts["uses"] == len(custody.lives)

    @invariant()
    def the_log_is_lawful_and_the_tables_agree(self) -> None:
        self.steps += 1
        if (self.steps - 1) % self.apart:
            return
        found = audit(self.world.database)
        assert found.sequenced >= self.head
        self.newest = max(self.newest, *(one.time for one in found.log))
        assert self.newest <= self.world.clock.now() + 5_000
        # What was handed over, sold and voided is on keys that exist: nothing is lost or made up.
        assert len(found.custody) == len(self.handles)

    def _handle(self, place: int) -> Handle:
        return self.handles[place % len(self.handles)]

    def _by(self, who: str | None, handle: Handle) -> bytes:
        """The address of *who*, or of the key's holder."""
        if who is not None:
            return self.address[who]
        number = int.from_bytes(handle.batch_id)
        with self.world.database.read() as connection:
            return holdings.over(connection, number, [handle.index])[handle.index].holder

    def _heir_of(self, address: bytes) -> bytes:
        while address in self.heirs:
            address = self.heirs[address]
        return address

    def _try(self, doing: Callable[[], Any]) -> Any:
        try:
            return doing()
        except ProvenanceError as refused:
            assert refused.code not in OUR_FAULT, refused
            assert not isinstance(refused, Conflict) or refused.code in {
                "transfer_settled", "transfer_lapsed", "use_needed", "already_suspended", "succeeded",
                "party_exists",
            }  # fmt: skip
            return None


def explore(
    make: Callable[[], str], close: Callable[[str], None], *, examples: int, steps: int, apart: int = 1
) -> None:
    run_state_machine_as_test(
        lambda: Custody(make(), close, apart),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        ),
    )


def test_no_order_of_events_makes_the_log_unlawful(sqlite_databases: SqliteDatabases) -> None:
    explore(sqlite_databases.migrated, sqlite_databases.drop, examples=20, steps=40)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nor_does_a_long_series_of_them(sqlite_databases: SqliteDatabases) -> None:
    # What is unlawful stays in the log; looking at every step took as long as all the steps.
    explore(sqlite_databases.migrated, sqlite_databases.drop, examples=50, steps=80, apart=4)


@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_nor_on_postgresql(postgres_databases: PostgresDatabases) -> None:
    explore(postgres_databases.migrated, postgres_databases.drop, examples=12, steps=40)


def test_a_key_is_at_rest_in_one_of_five_states() -> None:
    assert [state.name for state in State] == ["REGISTERED", "SOLD", "DELIVERED", "REDEEMED", "VOID"]
