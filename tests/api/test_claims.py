"""Claims over HTTP: what a buyer may claim, who decides, and that no decision is made of free words."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from provenance.core.terms import EvidenceType, Source
from tests.api.desk import DAY, SECOND, Desk, digest
from tests.api.world import World


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


@pytest.fixture
def quick_desk(quick: World) -> Desk:
    return Desk(quick)


def in_review(desk: Desk, number: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order and a claim that a person has to decide."""
    sold = desk.bought(number)
    desk.deliver(sold)
    # What the buyer himself hands in decides nothing without a person.
    claim = desk.file(sold, "invalid_key", evidence=[shown(desk, sold, f"screen of order {number}")])
    assert claim.status_code == 201, claim.text
    return sold, claim.json


def decide(desk: Desk, token: str, claim: str, what: str, **members: Any) -> Any:
    return desk.world.post(token, f"/claims/{claim}/{what}", members)


def test_a_buyer_files_sees_and_withdraws_a_claim(desk: Desk) -> None:
    sold = desk.bought(0)
    desk.deliver(sold)
    filed = desk.file(sold, "invalid_key")
    assert filed.status_code == 201, filed.text
    assert (filed.json["origin"], filed.json["causes"]) == ("filed", ["invalid_key"])
    assert filed.json["deadline"] > desk.world.clock.now()
    assert "withdraw" in filed.json["buyer_may"]
    (order,) = desk.status(sold["order_token"]).json["orders"]
    assert [one["claim"] for one in order["claims"]] == [filed.json["claim"]]
    ended = desk.act(sold, filed.json["claim"], "withdraw")
    assert (ended.json["state"], ended.json["outcome"]) == ("closed", "withdrawn")
    assert desk.act(sold, filed.json["claim"], "appeal").json["code"] == "claim_closed"


def test_a_claim_filed_twice_with_one_key_is_one_claim(quick_desk: Desk) -> None:
    desk = quick_desk
    sold = desk.bought(0)
    desk.deliver(sold)
    body = {"order_token": sold["order_token"], "order": sold["order"], "causes": ["invalid_key"]}
    once = {"Idempotency-Key": "claim-1"}
    first, again = (desk.world.post(None, "/claims", body, headers=once) for _ in range(2))
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"


def test_claims_that_may_not_be_are_refused_and_nothing_moves(quick_desk: Desk) -> None:
    desk = quick_desk
    sold, other = desk.bought(0), desk.bought(1)
    desk.deliver(sold)
    mixed = sold | {"order": other["order"]}
    first = desk.file(sold, "invalid_key").json["claim"]
    refused = {
        "unknown_order": desk.file(mixed, "invalid_key"),
        "fault_already_claimed": desk.file(sold, "invalid_key"),
        "claim_already_open": desk.file(sold, "stolen"),
        "cause_not_covered": desk.file(other, "ownership_reclaimed"),
        "unknown_evidence": desk.file(other, "invalid_key", evidence=[digest()]),
        "invalid_request": desk.file(other, "i_do_not_like_it"),
    }
    assert {code: one.json["code"] for code, one in refused.items()} == {code: code for code in refused}
    assert desk.file(other, "invalid_key", words="give me my money").json["code"] == "invalid_request"
    (order,) = desk.status(other["order_token"]).json["orders"]
    assert order["claims"] == []
    desk.act(sold, first, "withdraw")
    desk.world.clock.time += 30 * DAY
    desk.world.sequence()
    late = desk.file(sold, "stolen")
    assert (late.status_code, late.json["code"]) == (409, "claim_after_window")


def test_evidence_that_serves_one_claim_serves_no_other(quick_desk: Desk) -> None:
    desk = quick_desk
    sold, other = desk.bought(0), desk.bought(1)
    for one in (sold, other):
        desk.deliver(one)
    shot = shown(desk, sold), shown(desk, other)
    assert shot[0] == shot[1]
    assert desk.file(sold, "invalid_key", evidence=[shot[0]]).status_code == 201
    refused = desk.file(other, "invalid_key", evidence=[shot[1]])
    assert (refused.status_code, refused.json["code"]) == (409, "evidence_already_used")


def shown(desk: Desk, sold: dict[str, Any], words: str = "the key is not accepted") -> str:
    """An issuer's answer as the buyer copied it, handed in to an order; its digest."""
    content = words.encode()
    kept = desk.world.services.evidence.put(
        bytes.fromhex(sold["order"]), b"\x07" * 20, EvidenceType.ISSUER_ANSWER, Source.BUYER,
        BytesIO(content), len(content),
    )  # fmt: skip
    return kept.digest.hex()


@pytest.mark.parametrize(
    "body",
    [
        {"code": "fault_not_found", "clause": "5.1", "evidence": ["00" * 32], "reason": "最终解释权归平台"},
        {"code": "final_interpretation", "clause": "5.1", "evidence": ["00" * 32]},
        {"code": "fault_not_found", "clause": "see our rules", "evidence": ["00" * 32]},
        {"code": "fault_not_found", "clause": "5.1", "evidence": []},
        {"code": "fault_not_found", "clause": "5.1", "evidence": ["we looked into it"]},
        {"reason": "buyer error"},
    ],
)
def test_a_rejection_in_free_words_cannot_be_said(quick_desk: Desk, body: dict[str, Any]) -> None:
    desk = quick_desk
    _, claim = in_review(desk)
    refused = decide(desk, desk.reviewer("anna"), claim["claim"], "reject", **body)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid_request")
    kept = desk.world.get(desk.world.shop, f"/claims/{claim['claim']}").json
    assert kept["state"] == claim["state"] == "review"


def test_a_reviewer_reads_what_can_be_cited_and_decides_once(desk: Desk) -> None:
    sold, claim = in_review(desk)
    anna = desk.reviewer("anna")
    seen = desk.world.get(anna, f"/claims/{claim['claim']}").json
    assert seen["steps"][0]["what"] == "claim.filed"
    assert {one["code"] for one in seen["exclusions"]}
    delivered = seen["facts"]["delivered"]["digest"]
    wrong = {"code": "fault_not_found", "clause": "99", "evidence": [delivered]}
    assert decide(desk, anna, claim["claim"], "reject", **wrong).json["code"] == "wrong_clause"
    right = wrong | {"clause": seen["clause"]["number"]}
    rejected = decide(desk, anna, claim["claim"], "reject", **right).json
    assert rejected["state"] == "rejected"
    assert rejected["rejection"]["clause"]["text"]["zh-CN"]
    appealed = desk.act(sold, claim["claim"], "appeal")
    assert appealed.json["state"] == "appealed"
    again = decide(desk, anna, claim["claim"], "approve", liability="supplier")
    assert again.json["code"] == "reviewer_decided_before"
    ben = decide(desk, desk.reviewer("ben"), claim["claim"], "approve", liability="supplier")
    assert ben.json["state"] in ("reissuing", "paying")
    assert ben.json["liability"] == "supplier"


def test_nobody_decides_about_his_own_platform_or_without_being_registered(quick_desk: Desk) -> None:
    desk = quick_desk
    _, claim = in_review(desk)
    for party in (desk.world.shop, desk.world.supplier):
        own = desk.reviewer(f"own-{party.hex[2:10]}", party)
        refused = decide(desk, own, claim["claim"], "approve", liability="nobody")
        assert (refused.status_code, refused.json["code"]) == (409, "reviewer_conflict")
    _, stranger = desk.world.services.parties.issue(desk.world.issuer.address, "x", ["review"])
    refused = decide(desk, stranger, claim["claim"], "approve", liability="nobody")
    assert (refused.status_code, refused.json["code"]) == (403, "not_reviewer")
    assert desk.world.get(desk.world.shop, f"/claims/{claim['claim']}").json["state"] == "review"


def test_a_platform_pays_to_the_cent_and_a_record_pays_one_claim(desk: Desk) -> None:
    sold, claim = in_review(desk)
    owed = decide(desk, desk.reviewer("anna"), claim["claim"], "approve", liability="supplier").json
    assert (owed["state"], owed["owed"]) == ("paying", "49.50")
    record = digest()
    path = f"/claims/{claim['claim']}/paid"
    paid = {"amount": "49.50", "currency": "CNY", "record": record}
    assert (
        desk.world.post(desk.world.shop, path, paid | {"amount": "49.49"}).json["code"] == "payment_mismatch"
    )
    assert desk.world.post(desk.world.other_shop, path, paid).status_code in (403, 404)
    done = desk.world.post(desk.world.shop, path, paid)
    assert (done.status_code, done.json["state"]) == (200, "remedied")
    assert desk.world.post(desk.world.shop, path, paid).status_code == 409
    (order,) = desk.status(sold["order_token"]).json["orders"]
    assert [one["state"] for one in order["payments"]] == ["paid"]
    assert desk.act(sold, claim["claim"], "confirm").json["outcome"] == "refunded"


def test_claims_are_listed_to_those_they_concern(quick_desk: Desk) -> None:
    desk = quick_desk
    world = desk.world
    claims = [in_review(desk, number)[1]["claim"] for number in range(3)]
    anna = desk.reviewer("anna")
    for who, query in (
        (world.shop, {}),
        (world.supplier, {"side": "supplier"}),
        (world.operator, {"side": "all"}),
        (anna, {"side": "all", "state": "review"}),
    ):
        listed = world.get(who, "/claims", query_string=query).json["claims"]
        assert [one["claim"] for one in listed] == claims
    assert world.get(world.other_shop, "/claims").json["claims"] == []
    assert world.get(world.other_shop, "/claims?side=all").json["code"] == "not_reviewer"
    assert world.get(world.other_shop, f"/claims/{claims[0]}").json["code"] == "unknown_claim"
    suppliers = world.get(world.supplier, f"/claims/{claims[0]}").json
    assert not {"facts", "steps"} & set(suppliers)
    first = world.get(world.shop, "/claims?limit=1").json["claims"][0]
    following = {"after_time": first["opened_at"], "after_id": first["claim"]}
    rest = world.get(world.shop, "/claims", query_string=following).json["claims"]
    assert [one["claim"] for one in rest] == claims[1:]


def test_a_reviewer_asks_once_and_the_clock_is_stopped_only_by_a_reason_of_the_terms(
    quick_desk: Desk,
) -> None:
    desk = quick_desk
    _, claim = in_review(desk)
    anna = desk.reviewer("anna")
    assert decide(desk, anna, claim["claim"], "resume").json["code"] == "not_paused"
    lunch = {"code": "buyer_redeemed", "evidence": ["00" * 32]}
    assert decide(desk, anna, claim["claim"], "pause", **lunch).json["code"] == "invalid_request"
    unknown = {"code": "issuer_maintenance", "evidence": ["00" * 32]}
    assert decide(desk, anna, claim["claim"], "pause", **unknown).json["code"] == "unknown_evidence"
    asked = decide(desk, anna, claim["claim"], "ask-evidence", types=["screenshot"])
    assert (asked.json["state"], asked.json["asked"]) == ("evidence", ["screenshot"])
    desk.tick(25 * 3_600 * SECOND)
    waiting = desk.world.get(anna, f"/claims/{claim['claim']}").json
    assert waiting["state"] == "review"
    again = decide(desk, anna, claim["claim"], "ask-evidence", types=["screenshot"])
    assert again.json["code"] == "evidence_asked_before"
