"""Webhooks over HTTP: a secret is shown once, and an address a stranger should not give makes nothing."""

from __future__ import annotations

import pytest
from standardwebhooks import Webhook

from tests.api.world import World

URL = "https://hooks.example/in?key=1"


def test_a_webhook_is_made_listed_rotated_and_ended(quick: World) -> None:
    made = quick.post(quick.shop, "/webhooks", {"url": URL, "types": ["alert.*", "order.*"]})
    assert made.status_code == 201
    secret = made.json["secret"]
    Webhook(secret)
    (listed,) = quick.get(quick.shop, "/webhooks").json["webhooks"]
    assert (listed["url"], listed["types"], listed["waiting"]) == (URL, ["alert.*", "order.*"], 0)
    where = f"/webhooks/{made.json['id']}"
    rotated = quick.post(quick.shop, where + "/rotate")
    assert rotated.json["secret"] != secret and rotated.json["old_secret_until"] > quick.clock.time
    assert quick.post(quick.shop, where + "/test").status_code == 202
    assert quick.post(quick.shop, where + "/disable").json["disabled_by"] == "owner"
    refused = quick.post(quick.shop, where + "/test")
    assert (refused.status_code, refused.json["code"]) == (409, "webhook_disabled")
    assert quick.post(quick.shop, where + "/enable").json["disabled_at"] is None
    assert quick.post(quick.shop, where + "/replay", {"since": 0, "until": 1 << 50}).json == {"messages": 0}
    assert quick.get(quick.shop, where + "/attempts").json == {"attempts": []}
    assert quick.get(quick.shop, "/webhooks").json["webhooks"][0]["waiting"] == 1
    assert quick.get(quick.other_shop, "/webhooks").json["webhooks"] == []
    assert quick.call(quick.other_shop, "DELETE", where).status_code == 404
    assert quick.call(quick.shop, "DELETE", where).status_code == 204
    assert quick.get(quick.shop, "/webhooks").json["webhooks"] == []
    told = quick.log.getvalue() + quick.get(quick.shop, "/webhooks").text
    for shown in (secret, rotated.json["secret"], "key=1"):
        assert shown not in told


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "https://127.0.0.1/"}, "url_private"),
        ({"url": "https://0x7f.1/"}, "url_private"),
        ({"url": "https://[::ffff:10.0.0.1]:8443/"}, "url_private"),
        ({"url": "https://metadata.internal/"}, "url_private"),
        ({"url": "https://user:secret@a.example/"}, "url_malformed"),
        ({"url": "file:///etc/passwd"}, "url_malformed"),
        ({"url": "gopher://a.example/_x"}, "url_malformed"),
        ({"url": "https://a.example/" + "a" * 10_000}, "url_malformed"),
        ({"url": "https://例子.example/"}, "url_malformed"),
        ({"url": "http://a.example/"}, "webhook_url_insecure"),
        ({"url": "https://a.example:25/"}, "url_port"),
        ({"url": URL, "types": ["order.unheard_of"]}, "unknown_event_type"),
        ({"url": URL, "types": ["sale.*"]}, "unknown_event_type"),
    ],
)
def test_what_makes_no_webhook_is_refused_in_both_languages(
    quick: World, body: dict[str, object], code: str
) -> None:
    for language in ("en", "zh-CN"):
        refused = quick.post(quick.shop, "/webhooks", body, headers={"Accept-Language": language})
        assert (refused.status_code, refused.json["code"]) == (422, code)
        assert refused.json["detail"].isascii() == (language == "en")
        assert "secret" not in refused.text and len(refused.text) < 2_000
    assert quick.get(quick.shop, "/webhooks").json["webhooks"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 5},
        {"url": ""},
        {"url": "x" * 70_000},
        {"url": URL, "types": []},
        {"url": URL, "types": ["*"] * 51},
        {"url": URL, "types": ["Alert.*"]},
        {"url": URL, "secret": "mine"},
    ],
)
def test_a_body_of_another_form_is_refused(quick: World, body: dict[str, object]) -> None:
    refused = quick.post(quick.shop, "/webhooks", body)
    assert refused.status_code in (400, 422)
    assert quick.get(quick.shop, "/webhooks").json["webhooks"] == []


@pytest.mark.parametrize(
    "body",
    [{}, {"since": 1}, {"message": "00" * 16, "since": 1}, {"message": "00" * 16, "since": 1, "until": 2}],
)
def test_a_replay_names_a_message_or_a_time(quick: World, body: dict[str, object]) -> None:
    made = quick.post(quick.shop, "/webhooks", {"url": URL}).json
    assert quick.post(quick.shop, f"/webhooks/{made['id']}/replay", body).status_code in (400, 422)


def test_the_eleventh_is_refused(quick: World) -> None:
    for _ in range(10):
        assert quick.post(quick.shop, "/webhooks", {"url": URL}).status_code == 201
    refused = quick.post(quick.shop, "/webhooks", {"url": URL})
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_webhooks")
