"""The sealed reserve: who may deposit what, what is taken and when, and what is left of a key afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provenance.core.entries import EntryType
from provenance.core.keyformats import CardKey
from provenance.errors import AccessDenied, InputRefused, ManyRefused, ProvenanceError, Refused
from provenance.services.acts import Act
from provenance.services.lawbook import Handle
from provenance.services.warranty.products import product_of
from provenance.services.warranty.reserves import Taken, open_for_buyer, seal_for_buyer, take
from provenance.store import reserves as store
from provenance.store.database import Database, Patience
from tests.services.custody_world import FORMAT, ISSUER, OPERATOR, OTHER_SHOP, SHOP, SUPPLIER, key_of, order
from tests.services.registration_world import sqlite_bytes
from tests.services.reserve_world import CLAIM, FIFTY, HUNDRED, PRODUCT, Reserved, reserved

TOKEN = bytes(range(32))


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[Reserved]:
    made = reserved(database_url, tmp_path)
    yield made
    made.database.dispose()


def code_of(refused: pytest.ExceptionInfo[ProvenanceError]) -> str:
    return refused.value.code


def why_not(world: Reserved, number: int, owner: bytes = SHOP) -> str:
    with pytest.raises(ProvenanceError) as refused:
        world.reserves.deposit(owner, [key_of(number)])
    assert world.free(owner) == 0
    return code_of(refused)


def sealed_of(world: Reserved) -> list[bytes | None]:
    with world.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT sealed FROM reserve ORDER BY deposited_at, idx")
        return [None if row[0] is None else bytes(row[0]) for row in rows]


def test_what_is_deposited_can_be_taken_once_and_its_sealed_bytes_are_gone(world: Reserved) -> None:
    (number,) = world.deposited(1)
    assert world.free() == 1 and sealed_of(world)[0]
    taken = world.taken()
    assert taken is not None
    assert (taken.owner, taken.key, taken.row.index) == (SHOP, key_of(number), 0)
    assert sealed_of(world) == [None]
    assert world.taken() is None
    (stock,) = world.reserves.counts(SHOP)
    assert (stock.product, stock.free, stock.taken) == (PRODUCT, 0, 1)
    assert stock.words == {"format": FORMAT, **FIFTY}


def test_the_key_that_lies_longest_of_the_first_owner_who_has_one_is_taken(world: Reserved) -> None:
    suppliers = world.deposited(1, SUPPLIER)
    world.clock.pass_ms(1)
    first = world.deposited(1)
    world.clock.pass_ms(1)
    second = world.deposited(1)
    taken = [world.taken(SHOP, SUPPLIER) for _ in range(4)]
    assert [one and (one.owner, one.key) for one in taken] == [
        (SHOP, key_of(first[0])),
        (SHOP, key_of(second[0])),
        (SUPPLIER, key_of(suppliers[0])),
        None,
    ]


def test_only_the_same_product_replaces_it(world: Reserved) -> None:
    world.deposited(1, details=HUNDRED)
    assert world.taken() is None
    assert world.taken(product=product_of(FORMAT, HUNDRED)) is not None


def test_a_product_is_its_format_words_value_and_currency() -> None:
    assert product_of(FORMAT, FIFTY) == product_of(FORMAT, {**FIFTY, "face_value": "50"})
    assert product_of(FORMAT, FIFTY) == product_of(FORMAT, {**FIFTY, "supplier_reference": "another"})
    others = [
        product_of("opaque", FIFTY),
        *(product_of(FORMAT, {**FIFTY, name: "5"}) for name in FIFTY),
        product_of(FORMAT, {**FIFTY, "face_value": "500"}),
        product_of(FORMAT, {**FIFTY, "face_value": "50.01"}),
    ]
    assert len({PRODUCT, *others}) == len(others) + 1


def test_depositing_twice_changes_nothing(world: Reserved) -> None:
    numbers = world.deposited(2)
    before = sealed_of(world)
    world.clock.pass_ms(5)
    again = world.reserves.deposit(SHOP, [key_of(number) for number in numbers])
    assert [one.deposited and one.deposited.again for one in again] == [True, True]
    assert sealed_of(world) == before and world.free() == 2


def test_a_key_that_is_not_his_to_sell_is_not_deposited(world: Reserved) -> None:
    sold, reserved_one, offered, voided = world.held(4)
    batch = Handle((1000).to_bytes(32), 0).batch_id
    world.selling.sell(SHOP, key_of(sold), order())
    world.reserving.reserve(SHOP, [key_of(reserved_one)])
    world.transfers.offer(SHOP, OTHER_SHOP, batch, [(2, 1)])
    world.custody.act(key_of(voided), Act(EntryType.VOID, SHOP))
    codes = [why_not(world, number) for number in (sold, reserved_one, offered, voided, 99)]
    assert codes == ["sold", "reserved", "in_transfer", "void", "unknown"]
    (of_another,) = world.held(1, OTHER_SHOP)
    assert why_not(world, of_another) == "not_holder"


def test_shared_expired_and_recalled_keys_are_not_deposited(world: Reserved) -> None:
    first = world.made
    world.batch(1, max_uses=3, holder=SHOP)
    world.batch(1, expires_at=world.clock.now() // 1000 + 60, holder=SHOP)
    recalled = world.batch(2, holder=SHOP)
    world.recalls.recall(SUPPLIER, recalled, [(0, 2)])
    world.clock.pass_ms(61_000)
    assert [why_not(world, first + n) for n in range(3)] == ["shared_key", "expired", "void"]


def test_a_deposit_is_all_or_nothing_or_says_for_each_why(world: Reserved) -> None:
    good, other = world.held(2)
    keys = [key_of(good), key_of(99), key_of(good), key_of(other)]
    with pytest.raises(ManyRefused) as refused:
        world.reserves.deposit(SHOP, keys)
    assert [(at, error.code) for at, error in refused.value.errors] == [
        (1, "unknown"),
        (2, "duplicate_key"),
    ]
    assert world.free() == 0
    outcomes = world.reserves.deposit(SHOP, keys, proceed=True)
    assert [one.refusal and one.refusal.code for one in outcomes] == [None, "unknown", "duplicate_key", None]
    assert world.free() == 2


def test_only_platforms_and_suppliers_that_may_act_deposit(world: Reserved) -> None:
    (number,) = world.held(1)
    with pytest.raises(AccessDenied) as refused:
        world.reserves.deposit(ISSUER, [key_of(number)])
    assert code_of(refused) == "role_missing"
    world.parties.suspend(OPERATOR, SHOP, "gone")
    with pytest.raises(AccessDenied) as refused:
        world.reserves.deposit(SHOP, [key_of(number)])
    assert code_of(refused) == "party_suspended"


@pytest.mark.parametrize("count", [0, 1_001])
def test_a_deposit_has_a_bound(world: Reserved, count: int) -> None:
    with pytest.raises(InputRefused) as refused:
        world.reserves.deposit(SHOP, [key_of(1)] * count)
    assert code_of(refused) == "too_many_keys_at_once"


def test_a_thousand_keys_are_one_deposit(world: Reserved) -> None:
    assert len(world.deposited(1_000)) == world.free() == 1_000


def test_what_became_of_a_key_elsewhere_passes_it_over(world: Reserved) -> None:
    sold, held_for_checkout, _offered, good = world.deposited(4)
    world.selling.sell(SHOP, key_of(sold), order())
    world.reserving.reserve(SHOP, [key_of(held_for_checkout)])
    world.transfers.offer(SHOP, OTHER_SHOP, (1000).to_bytes(32), [(2, 1)])
    assert world.free() == 1
    taken = world.taken()
    assert taken is not None and taken.key == key_of(good)
    assert world.taken() is None
    world.clock.pass_ms(world.limits.reservation_ms + 1)
    lapsed = world.taken()
    assert lapsed is not None and lapsed.key == key_of(held_for_checkout)


def test_a_recalled_batch_and_one_past_its_time_are_passed_over(world: Reserved) -> None:
    recalled = world.deposited(2)
    world.recalls.recall(SUPPLIER, (1000).to_bytes(32), [(0, len(recalled))])
    first = world.made
    world.batch(1, expires_at=world.clock.now() // 1000 + 60, holder=SHOP, details=FIFTY)
    world.reserves.deposit(SHOP, [key_of(first)])
    world.clock.pass_ms(61_000)
    assert world.free() == 0 and world.taken() is None


def test_a_key_that_changed_hands_is_kept_anew_by_its_new_holder(world: Reserved) -> None:
    (number,) = world.deposited(1)
    offer = world.transfers.offer(SHOP, OTHER_SHOP, (1000).to_bytes(32), [(0, 1)])
    world.transfers.accept(OTHER_SHOP, offer.transfer.id)
    assert world.taken() is None
    world.reserves.deposit(OTHER_SHOP, [key_of(number)])
    taken = world.taken(SHOP, OTHER_SHOP)
    assert taken is not None and taken.owner == OTHER_SHOP


def test_the_heir_of_a_party_has_its_reserve(world: Reserved) -> None:
    world.deposited(1)
    heir = bytes([0x55]) * 20
    world.parties.succeed(OPERATOR, SHOP, heir)
    taken = world.taken(SHOP)
    assert taken is not None and taken.owner == heir


def test_the_reserve_of_a_suspended_party_is_closed(world: Reserved) -> None:
    world.deposited(1)
    world.deposited(1, SUPPLIER)
    world.parties.suspend(OPERATOR, SHOP, "gone")
    taken = world.taken(bytes(20), SHOP, SUPPLIER)
    assert taken is not None and taken.owner == SUPPLIER


def test_a_transaction_that_breaks_off_leaves_the_key_free_and_sealed(world: Reserved) -> None:
    (number,) = world.deposited(1)
    before = sealed_of(world)
    with pytest.raises(RuntimeError), world.database.write() as connection:
        assert take(world.context, connection, [SHOP], PRODUCT, CLAIM, world.clock.now())
        raise RuntimeError("the claim could not be written")
    assert sealed_of(world) == before and world.free() == 1
    taken = world.taken()
    assert taken is not None and taken.key == key_of(number)


def test_withdrawn_keys_are_gone_and_can_be_sold_or_deposited_again(world: Reserved) -> None:
    numbers = world.deposited(4)
    batch = (1000).to_bytes(32)
    wanted = [Handle(batch, 0), Handle(batch, 3), Handle(batch, 77), Handle(bytes(32), 0)]
    assert world.reserves.withdraw(SHOP, wanted) == [Handle(batch, 0), Handle(batch, 3)]
    assert world.reserves.withdraw(SHOP, wanted) == []
    assert len(sealed_of(world)) == world.free() == 2
    assert len(world.reserves.withdraw(SHOP, PRODUCT, 1)) == 1
    assert len(world.reserves.withdraw(SHOP, PRODUCT)) == 1
    assert sealed_of(world) == [] and world.taken() is None
    world.selling.sell(SHOP, key_of(numbers[0]), order())
    world.reserves.deposit(SHOP, [key_of(numbers[1])])
    assert world.free() == 1


def test_nobody_withdraws_what_is_another_s_or_taken(world: Reserved) -> None:
    world.deposited(1)
    place = Handle((1000).to_bytes(32), 0)
    assert world.reserves.withdraw(OTHER_SHOP, [place]) == []
    assert world.reserves.withdraw(OTHER_SHOP, PRODUCT) == []
    assert world.taken() is not None
    assert world.reserves.withdraw(SHOP, [place]) == []
    (stock,) = world.reserves.counts(SHOP)
    assert stock.taken == 1


def test_keys_that_wait_for_nothing_are_swept(world: Reserved) -> None:
    sold, _handed_on, good = world.deposited(3)
    batch = (1000).to_bytes(32)
    world.selling.sell(SHOP, key_of(sold), order())
    offer = world.transfers.offer(SHOP, OTHER_SHOP, batch, [(1, 1)])
    assert world.reserves.sweep() == 1
    world.transfers.accept(OTHER_SHOP, offer.transfer.id)
    assert (world.reserves.sweep(), world.reserves.sweep()) == (1, 0)
    assert len(sealed_of(world)) == 1
    taken = world.taken()
    assert taken is not None and taken.key == key_of(good)


def test_32_takers_of_20_keys_get_20_different_keys(world: Reserved) -> None:
    numbers = world.deposited(20)
    gate = threading.Barrier(32)

    def taker(number: int) -> CardKey | None:
        gate.wait(60)
        taken = world.database.retrying(
            lambda connection: take(
                world.context, connection, [SHOP, SUPPLIER], PRODUCT, number.to_bytes(32), world.clock.now()
            )
        )
        return None if taken is None else taken.key

    with ThreadPoolExecutor(32) as pool:
        found = list(pool.map(taker, range(32)))
    got = [key for key in found if key is not None]
    assert len(got) == 20 and set(got) == {key_of(number) for number in numbers}
    assert sealed_of(world) == [None] * 20


def test_takers_do_not_wait_for_each_other(postgres_url: str, tmp_path: Path) -> None:
    world = Reserved(Database(postgres_url, patience=Patience(lock=200)), tmp_path)
    world.admit_everyone()
    world.deposited(2)
    now = world.clock.now()
    with world.database.write() as first, world.database.write() as second, world.database.write() as third:
        taken = [take(world.context, one, [SHOP], PRODUCT, CLAIM, now) for one in (first, second, third)]
        assert world.reserves.withdraw(SHOP, PRODUCT) == []
    assert taken[0] and taken[1] and taken[0].key != taken[1].key and taken[2] is None
    world.database.dispose()


def test_the_token_alone_opens_a_delivered_key(world: Reserved) -> None:
    order_id, key = world.order(), key_of(3)
    sealed = seal_for_buyer(world.context, TOKEN, order_id, key)
    with world.database.write() as connection:
        assert store.put_delivered(connection, order_id, sealed, world.clock.now())
        assert not store.put_delivered(connection, order_id, b"another", world.clock.now())
        kept = store.delivered(connection, order_id)
    assert kept == sealed and open_for_buyer(TOKEN, order_id, sealed) == key
    flipped = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    attempts = [
        (bytes(32), order_id, sealed), (TOKEN, bytes(32), sealed), (TOKEN, order_id, sealed[:-1]),
        (TOKEN, order_id, b""), *((TOKEN, order_id, one) for one in flipped),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(Refused) as refused:
            open_for_buyer(*attempt)
        assert code_of(refused) == "not_your_order"
        assert key.secret not in repr(refused.value) and refused.value.__cause__ is None
    with world.database.write() as connection:
        assert store.erase_delivered(connection, order_id)
        assert not store.erase_delivered(connection, order_id)
        assert store.delivered(connection, order_id) is None


@pytest.mark.parametrize("text", ["user----pass word", "ключ;卡密"])
def test_a_key_of_any_text_comes_back_as_it_was(sqlite_url: str, tmp_path: Path, text: str) -> None:
    world = reserved(sqlite_url, tmp_path)
    key = CardKey("opaque", "", text)
    assert open_for_buyer(TOKEN, CLAIM, seal_for_buyer(world.context, TOKEN, CLAIM, key)) == key
    world.database.dispose()


def test_no_key_or_token_stands_in_clear_in_the_database(sqlite_url: str, tmp_path: Path) -> None:
    world = reserved(sqlite_url, tmp_path)
    numbers = list(world.deposited(60))
    order_id = world.order()
    taken = world.taken()
    assert taken is not None
    with world.database.write() as connection:
        sealed = seal_for_buyer(world.context, TOKEN, order_id, taken.key)
        store.put_delivered(connection, order_id, sealed, world.clock.now())
    held = sqlite_bytes(sqlite_url)
    assert sealed in held
    for number in numbers[1:]:
        assert key_of(number).secret.encode() not in held and key_of(number).identity not in held
    assert TOKEN not in held and TOKEN.hex().encode() not in held
    world.database.dispose()


def test_nothing_about_a_key_shows_in_a_repr_or_an_error(world: Reserved) -> None:
    (number,) = world.deposited(1)
    key = key_of(number)
    taken = world.taken()
    assert isinstance(taken, Taken)
    with pytest.raises(ManyRefused) as refused:
        world.reserves.deposit(SHOP, [key, key_of(99)])
    shown = [repr(taken), repr(store.Kept(bytes(32), key.identity)), repr(refused.value)]
    shown += [repr(error) + repr(error.facts) for _, error in refused.value.errors]
    assert not any(key.secret in text or key.serial in text for text in shown)
