"""Evidence over HTTP: announced and sent by whoever has a part in the order, seen by those entitled."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from werkzeug.test import TestResponse

from api.asgi import front_over
from api.tracing import make_logger
from provenance.core.claims import Source
from provenance.core.entries import PartyReason
from provenance.services.warranty.evidencedesk import TICKET_MS
from provenance.store import evidence as store
from provenance.store.schema_warranty import warranty_order
from tests.api.asgi import Caller
from tests.api.world import Someone, World
from tests.services.evidence_world import DISGUISED, JPEG, MP4, PNG, TEXT

TOKEN = bytes(range(32))
ORDER = {"order": (b"\x77" * 32).hex()}
BUYER = {"order_token": TOKEN.hex()}
USE = b"\x54" * 20


def order(world: World, number: int = 0x77, token: bytes = TOKEN) -> str:
    """An order of the shop's, made by hand; its id."""
    values = {
        "id": bytes([number]) * 32, "platform": world.shop.address, "seller": world.shop.address,
        "supplier": world.supplier.address, "batch": number, "idx": 0, "party": USE,
        "sell": bytes([number]) * 16, "token": hashlib.sha256(token).digest(), "price": 9_900,
        "currency": "CNY", "terms": bytes(32), "product": bytes(32), "created_at": world.clock.now(),
    }  # fmt: skip
    with world.database.write() as connection:
        connection.execute(insert(warranty_order), values)
    return (bytes([number]) * 32).hex()


def announce(
    world: World, who: Someone | str | None, named: dict[str, Any], size: int, type: str = "screenshot"
) -> TestResponse:
    return world.post(who, "/evidence/uploads", {**named, "type": type, "size": size})


def send(world: World, upload: str, content: bytes, **more: Any) -> TestResponse:
    kind = more.pop("content_type", "application/octet-stream")
    return world.call(None, "PUT", f"/evidence/uploads/{upload}", data=content, content_type=kind, **more)


def hand_in(
    world: World,
    content: bytes,
    named: dict[str, Any] = BUYER,
    who: Someone | str | None = None,
    type: str = "screenshot",
) -> TestResponse:
    announced = announce(world, who, named, len(content), type)
    assert announced.status_code == 201, announced.text
    return send(world, announced.json["upload"], content)


def download(world: World, who: Someone | str | None, named: dict[str, Any], digest: str) -> TestResponse:
    return world.post(who, "/evidence/download", {**named, "digest": digest})


def reviewer(world: World, party: Someone, person: str) -> str:
    made, token = world.services.parties.issue(party.address, person, ["review"])
    world.services.reviewers.add(made.id, person)
    return token


def codes(*answers: TestResponse) -> list[tuple[int, str]]:
    return [(one.status_code, one.json["code"]) for one in answers]


def test_a_buyer_hands_a_picture_in_and_buyer_platform_and_reviewer_see_it(world: World) -> None:
    order(world)
    kept = hand_in(world, PNG)
    assert kept.status_code == 201, kept.text
    digest = kept.json["digest"]
    assert digest == hashlib.sha256(PNG).hexdigest()
    assert (kept.json["type"], kept.json["source"]) == ("screenshot", "buyer")
    judge = reviewer(world, world.issuer, "p-1")
    for who, named in ((None, BUYER), (world.shop, ORDER), (judge, ORDER)):
        got = download(world, who, named, digest)
        assert (got.status_code, got.data, got.mimetype) == (200, PNG, "image/png")
        assert got.headers["Content-Disposition"] == f'attachment; filename="{digest[:16]}.png"'
        assert "sandbox" in got.headers["Content-Security-Policy"]
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert got.headers["Cache-Control"] == "no-store"
        listed = world.post(who, "/evidence/list", named).json["evidence"]
        assert [one["digest"] for one in listed] == [digest]


def test_where_a_piece_comes_from_follows_from_who_hands_it_in(world: World) -> None:
    order(world)
    cases = [
        (world.shop, "payment_record", Source.PLATFORM), (world.supplier, "issuer_answer", Source.SUPPLIER),
        (world.issuer, "issuer_answer", Source.ISSUER), (world.issuer, "carrier_receipt", Source.CARRIER),
    ]  # fmt: skip
    for number, (who, type, source) in enumerate(cases):
        kept = hand_in(world, TEXT + b"%d" % number, ORDER, who, type)
        assert (kept.status_code, kept.json["source"]) == (201, source)
    world.services.parties.admit(
        world.operator.address, "shop", PartyReason.ISSUER, address=world.shop.address
    )
    both = hand_in(world, TEXT + b"both", ORDER, world.shop, "carrier_receipt")
    assert both.json["source"] == Source.PLATFORM


def test_to_strangers_orders_of_others_look_like_none(world: World) -> None:
    order(world)
    digest = hand_in(world, PNG).json["digest"]
    wrong = {"order_token": "00" * 32}
    none = {"order": "00" * 32}
    for who, named in (
        (world.other_shop, ORDER), (world.other_shop, none), (None, ORDER), (None, wrong), (world.shop, none),
        (None, {**wrong, **ORDER}),
    ):  # fmt: skip
        answers = (
            announce(world, who, named, 10), world.post(who, "/evidence/list", named),
            download(world, who, named, digest),
        )  # fmt: skip
        assert codes(*answers) == [(404, "unknown_order")] * 3
    assert codes(announce(world, None, {}, 10)) == [(422, "invalid_request")]


def test_supplier_issuer_and_partial_reviewers_do_not_see_the_buyers_pieces(world: World) -> None:
    order(world)
    digest = hand_in(world, PNG).json["digest"]
    own = hand_in(world, TEXT, ORDER, world.supplier, "issuer_answer").json["digest"]
    assert codes(download(world, world.supplier, ORDER, digest)) == [(404, "unknown_evidence")]
    assert download(world, world.supplier, ORDER, own).data == TEXT
    listed = world.post(world.supplier, "/evidence/list", ORDER).json["evidence"]
    assert [one["digest"] for one in listed] == [own]
    assert world.post(world.issuer, "/evidence/list", ORDER).json["evidence"] == []
    inside = reviewer(world, world.supplier, "p-2")
    assert codes(download(world, inside, ORDER, digest)) == [(404, "unknown_evidence")]
    _, unregistered = world.services.parties.issue(world.rival.address, "x", ["review"])
    assert codes(download(world, unregistered, ORDER, digest)) == [(404, "unknown_order")]


def test_a_token_that_bought_several_orders_means_the_newest_unless_one_is_named(world: World) -> None:
    first, second = order(world, 0x11), order(world, 0x22)
    assert announce(world, None, BUYER, 10).json["order"] == second
    assert announce(world, None, {**BUYER, "order": first}, 10).json["order"] == first
    assert announce(world, None, {**BUYER, "order": "33" * 32}, 10).status_code == 404


def test_an_executable_named_jpg_is_refused_in_both_languages_and_leaves_nothing(world: World) -> None:
    order(world)
    announced = announce(world, None, BUYER, len(DISGUISED["a Windows program"])).json
    english = send(world, announced["upload"], DISGUISED["a Windows program"], content_type="image/jpeg")
    assert codes(english) == [(415, "evidence_executable")]
    chinese = send(
        world, announced["upload"], DISGUISED["a Windows program"], content_type="image/jpeg",
        headers={"Accept-Language": "zh-CN"},
    )  # fmt: skip
    assert chinese.json["title"] == "程序、网页或压缩包"
    assert world.post(None, "/evidence/list", BUYER).json["evidence"] == []
    folder = world.services.settings.evidence_path
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_a_five_gigabyte_video_is_refused_when_it_is_announced(world: World) -> None:
    order(world)
    refused = announce(world, None, BUYER, 5 << 30, "video")
    assert codes(refused) == [(413, "evidence_too_large")]
    assert refused.json["facts"]["limit"] == 512 << 20
    assert codes(announce(world, None, BUYER, (20 << 20) + 1)) == [(413, "evidence_too_large")]
    assert codes(announce(world, None, BUYER, 0)) == [(422, "evidence_empty")]
    assert codes(announce(world, None, BUYER, 10, "log_entry")) == [(422, "evidence_type_not_uploaded")]
    assert codes(announce(world, None, BUYER, 10, "selfie")) == [(422, "invalid_request")]


def test_what_comes_is_what_was_announced(world: World) -> None:
    order(world)
    upload = announce(world, None, BUYER, len(PNG)).json["upload"]
    longer, shorter = send(world, upload, PNG + b"x"), send(world, upload, PNG[:-1])
    assert codes(longer, shorter) == [(422, "evidence_size_differs")] * 2
    first, again = send(world, upload, PNG), send(world, upload, PNG)
    assert (first.status_code, first.json) == (201, again.json)
    assert len(world.post(None, "/evidence/list", BUYER).json["evidence"]) == 1


def test_a_ticket_ends_after_its_hour_and_is_not_to_be_forged(world: World) -> None:
    order(world)
    upload = announce(world, None, BUYER, len(PNG)).json["upload"]
    forged = upload[:60] + ("A" if upload[60] != "A" else "B") + upload[61:]
    for wrong in (forged, "A" * 40, upload[:-2]):
        assert codes(send(world, wrong, PNG)) == [(404, "unknown_upload")]
    world.clock.time += TICKET_MS
    assert codes(send(world, upload, PNG)) == [(404, "unknown_upload")]


def test_the_operator_erases_and_nobody_else(world: World) -> None:
    identity = order(world)
    digest = hand_in(world, PNG).json["digest"]
    body = {"order": identity, "digest": digest}
    assert world.post(world.shop, "/evidence/erase", body).status_code == 403
    done, again = (world.post(world.operator, "/evidence/erase", body) for _ in range(2))
    assert (done.json["again"], again.json["again"]) == (False, True)
    assert codes(download(world, None, BUYER, digest)) == [(404, "evidence_gone")]
    assert world.post(None, "/evidence/list", BUYER).json["evidence"][0]["erased"] is True


def test_an_announcement_repeated_with_its_key_is_the_same_and_a_download_is_never_kept(world: World) -> None:
    order(world)
    headers = {"Idempotency-Key": "one"}
    body = {**BUYER, "type": "screenshot", "size": len(PNG)}
    first, again = (world.post(None, "/evidence/uploads", body, headers=headers) for _ in range(2))
    assert first.json == again.json and again.headers["Idempotent-Replayed"] == "true"
    digest = send(world, first.json["upload"], PNG).json["digest"]
    for _ in range(2):
        got = world.post(None, "/evidence/download", {**BUYER, "digest": digest}, headers=headers)
        assert (got.data, got.headers.get("Idempotent-Replayed")) == (PNG, None)


def test_neither_token_nor_ticket_nor_content_is_logged(world: World) -> None:
    order(world)
    upload = announce(world, None, BUYER, len(TEXT), "payment_record").json["upload"]
    send(world, upload, TEXT)
    logged = world.log.getvalue()
    assert "/v1/evidence/uploads/<upload_id>" in logged
    assert all(secret not in logged for secret in (TOKEN.hex(), upload, upload[:40], "到账失败"))


def test_a_damaged_file_is_an_error_and_no_picture(world: World) -> None:
    identity = order(world)
    digest = hand_in(world, PNG).json["digest"]
    with world.database.read() as connection:
        row = store.by_digest(connection, bytes.fromhex(identity), bytes.fromhex(digest))
    assert row is not None and row.file is not None
    path = next(world.services.settings.evidence_path.rglob(row.file))
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert codes(download(world, None, BUYER, digest)) == [(500, "seal_broken")]


def test_of_guessed_tokens_an_address_has_few(sqlite_url: str, tmp_path: Path) -> None:
    made = World(sqlite_url, tmp_path, {"public_checks_per_hour": 5})
    order(made)
    answers = [announce(made, None, {"order_token": f"{n:064x}"}, 10) for n in range(8)]
    assert [one.status_code for one in answers] == [404] * 5 + [429] * 3
    assert announce(made, None, BUYER, 10).status_code == 201
    made.close()


async def spoken(world: World, calls: list[Caller]) -> None:
    front = front_over(world.services, logger=make_logger(world.log))
    try:
        for one in calls:
            await front(one.scope, one.receive, one.send)
    finally:
        front.close()


def caller(upload: str, pieces: list[bytes], length: int | None, **more: Any) -> Caller:
    headers = {"Content-Type": "video/mp4"} | (
        {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
    )
    return Caller("PUT", f"/v1/evidence/uploads/{upload}", headers, pieces, **more)


def test_through_the_front_a_large_file_comes_whole_and_a_lie_is_refused_unread(quick: World) -> None:
    order(quick)
    video = MP4 + bytes(6 << 20)
    pieces = [video[at : at + (1 << 20)] for at in range(0, len(video), 1 << 20)]
    upload = announce(quick, None, BUYER, len(video), "video").json["upload"]
    good = caller(upload, list(pieces), len(video))
    five_gigabytes = caller(upload, [MP4] * 100, 5 << 30)
    chunked = caller(upload, [MP4] * 100, None)
    no_ticket = caller("A" * 60, [MP4] * 100, len(MP4) * 100)
    broken = caller(upload, [MP4], len(video), breaks=True)
    asyncio.run(spoken(quick, [five_gigabytes, chunked, no_ticket, broken, good]))
    told = [one.answered.json.get("code") for one in (five_gigabytes, chunked, no_ticket)]
    assert told == ["evidence_size_differs", "length_required", "unknown_upload"]
    assert [one.asked for one in (five_gigabytes, chunked, no_ticket)] == [0, 0, 0]
    assert broken.answered.status == 400
    assert (good.answered.status, good.answered.json["digest"]) == (201, hashlib.sha256(video).hexdigest())
    listed = quick.post(None, "/evidence/list", BUYER).json["evidence"]
    assert [one["size"] for one in listed] == [len(video)]
    assert download(quick, None, BUYER, listed[0]["digest"]).data == video
    assert hand_in(quick, JPEG).status_code == 201
