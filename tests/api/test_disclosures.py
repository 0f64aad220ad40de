"""Disclosures over HTTP: published by whose they are, read by everybody, served without harm."""

from __future__ import annotations

import asyncio
import base64
from hashlib import sha256
from typing import Any

import pytest

from api.asgi import front_over
from api.tracing import make_logger
from provenance.core.entries import Entry, commit_details
from provenance.core.papers import MAX_PAPER_BYTES
from tests.api.asgi import Caller
from tests.api.world import World
from tests.support.papers import EXECUTABLE, jpeg, pdf

CODE = "91350100M000100Y43"
ICP = {
    "type": "icp", "number": "闽ICP备12345678号", "credit_code": CODE, "document": sha256(pdf()).hexdigest(),
    "issued_on": "2024-01-01", "attested_on": "2026-12-01", "expires_on": "2027-12-31",
}  # fmt: skip


def publish(world: World, who: str = "shop", **changes: Any) -> Any:
    return world.post(world.parties[who], "/disclosures", ICP | changes)


def attach(world: World, disclosure: str, content: bytes, media: str = "application/pdf") -> Any:
    return world.call(
        world.shop, "PUT", f"/disclosures/{disclosure}/document", data=content, content_type=media
    )


def of(world: World, who: str = "shop") -> Any:
    return world.get(None, f"/platforms/{world.parties[who].hex}/disclosures").json


def test_everybody_reads_a_disclosure_and_checks_it_against_its_entry(world: World) -> None:
    made = publish(world)
    assert made.status_code == 201, made.text
    told = of(world)
    (one,) = told["disclosures"]
    assert one["disclosure"] == made.json["disclosure"]
    assert (one["status"], one["is_current"], one["intact"]) == ("valid", True, True)
    assert one["register"] == "https://beian.miit.gov.cn/"
    entry = Entry.decode(base64.b64decode(one["entry"]))
    assert entry.subject.hex() == ICP["document"]
    assert commit_details(bytes.fromhex(one["salt"]), one["details"]) == entry.detail
    assert told["badge"] == {
        "earned": False,
        "papers": {"icp": "valid", "business_licence": None, "upstream_contract": None},
    }
    alone = world.get(None, f"/disclosures/{one['disclosure']}")
    assert alone.json == one
    assert alone.headers["Access-Control-Allow-Origin"] == "*"
    assert world.get(world.shop, "/disclosures").json["disclosures"] == [one]


def test_three_papers_earn_the_badge_and_a_withdrawal_takes_it(quick: World) -> None:
    publish(quick)
    publish(quick, type="upstream_contract", number="HT-1")
    licence = publish(quick, type="business_licence", number=CODE).json["disclosure"]
    assert of(quick)["badge"]["earned"] is True
    done = quick.post(quick.shop, f"/disclosures/{licence}/withdraw", {"why": "revoked"})
    assert done.status_code == 200
    told = of(quick)
    assert (told["badge"]["earned"], told["badge"]["papers"]["business_licence"]) == (False, "withdrawn")
    assert told["disclosures"][0]["withdrawn_why"] == "revoked"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"credit_code": CODE[:-1] + "4"}, "credit_code_check_failed"),
        ({"credit_code": "O" * 18}, "credit_code_malformed"),
        ({"expires_on": "2023-12-31"}, "disclosure_dates"),
        ({"expires_on": "2027-02-30"}, "disclosure_dates"),
        ({"expires_on": "2026-12-31"}, "disclosure_expired"),
        ({"attested_on": "2027-06-01"}, "attested_in_future"),
        ({"number": "our number"}, "disclosure_number"),
        ({"type": "diploma"}, "invalid_request"),
        ({"document": "abc"}, "invalid_request"),
        ({"extra": 1}, "invalid_request"),
        ({"address": "0x" + "77" * 20}, "not_your_address"),
        ({"supersedes": "00" * 16}, "unknown_disclosure"),
    ],
)
def test_what_does_not_hold_is_refused_by_its_code_and_nothing_is_entered(
    quick: World, changes: dict[str, Any], code: str
) -> None:
    refused = publish(quick, **changes)
    assert refused.json["code"] == code
    assert refused.status_code in (403, 404, 422)
    assert of(quick)["disclosures"] == []
    assert publish(quick, address=quick.shop.hex).status_code == 201


def test_the_document_is_served_so_that_no_browser_runs_it(world: World) -> None:
    disclosure = publish(world).json["disclosure"]
    assert world.get(None, f"/disclosures/{disclosure}/document").json["code"] == "no_paper"
    assert attach(world, disclosure, pdf()).json["media_type"] == "application/pdf"
    served = world.get(None, f"/disclosures/{disclosure}/document")
    assert (served.data, served.mimetype) == (pdf(), "application/pdf")
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Content-Disposition"].startswith("attachment; ")
    assert "sandbox" in served.headers["Content-Security-Policy"]
    assert of(world)["disclosures"][0]["document"] == {"media_type": "application/pdf", "size": len(pdf())}


def test_programs_other_documents_and_ones_too_large_are_refused(quick: World) -> None:
    disclosure = publish(quick).json["disclosure"]
    large = jpeg(b"\x00" * (MAX_PAPER_BYTES - 5))
    refused = {
        "paper_type": attach(quick, disclosure, EXECUTABLE),
        "paper_differs": attach(quick, disclosure, pdf("another")),
        "paper_too_large": attach(quick, disclosure, large),
        "body_too_large": attach(quick, disclosure, large + b"\x00"),
        "not_your_disclosure": quick.call(
            quick.other_shop, "PUT", f"/disclosures/{disclosure}/document", data=pdf()
        ),
    }
    assert {code: answered.json["code"] for code, answered in refused.items()} == {
        code: code for code in refused
    }
    assert of(quick)["disclosures"][0]["document"] is None


def test_a_repeated_publication_gets_the_first_answer(quick: World) -> None:
    headers = {"Idempotency-Key": "renewal-1"}
    first, second = (quick.post(quick.shop, "/disclosures", ICP, headers=headers) for _ in range(2))
    assert first.json == second.json
    assert len(of(quick)["disclosures"]) == 1
    assert publish(quick).json["code"] == "disclosure_stands"


def test_nobody_has_disclosures_under_an_unknown_address(quick: World) -> None:
    asked = quick.get(None, f"/platforms/0x{'99' * 20}/disclosures", headers={"Accept-Language": "zh-CN"})
    assert (asked.status_code, asked.json["code"]) == (404, "unknown_party")
    assert asked.json["title"] == "参与方不存在"


def test_a_paper_larger_than_any_json_comes_through_the_front(quick: World) -> None:
    first, rest = pdf().split(b"\n", 1)
    paper = first + b"\n%" + b"x" * (5 << 20) + b"\n" + rest
    made = publish(quick, document=sha256(paper).hexdigest()).json["disclosure"]
    headers = {
        "Authorization": f"Bearer {quick.shop.token}", "Content-Type": "application/pdf",
        "Content-Length": str(len(paper)),
    }  # fmt: skip
    call = Caller("PUT", f"/v1/disclosures/{made}/document", headers, [paper[: 1 << 20], paper[1 << 20 :]])

    async def speak() -> None:
        front = front_over(quick.services, logger=make_logger(quick.log))
        await front(call.scope, call.receive, call.send)
        front.close()

    asyncio.run(speak())
    assert call.answered.status == 200, call.answered.body
    assert quick.get(None, f"/disclosures/{made}/document").data == paper
