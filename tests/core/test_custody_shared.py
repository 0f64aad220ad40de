"""Shared keys: a set of lives told apart by their use, never more sales than declared (FORMATS §5)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provenance.core.custody import accept
from provenance.core.lives import State
from provenance.core.parties import ListedParties
from provenance.errors import CustodyRefused
from tests.core.law_world import (
    ISSUER,
    OTHER_SHOP,
    OTHER_USE,
    SHOP,
    STRANGER,
    SUPPLIER,
    THIRD_USE,
    USE,
    T,
    Tale,
)  # fmt: skip


def shared(max_uses: int = 3) -> Tale:
    return Tale(max_uses=max_uses).at_shop()


def states(tale: Tale) -> dict[bytes, State]:
    return {life.party: life.state for life in tale.key.lives}


def test_lives_are_told_apart_by_their_use() -> None:
    tale = shared().happens(T.SELL, SHOP, USE).happens(T.SELL, SHOP, OTHER_USE)
    tale.happens(T.DELIVER, SHOP, USE).happens(T.REDEEM, USE, USE)
    assert states(tale) == {USE: State.REDEEMED, OTHER_USE: State.SOLD}
    assert tale.code_of(T.REDEEM, OTHER_USE, USE) == "redeemed"
    assert tale.code_of(T.REDEEM, USE, OTHER_USE) == "sold"
    assert tale.code_of(T.DELIVER, SHOP, THIRD_USE) == "no_such_use"


def test_the_same_use_is_not_sold_twice() -> None:
    assert shared().happens(T.SELL, SHOP, USE).code_of(T.SELL, SHOP, USE) == "sold"


def test_no_more_sales_stand_than_declared() -> None:
    tale = shared(2).happens(T.SELL, SHOP, USE)
    assert tale.key.state is State.REGISTERED
    tale.happens(T.SELL, SHOP, OTHER_USE)
    assert tale.key.state is State.SOLD
    assert tale.code_of(T.SELL, SHOP, THIRD_USE) == "sold"


def test_a_sale_taken_back_makes_room_and_a_voided_one_does_not() -> None:
    tale = shared(2).happens(T.SELL, SHOP, USE).happens(T.SELL, SHOP, OTHER_USE)
    tale.happens(T.VOID, SHOP, USE)
    assert tale.code_of(T.SELL, SHOP, THIRD_USE) in ("sold", "void")
    tale.happens(T.REINSTATE, SHOP, OTHER_USE)
    tale.happens(T.SELL, SHOP, THIRD_USE)
    assert states(tale) == {USE: State.VOID, THIRD_USE: State.SOLD}


def test_a_void_with_a_use_ends_that_life_alone() -> None:
    tale = shared().happens(T.SELL, SHOP, USE).happens(T.SELL, SHOP, OTHER_USE)
    assert tale.code_of(T.VOID, STRANGER, USE) == "not_entitled"
    assert tale.code_of(T.VOID, SUPPLIER, THIRD_USE) == "no_such_use"
    tale.happens(T.VOID, SUPPLIER, USE)
    assert states(tale) == {USE: State.VOID, OTHER_USE: State.SOLD}
    tale.happens(T.SELL, SHOP, THIRD_USE)


def test_a_void_without_a_use_ends_every_life_not_redeemed_and_bars_new_ones() -> None:
    tale = (
        shared(4).happens(T.SELL, SHOP, USE).happens(T.SELL, SHOP, OTHER_USE).happens(T.SELL, SHOP, THIRD_USE)
    )
    tale.happens(T.DELIVER, SHOP, USE).happens(T.REDEEM, USE, USE).happens(T.DELIVER, SHOP, OTHER_USE)
    tale.happens(T.VOID, SUPPLIER)
    assert states(tale) == {USE: State.REDEEMED, OTHER_USE: State.VOID, THIRD_USE: State.VOID}
    assert tale.key.state is State.VOID
    assert tale.code_of(T.SELL, SHOP, b"\xa9" * 20) == "void"
    assert tale.code_of(T.VOID, SUPPLIER) == "void"


def test_a_redemption_undone_after_a_void_of_one_key_comes_back_but_after_a_recall_is_void() -> None:
    for count, after in ((1, State.DELIVERED), (3, State.VOID)):
        tale = shared().happens(T.SELL, SHOP, USE).happens(T.DELIVER, SHOP, USE).happens(T.REDEEM, USE, USE)
        tale.happens(T.VOID, SUPPLIER, count=count)
        tale.happens(T.REINSTATE, USE, USE)
        assert states(tale) == {USE: after}
        assert tale.code_of(T.SELL, SHOP, OTHER_USE) == "void"


def test_a_sale_undone_after_a_void_leaves_no_room() -> None:
    tale = shared().happens(T.SELL, SHOP, USE).happens(T.REDEEM, ISSUER, USE).happens(T.VOID, SUPPLIER)
    tale.happens(T.REINSTATE, ISSUER, USE).happens(T.REINSTATE, SHOP, USE)
    assert (tale.key.lives, tale.key.state) == ((), State.VOID)
    assert tale.code_of(T.SELL, SHOP, USE) == "void"


def test_an_unsold_shared_key_is_not_redeemed_even_by_an_issuer() -> None:
    assert shared().code_of(T.REDEEM, ISSUER) == "not_sold"
    tale = shared().happens(T.SELL, SHOP, USE).happens(T.REDEEM, ISSUER, USE)
    assert states(tale) == {USE: State.REDEEMED}
    assert tale.code_of(T.REDEEM, ISSUER) == "no_such_use"


def test_a_shared_key_changes_hands_only_while_no_sale_stands() -> None:
    tale = shared().happens(T.SELL, SHOP, USE)
    assert tale.code_of(T.TRANSFER, SHOP, OTHER_SHOP) == "sold"
    voided = shared().happens(T.SELL, SHOP, USE).happens(T.VOID, SHOP, USE)
    assert voided.code_of(T.TRANSFER, SHOP, OTHER_SHOP) == "void"
    tale.happens(T.REINSTATE, SHOP, USE).happens(T.TRANSFER, SHOP, OTHER_SHOP)
    tale.happens(T.SELL, SHOP, OTHER_USE)
    assert tale.code_of(T.RECEIVE, OTHER_SHOP, SHOP) == "no_offer"
    tale.happens(T.REINSTATE, SHOP, OTHER_USE)
    assert tale.code_of(T.RECEIVE, OTHER_SHOP, SHOP) == "no_offer"
    tale.happens(T.TRANSFER, SHOP, OTHER_SHOP).happens(T.RECEIVE, OTHER_SHOP, SHOP)


def test_each_life_is_reissued_once() -> None:
    tale = shared().happens(T.SELL, SHOP, USE).happens(T.SELL, SHOP, OTHER_USE).happens(T.VOID, SUPPLIER)
    tale.happens(T.REISSUE, SHOP, USE).happens(T.REISSUE, SHOP, OTHER_USE)
    assert tale.code_of(T.REISSUE, SUPPLIER, USE) == "reissued"
    assert tale.code_of(T.REISSUE, SUPPLIER) == "no_such_use"


USES = [USE, OTHER_USE, THIRD_USE, b"\xa4" * 20, b"\xa5" * 20]
ACTS = st.tuples(
    st.sampled_from([T.SELL, T.SELL, T.DELIVER, T.REDEEM, T.REINSTATE, T.VOID, T.REISSUE, T.TRANSFER]),
    st.sampled_from([SHOP, SHOP, SHOP, SUPPLIER, OTHER_SHOP, ISSUER, *USES]),
    st.sampled_from([*USES, *USES, bytes(20), SHOP, OTHER_SHOP]),
    st.sampled_from([1, 1, 1, 2]),
    st.sampled_from([1, 864_000_001]),
)  # fmt: skip


@given(st.integers(1, 3), st.lists(ACTS, max_size=40))
def test_whatever_is_tried_no_more_sales_stand_than_declared(max_uses: int, acts: list[tuple]) -> None:  # type: ignore[type-arg]
    tale = Tale(max_uses=max_uses).at_shop()
    parties = ListedParties(tale.listed)
    standing: set[bytes] = set()  # told from the accepted entries alone
    redeemed: set[bytes] = set()
    for kind, actor, party, count, later in acts:
        if count > 1 and kind not in (T.VOID, T.TRANSFER):
            continue
        tale.time += later
        tale.log_index += 1
        step = tale.step(tale.entry(kind, actor, party, count=count))
        try:
            tale.key = accept(tale.key, step, parties)
        except CustodyRefused:
            continue
        if kind is T.SELL:
            assert party not in standing
            standing.add(party)
        elif kind is T.REDEEM:
            redeemed.add(party)
        elif kind is T.REINSTATE and party in redeemed:
            redeemed.discard(party)
        elif kind is T.REINSTATE:
            standing.discard(party)
        assert len(standing) <= max_uses
        assert {life.party for life in tale.key.lives if life.sell} == standing
