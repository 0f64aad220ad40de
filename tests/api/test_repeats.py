"""The same request again: one act, equal answers, and no secret among what is kept."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from api.repeats import without_secrets
from tests.api.world import FORMAT, World, ref

KEY = {"Idempotency-Key": "payment-8471"}


def together(world: World, count: int, path: str, body: Any, headers: dict[str, str]) -> list[Any]:
    """The same request from *count* threads at once, each with a client of its own."""
    ready = threading.Barrier(count)

    def one(_: int) -> Any:
        client = world.app.test_client()
        ready.wait()
        return client.post(
            "/v1" + path, json=body, headers={**headers, "Authorization": f"Bearer {world.shop.token}"}
        )

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.parametrize("headers", [KEY, {}], ids=["with an Idempotency-Key", "by the natural key"])
def test_ten_identical_payment_notifications_get_one_key_and_ten_equal_answers(
    world: World, headers: dict[str, str]
) -> None:
    keys = world.held_keys(12)
    body = {"any_of": [ref(key) for key in keys], "order": "A-1", "details": {"price": "9.90"}}
    answers = together(world, 10, "/keys/sell", body, headers)
    assert {one.status_code for one in answers} == {200}, [one.text for one in answers]
    assert len({one.data for one in answers}) == 1
    verdicts = world.post(world.shop, "/keys/verify", {"keys": [ref(key) for key in keys]}).json["verdicts"]
    assert sorted(one["verdict"] for one in verdicts).count("SOLD") == 1


def test_a_repeated_sale_is_marked_and_has_its_secrets_again(world: World) -> None:
    keys = world.held_keys(2)
    body = {"keys": [ref(key) for key in keys], "order": "A-1"}
    first = world.post(world.shop, "/keys/sell", body, headers=KEY)
    second = world.post(world.shop, "/keys/sell", body, headers=KEY)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.data == second.data
    assert len({one["order_token"] for one in second.json["results"]}) == 2


def test_another_body_under_the_same_key_is_refused(world: World) -> None:
    keys = world.held_keys(2)
    world.post(world.shop, "/keys/sell", {"key": ref(keys[0]), "order": "A-1"}, headers=KEY)
    other = world.post(world.shop, "/keys/sell", {"key": ref(keys[1]), "order": "A-1"}, headers=KEY)
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")


def test_keys_are_apart_by_credential_and_path(world: World) -> None:
    key = world.held_keys(1)[0]
    assert world.post(world.shop, "/keys/reserve", {"key": ref(key)}, headers=KEY).status_code == 200
    elsewhere = world.post(world.other_shop, "/keys/reserve", {"key": ref(key)}, headers=KEY)
    assert elsewhere.json["code"] == "not_holder"
    released = world.post(world.shop, "/keys/release", {"reservation": "00" * 16}, headers=KEY)
    assert released.json["code"] == "reservation_lapsed"


def test_a_refusal_is_kept_but_a_malformed_request_may_be_corrected(world: World) -> None:
    key = world.held_keys(1)[0]
    malformed = world.post(world.shop, "/keys/sell", {"key": ref(key)}, headers=KEY)
    assert malformed.status_code == 422
    body = {"key": ref(key), "order": "A-1"}
    assert world.post(world.shop, "/keys/sell", body, headers=KEY).status_code == 200
    refused = {"key": ref(key), "order": "A-2"}
    again = {"Idempotency-Key": "another"}
    first = world.post(world.shop, "/keys/sell", refused, headers=again)
    second = world.post(world.shop, "/keys/sell", refused, headers=again)
    assert first.status_code == second.status_code == 409
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json == first.json
    assert second.mimetype == "application/problem+json"


def test_a_staged_file_sent_again_is_answered_again_with_its_seed(world: World) -> None:
    data = "\n".join(world.fresh_keys(3)).encode()

    def send(content: bytes) -> Any:
        return world.call(
            world.supplier, "POST", "/batches", data=content, content_type="text/plain", headers=KEY,
            query_string={"format": FORMAT},
        )  # fmt: skip

    first, second = send(data), send(data)
    assert first.status_code == 202, first.text
    assert second.data == first.data
    assert second.json["seed"]
    assert send(data + b"\n" + world.fresh_keys(1)[0].encode()).json["code"] == "idempotency_key_reused"


def test_a_json_list_of_keys_sent_again_is_answered_again(world: World) -> None:
    body = {"format": FORMAT, "keys": world.fresh_keys(2)}
    first = world.post(world.supplier, "/batches", body, headers=KEY)
    second = world.post(world.supplier, "/batches", body, headers=KEY)
    assert (first.status_code, second.data) == (202, first.data)


def test_a_request_in_flight_is_409_and_free_again_when_its_process_died(world: World) -> None:
    data = "\n".join(world.fresh_keys(1)).encode()
    service = world.services.idempotency
    _, token = world.services.parties.issue(world.supplier.address, "x", ["register"])
    credential = world.services.parties.authenticate(token).credential
    scope = service.scope(credential.encode(), b"POST", b"/v1/batches", KEY["Idempotency-Key"].encode())
    service.begin(scope, None, 60_000)  # as if a process had died with it

    def send() -> Any:
        return world.call(
            token, "POST", "/batches", data=data, content_type="text/plain", headers=KEY,
            query_string={"format": FORMAT},
        )  # fmt: skip

    waiting = send()
    assert (waiting.status_code, waiting.json["code"]) == (409, "request_in_flight")
    assert waiting.headers["Retry-After"]
    world.clock.time += 60_001
    assert send().status_code == 202


def test_an_answer_is_forgotten_after_seven_days(world: World) -> None:
    key = world.held_keys(1)[0]
    body = {"key": ref(key)}
    assert world.post(world.shop, "/keys/reserve", body, headers=KEY).status_code == 200
    world.clock.time += 7 * 86_400_000 + 1
    assert world.services.idempotency.purge() == 1


def test_the_late_finish_of_a_request_thought_dead_changes_nothing(world: World) -> None:
    service = world.services.idempotency
    scope, fingerprint = service.scope(b"x"), service.fingerprint(b"x")
    first = service.begin(scope, fingerprint, 1_000)
    world.clock.time += 2_000
    second = service.begin(scope, fingerprint, 1_000)
    service.finish(second, fingerprint, 200, {"who": "second"})  # type: ignore[arg-type]
    service.finish(first, fingerprint, 200, {"who": "first"})  # type: ignore[arg-type]
    assert service.begin(scope, fingerprint).body == {"who": "second"}  # type: ignore[union-attr]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tkey"])
def test_malformed_keys_are_refused(quick: World, key: str) -> None:
    answered = quick.post(quick.shop, "/keys/extend", {}, headers={"Idempotency-Key": key})
    assert (answered.status_code, answered.json["code"]) == (400, "idempotency_key_malformed")


def test_stored_answers_are_sealed_and_without_secrets(quick: World) -> None:
    key = quick.held_keys(1)[0]
    body = {"key": ref(key), "order": "A-1", "details": {"buyer": "Zhang"}}
    sold = quick.post(quick.shop, "/keys/sell", body, headers=KEY).json
    with sqlite3.connect(quick.url.removeprefix("sqlite:///")) as connection:
        (stored,) = connection.execute("SELECT answer FROM idempotency").fetchone()
    connection.close()
    assert sold["event"] not in stored
    assert without_secrets({"a": [{"order_token": "x", "b": {"seed": "y", "c": 1}}]}) == {
        "a": [{"order_token": None, "b": {"seed": None, "c": 1}}]
    }


def test_a_refusal_that_passes_is_not_kept_so_the_payment_sells_later(world: World) -> None:
    key = world.held_keys(1)[0]
    held = world.post(world.shop, "/keys/reserve", {"key": ref(key)}).json
    body = {"key": ref(key), "order": "A-1"}
    refused = world.post(world.shop, "/keys/sell", body, headers=KEY)
    assert (refused.status_code, refused.json["code"]) == (409, "reserved")
    world.post(world.shop, "/keys/release", {"reservation": held["reservation"]})
    sold = world.post(world.shop, "/keys/sell", body, headers=KEY)
    assert sold.status_code == 200, sold.text
    assert world.post(world.shop, "/keys/sell", body, headers=KEY).data == sold.data


@pytest.mark.parametrize("how", [{}, {"on_error": "proceed"}])
def test_a_list_of_which_nothing_was_sold_yet_may_be_sold_under_its_key(
    world: World, how: dict[str, str]
) -> None:
    keys = world.fresh_keys(2)
    batch = world.batch(keys)
    whole = {"recipient": world.shop.hex, "batch": batch, "ranges": [{"first": 0, "count": 2}]}
    offer = world.post(world.supplier, "/transfers", whole).json["id"]
    body = {"keys": [ref(key) for key in keys], "order": "A-1", **how}
    early = world.post(world.shop, "/keys/sell", body, headers=KEY)
    assert "not_holder" in early.text
    world.post(world.shop, f"/transfers/{offer}/accept")
    later = world.post(world.shop, "/keys/sell", body, headers=KEY)
    assert [one["status"] for one in later.json["results"]] == ["sold", "sold"]


def test_a_file_in_its_own_order_is_registered_once_though_its_claim_is_renewed_on_the_way(
    world: World,
) -> None:
    """The renewal is a write of its own: it must not wait for the registration that it is told from."""
    body, said = "\n".join(world.fresh_keys(5)).encode(), {"format": FORMAT, "shuffle": "false"}
    answers = [
        world.call(
            world.supplier, "POST", "/batches", data=body, query_string=said, content_type="text/plain",
            headers={"Idempotency-Key": "file-1"},
        )
        for _ in range(2)
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [202, 202], answers[0].text
    assert answers[0].json["batch"] == answers[1].json["batch"]
