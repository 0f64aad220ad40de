"""Act three: hand-over, verification, sale, the refused second sale, and what follows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from provenance.demo.caller import Answer, Caller
from provenance.demo.world import World


def trade(world: World) -> None:
    """The life of some keys in two shops."""
    world.story.act("Trade: only the holder sells, and only once")
    hand_over(world)
    verify(world)
    sell(world)
    repeat_notifications(world)
    reserve(world)
    race(world)
    redeem(world)
    used_before(world)
    recall(world)


def hand_over(world: World) -> None:
    """Each supplier hands a batch to a shop: an offer, and its acceptance."""
    for shop, file, supplier in zip(world.shops, world.files, world.suppliers, strict=False):
        with world.story.step(
            "{supplier} hands {keys} keys to {shop}",
            supplier=supplier.caller.name, keys=len(file.keys), shop=shop.name,
        ) as step:  # fmt: skip
            whole = {"first": 0, "count": len(file.keys)}
            offer = supplier.caller.post(
                "/transfers", {"recipient": shop.address, "batch": file.batch, "ranges": [whole]}
            ).ok()
            refused = supplier.caller.post("/keys/sell", {"key": file.key(5), "order": "S-1"})
            refused.refused(409, "in_transfer")
            shop.post(f"/transfers/{offer['id']}/accept", {}).ok()
            step.show(entries=2, keys=len(file.keys))


def verify(world: World) -> None:
    """The shop verifies a thousand keys in one request; a stranger learns nothing by it."""
    file, shop = world.files[0], world.shops[0]
    count = min(1000, len(file.keys))
    with world.story.step("{shop} verifies {keys} keys in one request", shop=shop.name, keys=count) as step:
        answer = shop.post("/keys/verify", {"keys": [file.key(i) for i in range(count)]}).ok()
        codes = {verdict["verdict"] for verdict in answer["verdicts"]}
        step.expect(codes <= {"REGISTERED", "SUSPECT_DUPLICATE"}, f"unexpected verdicts {codes}")
        step.show(verdicts=", ".join(sorted(codes)))
    with world.story.step("a stranger gets the same answer for a good key and an unknown one") as step:
        known, unknown = file.key(1), {**file.key(1), "secret": _other(file.keys[1][1])}
        answers = [world.public.post("/public/check", {"key": key}) for key in (known, unknown)]
        told = [answer.ok()["verdict"] for answer in answers]
        if told[0] != "TOKEN_NEEDED":
            step.expect(set(told) <= {"CLEAN", "NOT_CLEAN", "UNKNOWN"}, f"a stranger is told {told}")
        else:
            step.expect(told[0] == told[1], f"a stranger can tell them apart: {told}")
        step.show(answers=" / ".join(told))


def sell(world: World) -> None:
    """One sale wins; the other shop is refused with the event that stood in the way."""
    file, shop, other = world.files[0], world.shops[0], world.shops[1]
    with world.story.step("{shop} sells a key; the buyer gets an order token", shop=shop.name) as step:
        sold = shop.post("/keys/sell", _order(file.key(3), "A-1001")).ok()
        world.sale = sold
        step.show(event=sold["event"], receipt=sold["receipt"]["signature"])
    with world.story.step("a second sale of it is refused, naming the first") as step:
        problem = shop.post("/keys/sell", _order(file.key(3), "A-2002")).refused(409, "sold")
        step.expect(problem["evidence"]["event"] == sold["event"], "another event is named")
        step.show(code=problem["code"], by=problem["evidence"]["event"], at=problem["evidence"]["time"])
    with world.story.step("{shop} cannot sell it either", shop=other.name) as step:
        problem = other.post("/keys/sell", _order(file.key(3), "B-1")).refused(409, "sold", "not_holder")
        step.expect("event" in problem["evidence"], "no evidence is named")
        step.show(code=problem["code"], by=problem["evidence"]["event"])
    with world.story.step(
        "{other} cannot sell a key that {shop} holds", other=other.name, shop=shop.name
    ) as step:
        problem = other.post("/keys/sell", _order(file.key(4), "B-2")).refused(409, "not_holder")
        step.show(code=problem["code"], by=problem["evidence"]["event"])


def repeat_notifications(world: World) -> None:
    """A payment provider repeats itself ten times at once."""
    file, shop = world.files[0], world.shops[0]
    body = {"any_of": [file.key(i) for i in range(10, 20)], "order": "A-1002", "unit": 1}

    def notify(_: int) -> Answer:
        return _patiently(shop, "/keys/sell", body, "payment-77")

    with world.story.step("ten identical payment notifications: one key, ten equal answers") as step:
        with ThreadPoolExecutor(10) as pool:
            answers = [answer.ok() for answer in pool.map(notify, range(10))]
        events = {answer["event"] for answer in answers}
        tokens = {answer["order_token"] for answer in answers}
        step.expect(len(events) == len(tokens) == 1, f"{len(events)} keys went out for one payment")
        step.show(event=events.pop(), answers=len(answers))


def reserve(world: World) -> None:
    """A reservation keeps a key for its checkout."""
    file, shop = world.files[0], world.shops[0]
    with world.story.step("a reserved key is kept for its checkout") as step:
        held = shop.post("/keys/reserve", {"key": file.key(30)}).ok()
        shop.post("/keys/sell", _order(file.key(30), "A-1003")).refused(409, "reserved")
        shop.post("/keys/sell", _order(file.key(30), "A-1004") | {"reservation": held["reservation"]}).ok()
        step.show(reservation=held["reservation"])


def race(world: World) -> None:
    """Thirty-two checkouts of two shops for one key."""
    file, shops = world.files[0], world.shops

    def attempt(number: int) -> Answer:
        return shops[number % 2].post("/keys/sell", _order(file.key(40), f"R-{number}"))

    with world.story.step("32 checkouts in two shops race for one key: exactly one wins") as step:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(attempt, range(32)))
        won = [answer for answer in answers if answer.status == 200]
        lost = [answer.code for answer in answers if answer.status == 409]
        step.expect(len(won) == 1 and len(lost) == 31, f"{len(won)} won, {len(lost)} were refused")
        step.expect(set(lost) <= {"sold", "not_holder"}, f"refused by {set(lost)}")
        step.show(winner=won[0].body["event"], refused=len(lost))


def redeem(world: World) -> None:
    """Delivery by the seller, redemption by the buyer's own word."""
    file, shop = world.files[0], world.shops[0]
    with world.story.step("the seller delivers; the buyer redeems with the order token, once") as step:
        shop.post("/keys/deliver", {"key": file.key(3)}).ok()
        mine = {"key": file.key(3), "order_token": world.sale["order_token"]}
        checked = world.public.post("/public/check", mine).ok()
        step.expect(checked["verdict"] == "SOLD_TO_YOU", f"the buyer is told {checked['verdict']}")
        done = world.public.post("/keys/redeem", mine).ok()
        world.public.post("/keys/redeem", mine).refused(409, "redeemed")
        step.show(event=done["event"])


def used_before(world: World) -> None:
    """The issuer says that a key was used before anybody sold it."""
    file, shop, issuer = world.files[0], world.shops[0], world.issuer
    assert issuer is not None  # noqa: S101 - the cast is complete when the trade begins
    with world.story.step("a key that the issuer saw used is not sold any more") as step:
        issuer.post("/keys/redeem", {"key": file.key(50), "reason": 1}).ok()
        problem = shop.post("/keys/sell", _order(file.key(50), "A-1005")).refused(409, "redeemed")
        step.show(code=problem["code"], by=problem["evidence"]["event"])


def recall(world: World) -> None:
    """The supplier recalls a range: one entry, however many keys."""
    file, shop, supplier = world.files[0], world.shops[0], world.suppliers[0].caller
    first, count = len(file.keys) // 2, len(file.keys) // 4
    with world.story.step("the supplier recalls {keys} keys with one entry", keys=count) as step:
        where = {"batch": file.batch, "first": first, "count": count}
        supplier.post("/keys/void", {"range": where, "reason": 1}).ok()
        shop.post("/keys/sell", _order(file.key(first + 1), "A-1006")).refused(409, "void")
        step.show(keys=count)


def _order(key: dict[str, Any], number: str) -> dict[str, Any]:
    return {"key": key, "order": number, "details": {"price": "49.50", "currency": "CNY"}}


def _patiently(caller: Caller, path: str, body: Any, key: str) -> Answer:
    """As a payment provider does it: an answer that says *in flight* is asked for again."""
    for _ in range(100):
        answer = caller.post(path, body, key=key)
        if not (answer.status == 409 and answer.code == "request_in_flight"):
            return answer
    return answer


def _other(secret: str) -> str:
    last = "1" if secret[-1] == "0" else "0"
    return secret[:-1] + last
