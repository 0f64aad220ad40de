"""Offers over HTTP: for orders of one's own, as the terms promise, signed by the account that is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from provenance.chain.ethereum import Account
from provenance.core import terms as rules
from provenance.core.manifest import address_of, sign
from provenance.core.terms import Tier
from tests.api.desk import STRANGERS, Desk, default, digest
from tests.api.world import World

CONTRACT = "0x" + "ec" * 20
BUYER, PLATFORM_KEY, ARBITER = "0x" + "b1" * 20, bytes(31) + b"\x77", "0x" + "ab" * 20
PLATFORM = "0x" + address_of(PLATFORM_KEY).hex()
THEIRS = bytes(31) + b"\x78"


class Offering(Desk):
    """A shop whose terms are of the escrow tier, with one order that is not paid yet."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.terms = self.publish(rules.to_json(rules.default_terms(Tier.ESCROW))).json["hash"]
        self.sold = self.bought(0, paid=None)

    def body(self, **changes: Any) -> dict[str, Any]:
        return {
            "order": self.sold["order"], "buyer": BUYER, "platform": PLATFORM,
            "issuer": self.world.issuer.hex, "amount": "1000000000000000000",
            "valid_until": self.world.clock.time // 1000 + 3600, **changes,
        }  # fmt: skip

    def offered(self, **changes: Any) -> dict[str, Any]:
        made = self.world.post(self.world.shop, "/escrow/offers", self.body(**changes))
        assert made.status_code == 201, made.text
        told: dict[str, Any] = made.json
        return told

    def signed(self, offer: dict[str, Any], key: bytes = PLATFORM_KEY) -> Any:
        signature = "0x" + sign(key, bytes.fromhex(offer["digest"])).hex()
        path = f"/escrow/offers/{offer['digest']}/signature"
        return self.world.post(self.world.shop, path, {"signature": signature})


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[Offering]:
    world = World(sqlite_url, tmp_path, {"escrow": CONTRACT, "escrow_arbiter": ARBITER})
    yield Offering(world)
    world.close()


def test_an_offer_holds_what_the_terms_promise_and_a_wallet_can_sign_it(shop: Offering) -> None:
    offer = shop.offered()
    told = offer["offer"]
    assert (told["index"], told["terms"]) == (shop.sold["key"]["index"], "0x" + shop.terms)
    assert told["acceptance_window"] == 30 * 86_400
    # The dearest remedy of these terms pays double: beside the price as much again is held.
    assert (told["amount"], told["compensation"]) == ("1000000000000000000", "1000000000000000000")
    assert told["arbiter"] == ARBITER
    wallet = Account.from_key(PLATFORM_KEY).sign_typed_data(full_message=offer["typed_data"])
    assert (
        wallet.signature.hex().removeprefix("0x") == sign(PLATFORM_KEY, bytes.fromhex(offer["digest"])).hex()
    )
    assert offer["transaction"] is None
    paid_by = shop.signed(offer).json["transaction"]
    assert (paid_by["to"], paid_by["value"]) == (CONTRACT, "1000000000000000000")
    (seen,) = shop.world.post(None, "/escrow/status", {"order_token": shop.sold["order_token"]}).json[
        "orders"
    ]
    assert (seen["offers"][0]["transaction"], seen["deposit"], seen["freeze"]) == (paid_by, None, None)


def test_the_same_offer_again_is_the_one_that_is_there(shop: Offering) -> None:
    first = shop.offered()
    assert shop.offered() == first
    assert shop.signed(first).json == shop.signed(first).json


REFUSED: Final[tuple[tuple[dict[str, Any], int, str], ...]] = (
    ({"order": digest()}, 404, "unknown_order"),
    ({"issuer": "0x" + "66" * 20}, 422, "not_an_issuer"),
    ({"amount": "0"}, 422, "order_malformed"),
    ({"amount": "9" * 39}, 422, "order_malformed"),
    ({"amount": "-1"}, 422, "invalid_request"),
    ({"amount": 5}, 422, "invalid_request"),
    ({"arbiter": BUYER}, 422, "arbiter_is_party"),
    ({"arbiter": PLATFORM}, 422, "arbiter_is_party"),
    ({"valid_until": 1}, 422, "offer_validity"),
    ({"valid_until": 4_000_000_000}, 422, "offer_validity"),
    ({"windows": {"answer": 30 * 86_400}}, 422, "window_out_of_bounds"),
    ({"windows": {"ruling": 0}}, 422, "invalid_request"),
    ({"windows": {"acceptance": 1}}, 422, "invalid_request"),
)


def test_an_offer_that_cannot_hold_is_refused_and_nothing_is_kept(shop: Offering) -> None:
    for changes, status, code in REFUSED:
        refused = shop.world.post(shop.world.shop, "/escrow/offers", shop.body(**changes))
        assert (refused.status_code, refused.json["code"]) == (status, code), changes
    own = shop.world.get(shop.world.shop, f"/escrow/orders/{shop.sold['order']}").json
    assert own["offers"] == []


def test_nobody_offers_signs_or_reads_for_anothers_order(shop: Offering) -> None:
    world, offer = shop.world, shop.offered()
    path = f"/escrow/offers/{offer['digest']}/signature"
    good = {"signature": "0x" + sign(PLATFORM_KEY, bytes.fromhex(offer["digest"])).hex()}
    assert world.post(world.other_shop, "/escrow/offers", shop.body()).json["code"] == "not_platform"
    assert world.post(world.other_shop, path, good).json["code"] == "unknown_offer"
    assert world.get(world.other_shop, f"/escrow/orders/{shop.sold['order']}").json["code"] == "not_platform"
    assert world.post(None, "/escrow/status", {"order_token": STRANGERS}).json["code"] == "unknown_order"
    assert world.post(None, "/escrow/offers", shop.body()).status_code == 401
    own = world.get(world.shop, f"/escrow/orders/{shop.sold['order']}").json
    assert [one["signature"] for one in own["offers"]] == [None]


def test_a_strangers_signature_is_refused_and_the_offer_stays_unsigned(shop: Offering) -> None:
    offer = shop.offered()
    assert shop.signed(offer, THEIRS).json["code"] == "signer_is_not_platform"
    path = f"/escrow/offers/{offer['digest']}/signature"
    nobodys = shop.world.post(shop.world.shop, path, {"signature": "0x" + "00" * 65})
    assert nobodys.json["code"] == "signature_invalid"
    own = shop.world.get(shop.world.shop, f"/escrow/orders/{shop.sold['order']}").json
    assert own["offers"][0]["transaction"] is None


def test_terms_of_another_tier_and_orders_that_are_paid_have_no_deposit(shop: Offering) -> None:
    shop.terms = shop.publish(default()).json["hash"]
    paid = shop.bought(1)
    refused = shop.world.post(shop.world.shop, "/escrow/offers", shop.body(order=paid["order"]))
    assert refused.json["code"] == "tier_not_escrow"


def test_an_order_has_a_bounded_number_of_offers(shop: Offering) -> None:
    for units in range(1, 17):
        shop.offered(amount=str(units))
    refused = shop.world.post(shop.world.shop, "/escrow/offers", shop.body(amount="99"))
    assert (refused.status_code, refused.json["code"]) == (429, "offers_full")


def test_where_no_escrow_is_configured_the_routes_say_so(quick: World) -> None:
    assert quick.get(None, "/escrow").json["code"] == "no_escrow"
    body = {
        "order": digest(), "buyer": BUYER, "platform": PLATFORM, "issuer": quick.issuer.hex,
        "amount": "1", "valid_until": quick.clock.time // 1000 + 60,
    }  # fmt: skip
    assert quick.post(quick.shop, "/escrow/offers", body).json["code"] == "no_escrow"
