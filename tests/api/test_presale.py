"""A review before a sale, over HTTP from the request to the signature: what a platform and a reviewer do."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from sqlalchemy import insert
from werkzeug.test import TestResponse

from provenance.core import terms
from provenance.core.manifest import address_of
from provenance.core.terms import Tier
from provenance.store.schema_warranty import published_terms
from tests.api.world import Someone, World
from tests.services.evidence_world import DISGUISED, MP4, PDF

GRADED = terms.default_terms(Tier.GRADED)
HASH = terms.terms_hash(GRADED).hex()


class Reviewing:
    """A shop that holds a key, and reviewers with tokens and signing keys."""

    def __init__(self, world: World) -> None:
        self.world = world
        row = {
            "platform": world.shop.address, "hash": bytes.fromhex(HASH),
            "document": terms.encode(GRADED).decode(), "tier": "graded", "published_at": 1,
            "event": bytes(16),
        }  # fmt: skip
        with world.database.write() as connection:
            connection.execute(insert(published_terms), row)
        self.batch = world.batch(world.fresh_keys(2), world.shop)
        self.people = 0

    def person(self, party: Someone) -> tuple[str, bytes]:
        """Token and signing key."""
        self.people += 1
        key = bytes(31) + bytes([80 + self.people])
        made, token = self.world.services.parties.issue(party.address, "a person", ["review"])
        self.world.services.reviewers.add(made.id, f"p-{self.people}", (), address_of(key))
        return token, key

    def ask(self, price: str = "2000.00", **more: Any) -> TestResponse:
        body = {"key": {"batch": self.batch, "index": 0}, "terms": HASH, "price": price, "currency": "CNY"}
        return self.world.post(self.world.shop, "/presale/reviews", body | more)

    def hand_in(self, review: str, content: bytes = MP4, type: str = "video") -> TestResponse:
        path = f"/presale/reviews/{review}/uploads"
        ticket = self.world.post(self.world.shop, path, {"type": type, "size": len(content)})
        assert ticket.status_code == 201, ticket.text
        return self.world.call(
            None, "PUT", f"/evidence/uploads/{ticket.json['upload']}", data=content, content_type="video/mp4"
        )

    def look(self, who: Someone | str, review: str) -> TestResponse:
        return self.world.get(who, f"/presale/reviews/{review}")

    def decide(self, person: tuple[str, bytes], review: str, *failed: str) -> TestResponse:
        """Sign what the API shows, as a wallet does."""
        token, key = person
        typed = self.look(token, review).json["typed_data"]
        order = ["seller_identified", "ownership_shown", "contents_match", "access_shown", "not_reclaimable"]
        bits = sum(1 << [*order, "unused"].index(one) for one in failed)
        typed["message"] |= {"failed": bits, "verdict": 2 if failed else 1}
        signature = Account.sign_message(encode_typed_data(full_message=typed), key).signature
        body = {"failed": list(failed), "signature": "0x" + bytes(signature).hex()}
        return self.world.post(token, f"/presale/reviews/{review}/decision", body)


@pytest.fixture
def desk(world: World) -> Reviewing:
    return Reviewing(world)


def code(answered: TestResponse) -> tuple[int, str]:
    return answered.status_code, answered.json["code"]


def test_from_the_request_to_two_signatures(desk: Reviewing) -> None:
    world = desk.world
    asked = desk.ask("2000.01")
    assert asked.status_code == 201, asked.text
    review = asked.json["review"]
    one, two = desk.person(world.issuer), desk.person(world.operator)
    assert world.get(one[0], "/presale/reviews/waiting").json["reviews"] == []
    assert desk.hand_in(review).status_code == 201
    assert desk.hand_in(review, PDF, "ownership_report").status_code == 201
    assert [r["review"] for r in world.get(one[0], "/presale/reviews/waiting").json["reviews"]] == [review]
    video = hashlib.sha256(MP4).hexdigest()
    seen = world.get(one[0], f"/presale/reviews/{review}/files/{video}")
    assert (seen.data, seen.mimetype) == (MP4, "video/mp4")
    first, second = desk.decide(one, review), desk.decide(two, review)
    assert (first.json["state"], first.json["approvals"]) == ("open", 1)
    assert (second.json["state"], second.json["approvals"]) == ("approved", 2)
    assert second.json["receipt"] and second.json["event"]
    told = desk.look(world.shop, review).json
    assert [each["reviewer"] for each in told["signatures"]] == ["p-1", "p-2"]
    assert told["record"]["video"] == video
    assert world.get(world.shop, "/presale/reviews").json["reviews"][0]["state"] == "approved"


def test_a_reviewer_of_the_platform_or_the_supplier_does_not_even_see_it(desk: Reviewing) -> None:
    world, review = desk.world, desk.ask().json["review"]
    desk.hand_in(review)
    outsider = desk.person(world.issuer)
    typed = desk.look(outsider[0], review).json["typed_data"]
    for party in (world.shop, world.supplier):
        token, key = desk.person(party)
        signed = Account.sign_message(encode_typed_data(full_message=typed), key).signature
        body = {"failed": [], "signature": "0x" + bytes(signed).hex()}
        answered = world.post(token, f"/presale/reviews/{review}/decision", body)
        assert code(answered) == (409, "reviewer_conflict")
        zh = world.post(
            token, f"/presale/reviews/{review}/decision", body, headers={"Accept-Language": "zh-CN"}
        )
        assert zh.json["title"] == "利益冲突"
        if party is world.supplier:
            assert code(desk.look(token, review)) == (404, "unknown_review")
    assert code(desk.look(world.other_shop, review)) == (404, "unknown_review")
    assert desk.look(world.shop, review).json["state"] == "open"


def test_a_rejection_names_what_failed(desk: Reviewing) -> None:
    review = desk.ask().json["review"]
    desk.hand_in(review)
    done = desk.decide(desk.person(desk.world.issuer), review, "unused", "contents_match")
    assert (done.status_code, done.json["state"]) == (200, "rejected")
    assert code(desk.decide(desk.person(desk.world.issuer), review)) == (409, "review_closed")


def test_bad_requests_have_their_codes(desk: Reviewing) -> None:
    world = desk.world
    assert code(desk.ask(terms="00" * 32)) == (404, "unknown_terms")
    assert code(desk.ask(price="20.5")) == (422, "money_malformed")
    assert code(desk.ask(currency="XXX")) == (422, "currency_unknown")
    assert code(desk.ask(price="-1.00")) == (422, "invalid_request")
    assert code(desk.ask(key={"batch": "00" * 32, "index": 0})) == (404, "unknown")
    review = desk.ask().json["review"]
    assert code(desk.ask()) == (409, "review_open")
    path = f"/presale/reviews/{review}"
    too_large = world.post(world.shop, path + "/uploads", {"type": "video", "size": 5 << 30})
    assert code(too_large) == (413, "evidence_too_large")
    other_type = world.post(world.shop, path + "/uploads", {"type": "police_report", "size": 5})
    assert code(other_type) == (422, "evidence_type_not_taken")
    assert code(desk.hand_in(review, DISGUISED["an ELF program"])) == (415, "evidence_executable")
    token, _ = desk.person(world.issuer)
    none = world.post(token, path + "/decision", {"failed": [], "signature": "0x" + "11" * 65})
    assert code(none) == (409, "review_video_missing")
    desk.hand_in(review)
    wrong = world.post(token, path + "/decision", {"failed": [], "signature": "0x" + "11" * 65})
    assert code(wrong) == (422, "signature_invalid")
    unknown = world.post(token, path + "/decision", {"failed": ["dull"], "signature": "0x" + "11" * 65})
    assert code(unknown) == (422, "invalid_request")
    assert world.post(world.shop, path + "/withdraw").json["state"] == "withdrawn"
    assert code(world.post(world.shop, path + "/withdraw")) == (409, "review_closed")
