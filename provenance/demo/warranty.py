"""Act four: a warranty that acts by itself, over HTTP, with a buyer who has nothing but an order token."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from provenance.core import terms as rules
from provenance.core.terms import Tier
from provenance.demo.caller import Caller
from provenance.demo.world import RegisteredFile, World

THRESHOLD_S = 2
"""Five minutes would be long for a demo; the rule is the same."""
_TEXT = {
    "zh-CN": f"付款后超过 {THRESHOLD_S} 秒仍未交付卡密的，系统自动立案：先补发一张卡密并赠送 1.00 元优惠券；"
    "备货不足时全额退款并赠送同额优惠券。",
    "en": f"If the key is not delivered within {THRESHOLD_S} seconds of payment, a claim opens by itself: a "
    "replacement key and a voucher of 1.00 CNY; with no stock left, a full refund and the same voucher.",
}
_VAGUE = "质量问题全包，最终解释权归本平台。"
_LATE, _USED, _RESERVE = 20, 21, 22
"""Keys of the second shop: two that are sold, and one that waits for a fault."""


def warrant(world: World) -> None:
    """Terms that are pinned, faults that are noticed, remedies that happen."""
    world.story.act("Warranty: terms that bind, and remedies that nobody has to ask for")
    terms = publish(world)
    put_aside(world)
    late(world, terms)
    used_by_another(world, terms)


def publish(world: World) -> str:
    """Vague terms are refused with the sentence to write instead; clear ones are an entry of the log."""
    shop = world.shops[1]
    document = rules.to_json(rules.default_terms(Tier.SELF_OPERATED)) | {"id": "demo"}
    document["causes"][0] |= {"threshold_s": THRESHOLD_S, "text": _TEXT}
    with world.story.step("vague terms are refused, with the sentence to write instead") as step:
        vague = {**document, "cover": {**document["cover"], "text": {**document["cover"]["text"]}}}
        vague["cover"]["text"]["zh-CN"] += _VAGUE
        problem = shop.post("/terms", vague).refused(422, "terms_vague")
        codes = sorted({flaw["code"] for flaw in problem["facts"]["flaws"]})
        step.expect("final_interpretation" in codes, f"only {codes} were found")
        step.show(vague=", ".join(codes))
    with world.story.step("{shop} publishes terms that a machine can read", shop=shop.name) as step:
        made = shop.post("/terms", document).ok()
        step.expect(made["hash"] == rules.terms_hash(rules.from_json(document)).hex(), "another hash")
        step.show(hash=made["hash"])
    return str(made["hash"])


def put_aside(world: World) -> None:
    """A sealed reserve for reissue: the one exception to "no key is stored"."""
    shop, file = world.shops[1], world.files[1]
    with world.story.step(
        "{shop} puts a key aside, sealed, for whoever gets a bad one", shop=shop.name
    ) as step:
        shop.post("/reserve", {"keys": [file.key(_RESERVE)]}).ok()
        step.show(keys=1)


def late(world: World, terms: str) -> None:
    """Paid and not delivered: the system notices, and the buyer has another key before he complains."""
    shop, file = world.shops[1], world.files[1]
    sold = _buy(shop, file, _LATE, terms, "W-1")
    with world.story.step("an order that is not delivered in time is reissued by itself") as step:
        order = _until(world, sold, "a replacement", lambda told: told["replacement"])
        claim = order["claims"][0]
        step.expect(claim["origin"] == "detected", "the buyer had to claim")
        took = claim["remedy"]["at"] - order["created_at"]
        step.expect(took > THRESHOLD_S * 1000, "it was noticed before it was late")
        step.show(cause=claim["causes"][0], seconds_from_sale_to_remedy=took / 1000)
    with world.story.step("the buyer opens the new key with the order token; nobody else can") as step:
        asked = {"order_token": sold["order_token"], "order": order["replacement"]}
        key = world.public.post("/orders/replacement-key", asked).ok()
        step.expect(key["secret"] == file.key(_RESERVE)["secret"], "another key")
        world.public.post("/orders/replacement-key", asked | {"order_token": "00" * 32}).refused(
            404, "unknown_order"
        )
        problem = shop.post("/keys/deliver", {"key": file.key(_LATE)}).refused(409, "void")
        step.show(the_old_key=problem["code"])


def used_by_another(world: World, terms: str) -> None:
    """The issuer saw the key used before its sale: money back, to the cent, and the supplier answers."""
    shop, file, issuer = world.shops[1], world.files[1], world.issuer
    assert issuer is not None  # noqa: S101 - the cast is complete when the trade begins
    sold = world.warranted = _buy(shop, file, _USED, terms, "W-2")
    shop.post("/keys/deliver", {"key": file.key(_USED)}).ok()
    with world.story.step("a key that somebody used first is paid back, for the reserve is empty") as step:
        issuer.post("/keys/redeem", {"key": file.key(_USED), "use": sold["use"], "reason": 1}).ok()
        order = _until(world, sold, "a claim", lambda told: told["claims"] and told["claims"][0]["owed"])
        claim = order["claims"][0]
        owed = {"amount": claim["owed"], "currency": order["currency"], "record": _record(sold["event"])}
        less = {**owed, "amount": "1.00"}
        shop.post(f"/claims/{claim['claim']}/paid", less).refused(409, "payment_mismatch")
        paid = shop.post(f"/claims/{claim['claim']}/paid", owed).ok()
        step.expect(paid["state"] == "remedied", f"the claim is {paid['state']}")
        step.show(paid=claim["owed"], liable=paid["liability"])
    with world.story.step("the supplier is asked for what the remedy cost") as step:
        supplier = world.suppliers[1].caller
        asked = supplier.get(f"/recourses/{claim['claim']}").ok()
        step.show(state=asked["state"], amount=asked["amount"])


def _buy(shop: Caller, file: RegisteredFile, index: int, terms: str, number: str) -> dict[str, Any]:
    paid = {"at": time.time_ns() // 1_000_000, "record": _record(number)}
    wish = {"key": file.key(index), "number": number, "price": "49.50", "currency": "CNY"}
    sold: dict[str, Any] = shop.post("/orders", {**wish, "terms": terms, "paid": paid}).ok()
    return sold


def _until(world: World, sold: dict[str, Any], what: str, holds: Any, seconds: float = 60.0) -> Any:
    """The buyer's view of the order, looked at until *holds*."""
    asked = {"order_token": sold["order_token"]}
    return world.public.wait_by(
        "/orders/status", asked, what, lambda body: next(filter(holds, body["orders"]), None), seconds
    )


def _record(name: str) -> str:
    """Stands for the digest of a payment service's record."""
    return hashlib.sha256(f"payment record of {name}".encode()).hexdigest()
