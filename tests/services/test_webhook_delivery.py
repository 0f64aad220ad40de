"""Deliveries to a real receiver: verified by the specification's library, and to ones that misbehave."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import WebhookVerificationError

from provenance.errors import InputRefused, LimitReached, NotFound, Refused
from provenance.services.webhook_delivery import FAILING_MS, LEASE_MS, SCHEDULE_MS
from provenance.services.webhook_endpoints import KEPT_MS, MAX_TESTS, WebhookService
from provenance.services.webhook_secrets import OVERLAP_MS
from provenance.store import parties
from provenance.store.webhooks import MAX_ENDPOINTS
from tests.services.webhook_world import DAY_MS, OTHER, SHOP, World, verified

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    made = World(database_url)
    yield made
    made.close()


@pytest.fixture
def quick(sqlite_url: str) -> Iterator[World]:
    made = World(sqlite_url)
    yield made
    made.close()


def test_what_is_published_arrives_signed_once_and_in_order(world: World) -> None:
    endpoint = world.listen("hook", "order.*")
    for number in range(3):
        world.publish(number)
    world.publish(9, type="claim.opened")
    world.publish(9, party=OTHER)
    world.beat(2)
    heard = world.receiver.at("hook")
    told = [verified(world.secrets[endpoint], one) for one in heard]
    assert [one["data"]["number"] for one in told] == [0, 1, 2]
    assert told[0]["type"] == "order.paid"
    assert len({one.id for one in heard}) == 3
    assert world.waiting(endpoint) == 0
    assert world.errors(endpoint) == [None] * 3


def test_a_changed_body_or_another_secret_does_not_verify(quick: World) -> None:
    endpoint = quick.listen("hook")
    other = quick.listen("other")
    quick.publish(1)
    quick.beat()
    (heard,) = quick.receiver.at("hook")
    with pytest.raises(WebhookVerificationError):
        verified(quick.secrets[other], heard)
    heard.raw = heard.raw.replace(b"1", b"2", 1)
    with pytest.raises(WebhookVerificationError):
        verified(quick.secrets[endpoint], heard)


def test_after_a_rotation_both_secrets_verify_for_a_day(quick: World) -> None:
    endpoint = quick.listen("hook")
    old = quick.secrets[endpoint]
    _, new = quick.service.rotate(SHOP, endpoint)
    quick.publish(1)
    quick.beat()
    (first,) = quick.receiver.at("hook")
    verified(old, first)
    verified(new, first)
    quick.clock.time += OVERLAP_MS
    quick.publish(2)
    quick.beat()
    assert len(first.headers["webhook-signature"].split()) == 2
    assert len(quick.receiver.at("hook")[1].headers["webhook-signature"].split()) == 1


@pytest.mark.parametrize(
    ("rule", "error", "status"),
    [
        (500, "webhook_refused", 500),
        (404, "webhook_refused", 404),
        (302, "webhook_redirected", 302),
        ("hang", "host_timeout", None),
        ("reset", "host_unreachable", None),
    ],
)
def test_what_fails_is_tried_again_by_the_schedule(
    world: World, rule: int | str, error: str, status: int | None
) -> None:
    world.receiver.rules["hook"] = rule
    world.receiver.headers = {"Location": world.receiver.url("inside")}
    endpoint = world.listen("hook")
    world.publish(1)
    world.beat(3)
    assert world.errors(endpoint) == [error]
    (attempt, type), *_ = world.service.attempts(SHOP, endpoint, 1 << 50, 10)
    assert (attempt.status, type) == (status, "order.paid")
    assert world.receiver.at("inside") == []
    world.clock.time += 4_000
    world.beat()
    assert len(world.errors(endpoint)) == 1
    world.clock.time += 2_000
    world.receiver.rules.clear()
    world.beat()
    assert world.errors(endpoint) == [error, None]
    assert len({one.id for one in world.receiver.at("hook")}) == 1
    found = world.endpoint(endpoint)
    assert (found.failures, found.failing_since, found.rest_until) == (0, None, 0)


def test_ten_megabytes_of_answer_are_not_read_and_200_is_200(quick: World) -> None:
    quick.receiver.rules["hook"] = "flood"
    endpoint = quick.listen("hook")
    quick.publish(1)
    quick.beat()
    assert quick.errors(endpoint) == [None]


def test_after_ten_tries_a_message_is_given_up_and_can_be_replayed(quick: World) -> None:
    quick.receiver.rules["hook"] = 500
    endpoint = quick.listen("hook")
    quick.publish(1)
    for wait in (0, *SCHEDULE_MS):
        quick.clock.time += wait + wait // 10 + 1
        quick.beat(2)
    assert (len(quick.errors(endpoint)), quick.waiting(endpoint)) == (10, 0)
    assert quick.endpoint(endpoint).disabled_at is None
    quick.receiver.rules.clear()
    quick.service.replay_message(SHOP, endpoint, bytes.fromhex(quick.receiver.at("hook")[0].id[4:]))
    quick.clock.time += DAY_MS
    quick.beat()
    assert quick.errors(endpoint)[-1] is None
    assert len({one.id for one in quick.receiver.at("hook")}) == 1


def test_410_disables_at_once_and_the_party_is_told(world: World) -> None:
    world.receiver.rules["gone"] = 410
    gone, well = world.listen("gone", "order.*"), world.listen("well", "alert.*")
    world.publish(1)
    world.publish(2)
    world.beat(3)
    assert len(world.receiver.at("gone")) == 1
    assert world.endpoint(gone).disabled_by == "gone"
    (told,) = world.receiver.at("well")
    assert verified(world.secrets[well], told)["type"] == "alert.webhook_disabled"
    assert told.body["data"]["facts"] == {"endpoint": gone.hex(), "host": "127.0.0.1", "why": "gone"}
    with world.context.database.read() as connection:
        (alert,) = parties.alerts_of(connection, SHOP, (0, b""), 10)
    assert alert.kind == "webhook_disabled"
    world.receiver.rules.clear()
    world.service.enable(SHOP, gone)
    world.clock.time += 10_000
    world.beat()
    assert [one.body["data"]["number"] for one in world.receiver.at("gone")] == [1, 2, 1]


def test_an_endpoint_that_fails_for_days_is_disabled_and_one_that_recovers_is_not(quick: World) -> None:
    quick.receiver.rules |= {"bad": 503, "better": 503}
    bad, better = quick.listen("bad", "order.*"), quick.listen("better", "order.*")
    for day in range(FAILING_MS // DAY_MS * 3 + 2):
        quick.publish(day)
        quick.beat()
        quick.clock.time += DAY_MS // 3
        if day == 8:
            quick.receiver.rules.pop("better")
    assert quick.endpoint(bad).disabled_by == "failing"
    assert quick.endpoint(better).disabled_at is None


def test_an_endpoint_that_hangs_holds_up_nobody_and_rests(world: World) -> None:
    world.receiver.rules["slow"] = "hang"
    for number in range(MAX_ENDPOINTS):
        world.listen("slow" if number else "quick")
    world.listen("other", party=OTHER)
    for number in range(5):
        world.publish(number)
        world.publish(number, party=OTHER)
    world.beat(4)
    assert len(world.receiver.at("other")) == len(world.receiver.at("quick")) == 5
    # Nine hang, and each was asked once: then it rests.
    assert len(world.receiver.at("slow")) == 9


def test_a_receiver_says_how_long_it_wants_to_be_left_alone(quick: World) -> None:
    quick.receiver.rules["hook"] = 429
    quick.receiver.headers = {"Retry-After": "120"}
    endpoint = quick.listen("hook")
    quick.publish(1)
    quick.beat()
    assert quick.endpoint(endpoint).rest_until == quick.clock.time + 120_000
    quick.clock.time += 119_000
    quick.beat()
    assert len(quick.errors(endpoint)) == 1
    quick.clock.time += 1_000
    quick.beat()
    assert len(quick.errors(endpoint)) == 2


@pytest.mark.crash
def test_a_worker_killed_between_sending_and_noting_sends_again_under_the_same_id(world: World) -> None:
    endpoint = world.listen("hook")
    world.publish(1)
    command = [sys.executable, "-m", "tests.services.webhook_process", world.url, str(world.clock.time)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "sent"
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    world.beat()
    assert (len(world.receiver.at("hook")), world.errors(endpoint)) == (1, [])
    world.clock.time += LEASE_MS
    world.beat(2)
    first, second = world.receiver.at("hook")
    assert first.id == second.id
    verified(world.secrets[endpoint], second)
    assert (world.waiting(endpoint), world.errors(endpoint)) == (0, [None])


@pytest.mark.race
def test_several_workers_send_each_message_once(world: World) -> None:
    endpoints = [world.listen(f"hook{number}") for number in range(4)]
    for number in range(10):
        world.publish(number)
    workers = [world.sender() for _ in range(3)]

    def work(one: int) -> None:
        for _ in range(6):
            workers[one].beat()
            workers[one].settle()

    threads = [threading.Thread(target=work, args=(one,)) for one in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in workers:
        one.close()
    for number, endpoint in enumerate(endpoints):
        heard = [one.body["data"]["number"] for one in world.receiver.at(f"hook{number}")]
        assert heard == list(range(10))
        assert world.waiting(endpoint) == 0


def test_a_clock_that_ran_ahead_and_was_set_back_stops_nothing(world: World) -> None:
    world.receiver.rules["hook"] = 500
    endpoint = world.listen("hook")
    right = world.clock.time
    world.clock.time = right + 3_650 * DAY_MS
    world.publish(1)
    world.beat()
    # A sender of that time that died holding it.
    world.delivery._take(endpoint, b"h" * 16)
    world.clock.time = right
    world.receiver.rules.clear()
    world.beat()
    assert world.errors(endpoint)[-1] == "webhook_refused"  # the newest by the clock of then
    assert sorted(map(str, world.errors(endpoint))) == ["None", "webhook_refused"]
    assert world.waiting(endpoint) == 0
    assert world.endpoint(endpoint).disabled_at is None


def test_what_a_dead_sender_held_is_free_after_its_lease(quick: World) -> None:
    endpoint = quick.listen("hook")
    quick.publish(1)
    assert quick.delivery._take(endpoint, b"h" * 16) is not None
    quick.beat()
    assert quick.receiver.at("hook") == []
    quick.clock.time += LEASE_MS
    quick.beat()
    assert len(quick.receiver.at("hook")) == 1


def test_a_name_that_leads_into_a_private_network_is_not_sent_to(quick: World) -> None:
    endpoint = quick.listen("hook")
    quick.publish(1)
    strict = quick.sender(private_networks=False)
    strict.beat()
    assert strict.settle() == []
    strict.close()
    assert quick.receiver.heard == []
    assert quick.errors(endpoint) == ["url_private"]


def test_what_was_missed_while_disabled_comes_by_replay(world: World) -> None:
    endpoint, other = world.listen("hook", "order.*"), world.listen("other")
    since = world.clock.time
    world.service.disable(SHOP, endpoint)
    world.publish(1)
    world.publish(2, type="claim.opened")
    for refused in (
        lambda: world.service.replay(SHOP, endpoint, since, since + 3),
        lambda: world.service.test(SHOP, endpoint),
    ):
        with pytest.raises(Refused) as error:
            refused()
        assert error.value.code == "webhook_disabled"
    world.service.enable(SHOP, endpoint)
    world.beat()
    assert (world.receiver.at("hook"), len(world.receiver.at("other"))) == ([], 2)
    assert world.service.replay(SHOP, endpoint, since, since + 3) == 1
    assert world.service.replay(SHOP, endpoint, since - 5, since) == 0
    assert world.service.replay(SHOP, other, since, since + 3) == 2
    world.beat()
    assert (len(world.receiver.at("hook")), len(world.receiver.at("other"))) == (1, 4)


def test_messages_are_forgotten_after_thirty_days_with_all_that_belongs_to_them(world: World) -> None:
    world.receiver.rules["hook"] = 500
    endpoint = world.listen("hook")
    world.publish(1)
    world.beat()
    world.clock.time += KEPT_MS - 1
    world.publish(2)
    assert world.service.purge() == 0
    world.clock.time += 1
    assert world.service.purge() == 1
    assert (world.errors(endpoint), world.waiting(endpoint)) == ([], 1)
    world.service.remove(SHOP, endpoint)
    assert world.service.all_of(SHOP) == []


def test_a_test_message_arrives_and_does_not_fill_the_queue(quick: World) -> None:
    endpoint = quick.listen("hook", "claim.*")
    message = quick.service.test(SHOP, endpoint)
    quick.beat()
    (heard,) = quick.receiver.at("hook")
    assert (heard.id, verified(quick.secrets[endpoint], heard)["type"]) == (
        f"msg_{message.hex()}",
        "webhook.test",
    )
    with pytest.raises(LimitReached):
        for _ in range(MAX_TESTS + 1):
            quick.service.test(SHOP, endpoint)


def test_an_endpoint_is_its_partys_own(quick: World) -> None:
    endpoint = quick.listen("hook")
    for stranger in (
        lambda: quick.service.remove(OTHER, endpoint),
        lambda: quick.service.disable(OTHER, endpoint),
        lambda: quick.service.enable(OTHER, endpoint),
        lambda: quick.service.rotate(OTHER, endpoint),
        lambda: quick.service.test(OTHER, endpoint),
        lambda: quick.service.replay(OTHER, endpoint, 0, 1),
        lambda: quick.service.replay_message(OTHER, endpoint, b"m" * 16),
        lambda: quick.service.attempts(OTHER, endpoint, 1, 1),
    ):
        with pytest.raises(NotFound) as refused:
            stranger()
        assert refused.value.code == "unknown_webhook"
    with pytest.raises(NotFound) as unknown:
        quick.service.replay_message(SHOP, endpoint, b"m" * 16)
    assert unknown.value.code == "unknown_message"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://a.example/", "webhook_url_insecure"),
        ("https://127.0.0.1/", "url_private"),
        ("https://[::ffff:7f00:1]/", "url_private"),
        ("https://2130706433/", "url_private"),
        ("https://localhost/", "url_private"),
        ("https://user:pass@a.example/", "url_malformed"),
        ("file:///etc/passwd", "url_malformed"),
        ("gopher://a.example/", "url_malformed"),
        ("https://a.example/" + "a" * 10_000, "url_malformed"),
        ("https://a.example:22/", "url_port"),
    ],
)
def test_an_address_that_a_stranger_should_not_give_makes_no_endpoint(
    quick: World, url: str, code: str
) -> None:
    strict = WebhookService(quick.context)
    with pytest.raises(InputRefused) as refused:
        strict.create(SHOP, url, ["*"])
    assert refused.value.code == code
    assert strict.all_of(SHOP) == []


def test_an_eleventh_webhook_is_refused_and_no_secret_is_shown_anywhere(quick: World) -> None:
    for number in range(MAX_ENDPOINTS):
        quick.listen(f"hook{number}")
    with pytest.raises(Refused) as refused:
        quick.listen("more")
    assert refused.value.code == "too_many_webhooks"
    shown = repr(quick.service.all_of(SHOP))
    assert not any(secret[6:] in shown for secret in quick.secrets.values())
