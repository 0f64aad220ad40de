"""Every row of the law against every state, actor and party: what FORMATS §5 lists is lawful, no more."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from provenance.core.custody import accept
from provenance.core.entries import ZERO_ADDRESS, EntryType, number_party
from provenance.core.lives import State
from provenance.core.parties import ListedParties
from provenance.errors import CustodyRefused
from tests.core.law_world import (
    ISSUER,
    OPERATOR,
    OTHER_SHOP,
    OTHER_USE,
    SHOP,
    STRANGER,
    SUPPLIER,
    USE,
    T,
    Tale,
)  # fmt: skip

STATES: dict[str, Callable[[], Tale]] = {
    "registered": lambda: Tale().at_shop(),
    "sold": lambda: Tale().sold(),
    "delivered": lambda: Tale().delivered(),
    "redeemed by seller": lambda: Tale().delivered().happens(T.REDEEM, SHOP, USE),
    "redeemed by buyer": lambda: Tale().delivered().happens(T.REDEEM, USE, USE),
    "redeemed by issuer from sold": lambda: Tale().sold().happens(T.REDEEM, ISSUER, USE),
    "redeemed by issuer unsold": lambda: Tale().at_shop().happens(T.REDEEM, ISSUER),
    "void unsold": lambda: Tale().at_shop().happens(T.VOID, SHOP),
    "void after sale": lambda: Tale().sold().happens(T.VOID, SHOP, USE),
    "recalled unsold": lambda: Tale().at_shop().happens(T.VOID, SUPPLIER, first=2, count=3),
    "recalled after delivery": lambda: Tale().delivered().happens(T.VOID, SUPPLIER, first=2, count=3),
    "void and reissued": lambda: Tale().sold().happens(T.VOID, SHOP, USE).happens(T.REISSUE, SHOP, USE),
}
ACTORS = {
    "supplier": SUPPLIER, "holder": SHOP, "other shop": OTHER_SHOP, "issuer": ISSUER, "operator": OPERATOR,
    "buyer": USE, "other buyer": OTHER_USE, "stranger": STRANGER,
}  # fmt: skip
PARTIES = {
    "nobody": ZERO_ADDRESS, "use": USE, "other use": OTHER_USE, "holder": SHOP, "supplier": SUPPLIER,
    "log index 101": number_party(101),
}  # fmt: skip
ADDRESSES = {name for name in PARTIES if name != "nobody"}

REGISTERED, SOLD, DELIVERED, REDEEMED, VOID = State

# (type, from) → who may with which party, and the state after. 101 is the log index of the COMMISSION.
Row = dict[tuple[str, str], State]


def row(to: State, actors: str, parties: str | set[str]) -> Row:
    named = {parties} if isinstance(parties, str) else parties
    return {(actor, party): to for actor in actors.split(", ") for party in named}


ANY_USE = ADDRESSES  # a use cannot be told from another address
LAWFUL: dict[tuple[EntryType, str], Row] = {
    (T.TRANSFER, "registered"): row(REGISTERED, "holder", ADDRESSES - {"holder"}),
    (T.SELL, "registered"): row(SOLD, "holder", ANY_USE),
    (T.DELIVER, "sold"): row(DELIVERED, "holder", "use"),
    (T.REDEEM, "delivered"): row(REDEEMED, "holder, buyer, issuer", "use"),
    (T.REDEEM, "sold"): row(REDEEMED, "issuer", "use"),
    (T.REDEEM, "registered"): row(REDEEMED, "issuer", "nobody"),
    (T.REINSTATE, "sold"): row(REGISTERED, "holder", "use"),
    (T.REINSTATE, "redeemed by seller"): row(DELIVERED, "holder", "use"),
    (T.REINSTATE, "redeemed by buyer"): row(DELIVERED, "buyer", "use"),
    (T.REINSTATE, "redeemed by issuer from sold"): row(SOLD, "issuer", "use"),
    (T.REINSTATE, "redeemed by issuer unsold"): row(REGISTERED, "issuer", "nobody"),
    (T.VOID, "registered"): row(VOID, "supplier, holder", "nobody"),
    (T.VOID, "sold"): row(VOID, "supplier, holder", {"nobody", "use"}),
    (T.VOID, "delivered"): row(VOID, "supplier, holder", {"nobody", "use"}),
    (T.REISSUE, "redeemed by seller"): row(REDEEMED, "supplier, holder", "use"),
    (T.REISSUE, "redeemed by buyer"): row(REDEEMED, "supplier, holder", "use"),
    (T.REISSUE, "redeemed by issuer from sold"): row(REDEEMED, "supplier, holder", "use"),
    (T.REISSUE, "redeemed by issuer unsold"): row(REDEEMED, "supplier", "nobody"),
    (T.REISSUE, "void unsold"): row(VOID, "supplier", "nobody"),
    (T.REISSUE, "recalled unsold"): row(VOID, "supplier", "nobody"),
    (T.REISSUE, "void after sale"): row(VOID, "supplier, holder", "use"),
    (T.REISSUE, "recalled after delivery"): row(VOID, "supplier, holder", "use"),
}
ON_KEYS = [kind for kind in EntryType if kind < 32]


def corrections(name: str) -> Row:
    """A CORRECTION of the COMMISSION: by its actor or the operator, in every state, which stays."""
    return row(STATES[name]().key.state, "supplier, operator", "log index 101")


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("kind", ON_KEYS, ids=lambda kind: kind.name)
def test_every_act_is_lawful_exactly_where_the_table_says_so(kind: EntryType, name: str) -> None:
    expected = corrections(name) if kind is T.CORRECTION else LAWFUL.get((kind, name), {})
    before = STATES[name]()
    before.time += 1
    before.log_index += 1
    found: Row = {}
    for (actor, address), (party, place) in product(ACTORS.items(), PARTIES.items()):
        step = before.step(before.entry(kind, address, place))
        try:
            after = accept(before.key, step, ListedParties(before.listed))
        except CustodyRefused as refused:
            assert refused.code not in ("not_lawful", "refused")
        else:
            found[actor, party] = after.state
            assert after.steps == (*before.key.steps, step)
    assert found == expected


def test_the_table_speaks_of_known_states_and_of_every_type() -> None:
    assert {name for _, name in LAWFUL} <= set(STATES)
    elsewhere = {T.COMMISSION, T.RECEIVE, T.CORRECTION}
    assert {kind for kind, _ in LAWFUL} | elsewhere == set(ON_KEYS)


# The right actor with the right party in the wrong state: the code says what stands in the way.
WRONG_STATE = {
    T.TRANSFER: ("holder", "supplier", {
        "sold": "sold", "delivered": "sold", "redeemed by buyer": "redeemed",
        "redeemed by issuer unsold": "redeemed", "void unsold": "void", "void after sale": "void",
        "recalled unsold": "void",
    }),
    T.SELL: ("holder", "other use", {
        "sold": "sold", "delivered": "sold", "redeemed by seller": "redeemed",
        "redeemed by issuer unsold": "redeemed", "void unsold": "void", "void after sale": "void",
        "recalled unsold": "void", "recalled after delivery": "void",
    }),
    T.DELIVER: ("holder", "use", {
        "registered": "no_such_use", "delivered": "delivered", "redeemed by buyer": "redeemed",
        "void unsold": "void", "void after sale": "void",
    }),
    T.REDEEM: ("holder", "use", {
        "registered": "no_such_use", "sold": "sold", "redeemed by buyer": "redeemed",
        "void after sale": "void", "void unsold": "void",
    }),
    T.REINSTATE: ("holder", "use", {
        "registered": "no_such_use", "delivered": "delivered", "redeemed by buyer": "not_actor",
        "void after sale": "void", "recalled after delivery": "void",
    }),
    T.VOID: ("supplier", "nobody", {
        "redeemed by buyer": "redeemed", "redeemed by issuer unsold": "redeemed", "void unsold": "void",
        "void after sale": "void", "recalled unsold": "void",
    }),
    T.REISSUE: ("supplier", "use", {
        "registered": "no_such_use", "sold": "sold", "delivered": "delivered",
        "void and reissued": "reissued",
    }),
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [(kind, name, code) for kind, (_, _, codes) in WRONG_STATE.items() for name, code in codes.items()],
)
def test_the_wrong_state_is_named_in_the_code(kind: EntryType, name: str, code: str) -> None:
    actor, party, _ = WRONG_STATE[kind]
    assert STATES[name]().code_of(kind, ACTORS[actor], PARTIES[party]) == code


@pytest.mark.parametrize(
    ("kind", "name", "party", "code"),
    [
        (T.TRANSFER, "registered", "supplier", "not_holder"),
        (T.SELL, "registered", "use", "not_holder"),
        (T.DELIVER, "sold", "use", "not_seller"),
        (T.REDEEM, "delivered", "use", "not_entitled"),
        (T.REDEEM, "registered", "nobody", "not_sold"),
        (T.REINSTATE, "sold", "use", "not_actor"),
        (T.VOID, "registered", "nobody", "not_entitled"),
        (T.VOID, "sold", "use", "not_entitled"),
        (T.VOID, "delivered", "nobody", "not_entitled"),
        (T.REISSUE, "void unsold", "nobody", "not_entitled"),
        (T.REISSUE, "void after sale", "use", "not_entitled"),
        (T.CORRECTION, "sold", "log index 101", "not_entitled"),
        (T.RECEIVE, "registered", "supplier", "no_offer"),
    ],
)
def test_the_wrong_actor_is_named_in_the_code(kind: EntryType, name: str, party: str, code: str) -> None:
    assert STATES[name]().code_of(kind, STRANGER, PARTIES[party]) == code


def test_a_refused_sale_carries_the_entry_that_stands_in_the_way() -> None:
    tale = Tale().delivered()
    tale.time += 1
    tale.log_index += 1
    step = tale.step(tale.entry(T.SELL, SHOP, OTHER_USE))
    with pytest.raises(CustodyRefused) as caught:
        accept(tale.key, step, ListedParties(tale.listed))
    assert caught.value.evidence == tale.key.steps[-1]
