"""A hundred thousand guesses at eight-digit secrets: nothing is learnt, and nobody else is shut out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from api import render
from provenance.core.keyformats import CardKey
from provenance.services import neighbours
from provenance.services.budgets import CREDENTIAL_MISSES
from provenance.services.neighbours import KIND, MISSES, neighbourhood
from provenance.services.verification import Viewer
from tests.api.world import World, ref

FORMAT = "zhengtu"
GUESSES = 100_000
REGISTERED = 200
FIRST_SERIAL = 1_200_000_000_000_300
CHECKS, MISSED = 60, 10
"""Of an address, an hour: what it may ask, and how many of those may hit nothing."""


def serial(number: int) -> str:
    return str(FIRST_SERIAL + number)


def wish(serial_text: str, secret: str) -> dict[str, Any]:
    return {"format": FORMAT, "serial": serial_text, "secret": secret}


class Market(World):
    """A batch of serials in sequence, held by a shop, one of its keys sold."""

    def stock(self) -> None:
        self.dice = random.Random(20_270_115)
        self.secrets = [f"{self.dice.randrange(10**8):08d}" for _ in range(REGISTERED)]
        lines = [f"{serial(number)}----{secret}" for number, secret in enumerate(self.secrets)]
        staged = self.stage(lines, format=FORMAT, shuffle="false")
        assert staged.status_code == 202, staged.text
        assert self.sign(staged.json).status_code == 200
        self.stocked: str = staged.json["batch"]
        offer = {
            "recipient": self.shop.hex,
            "batch": self.stocked,
            "ranges": [{"first": 0, "count": REGISTERED}],
        }
        transfer = self.post(self.supplier, "/transfers", offer).json["id"]
        assert self.post(self.shop, f"/transfers/{transfer}/accept").status_code == 200
        self.token = self.sell(0)

    def sell(self, number: int) -> str:
        body = {"key": self.key(number), "order": f"A-{number}"}
        token: str = self.post(self.shop, "/keys/sell", body).json["order_token"]
        return token

    def key(self, number: int) -> dict[str, Any]:
        return wish(serial(number), self.secrets[number])

    def guess(self) -> dict[str, Any]:
        """Every fiftieth guess is right: a luck that no guesser has, so that hits are among the answers."""
        number = self.dice.randrange(REGISTERED)
        if self.dice.randrange(50) == 0:
            return self.key(number)
        return wish(serial(number), f"{self.dice.randrange(10**8):08d}")

    def check(self, key: dict[str, Any], address: str, token: str | None = None) -> Any:
        shown = {} if token is None else {"order_token": token}
        return self.post(None, "/public/check", {"key": key, **shown}, headers={"X-Forwarded-For": address})

    def alerts(self, name: str) -> list[dict[str, Any]]:
        told = self.get(getattr(self, name), "/me/alerts").json["alerts"]
        return [one for one in told if one["kind"] == KIND]


@pytest.fixture
def market(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    # The floor under the time of an answer is another test's; here it would only be waited for.
    monkeypatch.setattr("api.views.verify._FLOOR_SECONDS", 0.0)
    made = Market(sqlite_url, tmp_path, {"trusted_proxies": 1, "public_checks_per_hour": CHECKS})
    made.stock()
    yield made
    made.close()


@pytest.fixture
def anywhere(database_url: str, tmp_path: Path) -> Iterator[Market]:
    """The same on each database."""
    made = Market(database_url, tmp_path)
    made.stock()
    yield made
    made.close()


def address_of(number: int) -> str:
    return f"198.18.{number // 250}.{number % 250 + 1}"


def test_a_hundred_thousand_guesses_get_one_answer(market: Market) -> None:
    """Below every budget: whoever had ten thousand addresses would still read the same bytes each time."""
    answers: Counter[bytes] = Counter()
    hits = 0
    registered = {(serial(number), secret) for number, secret in enumerate(market.secrets)}
    for viewer in (Viewer(), Viewer(token=bytes(32))):
        for _ in range(GUESSES // 2_000):
            guesses = [market.guess() for _ in range(1_000)]
            hits += sum((one["serial"], one["secret"]) in registered for one in guesses)
            keys = [CardKey(FORMAT, one["serial"], one["secret"]) for one in guesses]
            verdicts = market.services.verification.verify(viewer, keys)
            answers.update(orjson.dumps(render.verdict(one)) for one in verdicts)
    assert hits > 1_000
    assert len(answers) == 1
    assert answers.total() == GUESSES
    assert b"TOKEN_NEEDED" in next(iter(answers))


def test_an_account_that_guesses_is_stopped_after_its_misses(market: Market) -> None:
    """The same number of guesses in large requests, by a party that has nothing to do with the batch."""
    seen: set[bytes] = set()
    answered = refused = 0
    for _ in range(GUESSES // 1_000):
        guesses = {"keys": [market.guess() for _ in range(1_000)]}
        response = market.post(market.other_shop, "/keys/verify", guesses)
        if response.status_code == 200:
            answered += 1_000
            seen.update(orjson.dumps(one) for one in response.json["verdicts"])
        else:
            refused += 1
            assert (response.status_code, response.json["code"]) == (429, "budget_spent")
            assert int(response.headers["Retry-After"]) > 0
    # Whoever has one miss left again may still send a thousand, and owes the rest.
    assert CREDENTIAL_MISSES.count <= answered <= CREDENTIAL_MISSES.count + 1_000
    assert refused == GUESSES // 1_000 - answered // 1_000
    assert len(seen) == 1
    assert market.post(market.shop, "/keys/verify", {"key": market.key(1)}).json["verdicts"][0]["facts"]


def test_strangers_from_many_addresses_learn_nothing_and_shut_nobody_out(market: Market) -> None:
    bodies: set[bytes] = set()
    headers: set[tuple[tuple[str, str], ...]] = set()
    statuses: Counter[int] = Counter()
    honest: list[str] = []
    for number in range(150):
        address = address_of(number)
        for turn in range(20):
            response = market.check(market.guess(), address)
            statuses[response.status_code] += 1
            if response.status_code == 200:
                bodies.add(response.data)
                headers.add(tuple(sorted((k, v) for k, v in response.headers if k != "X-Request-Id")))
            assert (response.status_code == 200) == (turn < MISSED)
        if number % 10 == 0:
            buyer = market.check(market.key(0), f"203.0.113.{number // 10 + 1}", market.token)
            honest.append(buyer.json["verdict"])
    assert statuses == {200: 150 * MISSED, 429: 150 * (20 - MISSED)}
    assert len(bodies) == len(headers) == 1
    assert set(honest) == {"SOLD_TO_YOU"}
    # A seller sells, and a stranger gets his answer, beside the very keys under attack.
    assert market.sell(5)
    assert market.check(market.key(6), "192.0.2.1").status_code == 200


def test_guessing_with_a_token_of_ones_own_is_budgeted_like_any_other(market: Market) -> None:
    """Whoever bought one key shows its token with guesses at others: by checks, by verdicts, by proofs."""
    own = {"order_token": market.token}
    bodies = set()
    for number in range(MISSED + 5):
        response = market.check(market.guess(), "198.18.0.1", market.token)
        bodies.add(response.data if response.status_code == 200 else b"")
        assert (response.status_code == 200) == (number < MISSED)
    assert len(bodies - {b""}) == 1
    many = {"keys": [market.guess() for _ in range(CHECKS + 1)], **own}
    from_elsewhere = {"headers": {"X-Forwarded-For": "198.18.0.2"}}
    assert market.post(None, "/keys/verify", many, **from_elsewhere).status_code == 429
    codes = [
        market.post(
            None, "/proofs", {"key": market.guess(), **own}, headers={"X-Forwarded-For": "198.18.0.3"}
        ).json["code"]
        for _ in range(MISSED + 5)
    ]
    assert codes == ["unknown"] * MISSED + ["budget_spent"] * 5


def test_a_scan_of_neighbours_is_told_to_supplier_holder_and_operator_once(market: Market) -> None:
    addresses = iter(range(10_000))
    for _ in range(2 * MISSES.count // MISSED):
        address = address_of(next(addresses))
        for _ in range(MISSED):
            probe = wish(serial(market.dice.randrange(600)), "00000000")
            assert market.check(probe, address).status_code == 200
    mine = {"batch": market.stocked, "count": REGISTERED, "format": FORMAT, "misses_an_hour": MISSES.count}
    for party in ("supplier", "shop"):
        (told,) = market.alerts(party)
        assert told["facts"] == mine | {"indices": list(range(neighbours.EXAMPLES))}
    (told,) = market.alerts("operator")
    assert told["facts"]["count"] == REGISTERED
    assert market.alerts("rival") == market.alerts("other_shop") == []
    assert serial(0)[:-3] not in orjson.dumps([market.alerts("operator"), market.alerts("shop")]).decode()
    # The next hour's scan is told again.
    market.clock.time += 2 * 3_600_000
    for _ in range(MISSES.count // MISSED + 1):
        address = address_of(next(addresses))
        for _ in range(MISSED):
            market.check(wish(serial(1), "00000000"), address)
    assert len(market.alerts("supplier")) == 2


def test_a_scan_in_bulk_by_an_account_is_told_too(anywhere: Market) -> None:
    guesses = {"keys": [wish(serial(number), "00000000") for number in range(MISSES.count + 1)]}
    assert anywhere.post(anywhere.other_shop, "/keys/verify", guesses).status_code == 200
    assert len(anywhere.alerts("supplier")) == 1


def test_those_who_are_entitled_and_those_who_ask_all_over_the_place_raise_no_alarm(market: Market) -> None:
    own = {"keys": [market.key(number) for number in range(REGISTERED)]}
    assert market.post(market.shop, "/keys/verify", own).status_code == 200
    far = {"keys": [wish(str(10**15 + number * 10**6), "00000000") for number in range(500)]}
    assert market.post(market.other_shop, "/keys/verify", far).status_code == 200
    for number in range(3):
        market.check(market.key(0), address_of(number), market.token)
    assert market.alerts("supplier") == market.alerts("operator") == []


def test_a_scan_of_keys_without_serial_is_told_as_well(anywhere: Market) -> None:
    stem = "K7Q2M9X4T1Z8WB"
    anywhere.batch([stem + "AA", stem + "ZZ"], anywhere.shop)
    tails = [a + b for a in "BCDEFGH" for b in "BCDEFGHJ"]
    body = {"keys": [ref(stem + tail) for tail in tails]}
    assert len(tails) > MISSES.count
    assert anywhere.post(anywhere.other_shop, "/keys/verify", body).status_code == 200
    (told,) = anywhere.alerts("supplier")
    assert told["facts"]["count"] == 2


def test_a_neighbourhood_is_what_a_thousand_neighbours_share() -> None:
    place = neighbourhood(CardKey(FORMAT, "1200000000000042", "13572468"))
    assert place is not None
    assert (place.by_serial, place.stem, place.tails) == (True, "1200000000000", 3)
    assert "1200000000000042" in set(place.members())
    assert len(set(place.members())) == 1_000
    assert place == neighbourhood(CardKey(FORMAT, "1200000000000999", "00000000"))
    assert place != neighbourhood(CardKey(FORMAT, "1200000000001000", "13572468"))
    assert neighbourhood(CardKey("opaque", "", "user----password")) is None
