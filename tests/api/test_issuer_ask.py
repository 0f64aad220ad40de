"""``POST /v1/issuer/ask``: the issuer's own word about a key that is shown, by HTTP all the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.services.warranty.issuer_desk import AT_ONCE, PER_KEY
from tests.api.world import FORMAT, World, ref
from tests.issuer.reference import Handler, ReferenceIssuer, raw, running, settings


@pytest.fixture
def issuer() -> Iterator[ReferenceIssuer]:
    with running(ReferenceIssuer()) as made:
        yield made


def connected(url: str, folder: Path, issuer: ReferenceIssuer) -> World:
    """The API with that issuer's file in its folder."""
    place = folder / "issuers"
    place.mkdir()
    file = settings(issuer, place, formats=f'formats = ["{FORMAT}"]', serial="# the format has none")
    world = World(url, folder, {"issuers": place})
    file.write_text(file.read_text().replace("0x" + "04" * 20, world.issuer.hex))
    world.close()
    return World(url, folder, {"issuers": place})


@pytest.fixture
def world(database_url: str, tmp_path: Path, issuer: ReferenceIssuer) -> Iterator[World]:
    made = connected(database_url, tmp_path, issuer)
    yield made
    made.close()


@pytest.fixture
def quick(sqlite_url: str, tmp_path: Path, issuer: ReferenceIssuer) -> Iterator[World]:
    made = connected(sqlite_url, tmp_path, issuer)
    yield made
    made.close()


def ask(world: World, key: str, who: Any = None, **more: Any) -> Any:
    return world.post(who, "/issuer/ask", {"key": ref(key), **more})


def status(world: World, key: str) -> Any:
    return world.post(world.shop, "/keys/verify", {"key": ref(key)}).json["verdicts"][0]["issuer_status"]


def test_the_issuers_answer_is_given_kept_and_shown_beside_the_registrys(
    world: World, issuer: ReferenceIssuer
) -> None:
    key = world.held_keys(1)[0]
    issuer.cards[key] = ("already_used", 1_700_000_000_000)
    told = ask(world, key, world.shop)
    assert told.status_code == 200, told.text
    assert (told.json["issuer_status"], told.json["used_at"]) == ("already_used", 1_700_000_000_000)
    assert told.json["source"] == world.issuer.hex
    shown = status(world, key)
    assert (shown["status"], shown["asked"]) == ("already_used", True)
    assert shown["evidence"] == told.json["evidence"]
    assert key not in world.log.getvalue()


def test_a_buyer_asks_with_the_order_token_and_a_stranger_does_not(
    quick: World, issuer: ReferenceIssuer
) -> None:
    key, other = quick.held_keys(2)
    issuer.cards[key] = ("good", None)
    token = quick.post(quick.shop, "/keys/sell", {"key": ref(key), "order": "A"}).json["order_token"]
    assert ask(quick, key, order_token=token).json["issuer_status"] == "good"
    refused = [
        ask(quick, other, order_token=token), ask(quick, key, order_token="00" * 32),
        ask(quick, key, quick.rival), ask(quick, quick.fresh_keys(1)[0], quick.shop),
    ]  # fmt: skip
    assert {(one.status_code, one.json["code"]) for one in refused} == {(404, "unknown")}
    assert ask(quick, key).json["code"] == "credential_missing"
    assert len(issuer.asked) == 1


@pytest.mark.parametrize(
    ("mood", "why"),
    [(raw(b"<html>"), "garbage"), (raw(b'{"code":"7"}'), "unmapped"), (raw(b"", 500), "failed")],
)
def test_what_is_no_answer_is_told_as_uncertain_and_moves_nothing(
    quick: World, issuer: ReferenceIssuer, mood: Any, why: str
) -> None:
    key = quick.held_keys(1)[0]
    issuer.moods.append(mood)
    told = ask(quick, key, quick.shop).json
    assert (told["issuer_status"], told["why"]) == ("uncertain", why)
    assert status(quick, key) is None


def test_a_key_is_not_asked_about_without_end(quick: World, issuer: ReferenceIssuer) -> None:
    key = quick.held_keys(1)[0]
    for _ in range(PER_KEY.count):
        assert ask(quick, key, quick.shop).status_code == 200
    spent = ask(quick, key, quick.shop)
    assert (spent.status_code, spent.json["code"]) == (429, "budget_spent")
    assert spent.headers["Retry-After"]
    assert len(issuer.asked) == PER_KEY.count


def test_an_issuer_that_hangs_takes_no_more_than_its_seats(quick: World, issuer: ReferenceIssuer) -> None:
    keys = quick.held_keys(AT_ONCE + 1)
    gate = threading.Event()

    def waits(handler: Handler, _question: dict[str, Any]) -> None:
        gate.wait(5)
        handler.says(200, b"{}")

    issuer.moods += [waits] * AT_ONCE
    waiting = [
        threading.Thread(target=lambda key=key: quick.app.test_client().post(  # type: ignore[misc]
            "/v1/issuer/ask", json={"key": ref(key)}, headers={"Authorization": f"Bearer {quick.shop.token}"}
        ))
        for key in keys[:AT_ONCE]
    ]  # fmt: skip
    for one in waiting:
        one.start()
    until = time.monotonic() + 5
    while len(issuer.asked) < AT_ONCE and time.monotonic() < until:
        time.sleep(0.01)
    busy = ask(quick, keys[-1], quick.shop)
    gate.set()
    for one in waiting:
        one.join()
    assert (busy.status_code, busy.json["code"]) == (429, "issuer_busy")
    assert ask(quick, keys[-1], quick.shop).status_code == 200


def test_a_format_that_no_issuer_has_cannot_be_asked_about(sqlite_url: str, tmp_path: Path) -> None:
    world = World(sqlite_url, tmp_path)
    answered = ask(world, world.held_keys(1)[0], world.shop)
    assert (answered.status_code, answered.json["code"]) == (404, "no_issuer")
    world.close()
