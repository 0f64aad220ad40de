"""A shop under warranty, spoken to by HTTP alone; its watch and its clock are moved by hand."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from werkzeug.test import TestResponse

from provenance.core import terms as rules
from provenance.core.entries import PartyReason
from provenance.core.terms import Tier
from provenance.services.warranty.watch import Watch
from tests.api.world import Someone, World, ref

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
PRICE = {"price": "49.50", "currency": "CNY"}
STRANGERS = "ab" * 32
"""An order token that bought nothing."""

_numbers = itertools.count(1)


def digest(name: object = None) -> str:
    return hashlib.sha256(f"{name or next(_numbers)}".encode()).hexdigest()


class Desk:
    """Terms are published; keys lie in the shop."""

    def __init__(self, world: World, keys: int = 6) -> None:
        self.world = world
        self.watch = Watch(world.context)
        self.keys = world.held_keys(keys, product="Gift", face_value="50", currency="CNY")
        self.terms: str = self.publish(default()).json["hash"]

    def publish(self, document: dict[str, Any], by: Someone | None = None) -> TestResponse:
        return self.world.post(by or self.world.shop, "/terms", document)

    def sell(self, number: int = 0, **changes: Any) -> TestResponse:
        paid = {"at": self.world.clock.now(), "record": digest()}
        body = {
            "key": ref(self.keys[number]), "number": f"A-{number}", **PRICE, "terms": self.terms,
            "paid": paid, **changes,
        }  # fmt: skip
        more = {"headers": {"Idempotency-Key": body.pop("once")}} if "once" in body else {}
        return self.world.post(self.world.shop, "/orders", body, **more)

    def bought(self, number: int = 0, **changes: Any) -> dict[str, Any]:
        """An order that stands in the log; its answer, order token and all."""
        answered = self.sell(number, **changes)
        assert answered.status_code == 201, answered.text
        self.world.sequence()
        sold: dict[str, Any] = answered.json
        return sold

    def deliver(self, sold: dict[str, Any]) -> None:
        done = self.world.post(self.world.shop, "/keys/deliver", {"key": sold["key"], "use": sold["use"]})
        assert done.status_code == 200, done.text
        self.world.sequence()

    def stock(self, *numbers: int) -> None:
        body = {"keys": [ref(self.keys[number]) for number in numbers]}
        done = self.world.post(self.world.shop, "/reserve", body)
        assert done.status_code == 200, done.text

    def tick(self, milliseconds: int = 0) -> None:
        self.world.clock.time += milliseconds
        self.world.sequence()
        assert list(self.watch.beat()) == []
        self.world.sequence()

    def status(self, token: str) -> TestResponse:
        return self.world.post(None, "/orders/status", {"order_token": token})

    def file(self, sold: dict[str, Any], *causes: str, **changes: Any) -> TestResponse:
        body = {"order_token": sold["order_token"], "order": sold["order"], "causes": list(causes), **changes}
        return self.world.post(None, "/claims", body)

    def act(self, sold: dict[str, Any], claim: str, what: str, **members: Any) -> TestResponse:
        return self.world.post(
            None, f"/claims/{claim}/{what}", {"order_token": sold["order_token"], **members}
        )

    def reviewer(self, person: str, of: Someone | None = None) -> str:
        """The token of somebody who reviews; by default he belongs to a party with no stake."""
        world = self.world
        if "panel" not in world.parties:
            world.admit("panel", PartyReason.AUDITOR, 90)
        party = of or world.parties["panel"]
        credential, token = world.services.parties.issue(party.address, person, ["review"])
        world.services.reviewers.add(credential.id, person)
        return token


def default() -> dict[str, Any]:
    return rules.to_json(rules.default_terms(Tier.SELF_OPERATED))
