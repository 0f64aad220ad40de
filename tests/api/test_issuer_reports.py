"""``POST /v1/issuer/reports``: an issuer tells us by itself."""

from __future__ import annotations

from typing import Any

from tests.api.world import World, ref

PROOF = "ab" * 32


def report(key: Any, at: int, answer: str = "already_used", **more: Any) -> dict[str, Any]:
    return {"key": key, "answer": answer, "at": at, "evidence": PROOF, **more}


def post(world: World, *reports: dict[str, Any], who: str = "issuer", **more: Any) -> Any:
    return world.post(world.parties[who], "/issuer/reports", {"reports": list(reports), **more})


def test_an_issuer_reports_by_key_and_by_handle_and_the_holder_sees_it(world: World) -> None:
    keys = world.fresh_keys(2)
    batch = world.batch(keys, world.shop, shuffle="false")
    at = world.clock.now()
    told = post(
        world, report(ref(keys[0]), at, used_at=at - 9), report({"batch": batch, "index": 1}, at, "good")
    )
    assert (told.status_code, told.json) == (200, {"results": [{"status": "kept"}, {"status": "kept"}]})
    again = post(world, report(ref(keys[0]), at, used_at=at - 9))
    assert again.json == {"results": [{"status": "known"}]}
    verdicts = world.post(world.shop, "/keys/verify", {"keys": [ref(one) for one in keys]}).json["verdicts"]
    assert [one["registry_status"] for one in verdicts] == ["REGISTERED"] * 2
    assert [one["issuer_status"]["status"] for one in verdicts] == ["already_used", "good"]
    assert verdicts[0]["issuer_status"]["used_at"] == at - 9
    assert keys[0] not in world.log.getvalue()


def test_a_thousand_reports_are_taken_and_one_more_is_refused(quick: World) -> None:
    keys = quick.fresh_keys(1_001)
    batch = quick.batch(keys)
    at = quick.clock.now()
    reports = [report({"batch": batch, "index": place}, at) for place in range(1_001)]
    refused = post(quick, *reports)
    assert (refused.status_code, refused.json["code"]) == (422, "invalid_request")
    assert (
        quick.post(quick.supplier, "/keys/verify", {"key": reports[0]["key"]}).json["verdicts"][0][
            "issuer_status"
        ]
        is None
    )
    told = post(quick, *reports[:1_000])
    assert {one["status"] for one in told.json["results"]} == {"kept"}
    assert len(told.json["results"]) == 1_000


def test_a_refusal_names_its_report_and_nothing_is_kept(quick: World) -> None:
    keys, at = quick.held_keys(2), quick.clock.now()
    wrong = report(ref(keys[1]), at + 10**9)
    refused = post(quick, report(ref(keys[0]), at), wrong)
    assert refused.status_code == 409
    assert [(one["pointer"], one["code"]) for one in refused.json["errors"]] == [
        ("/reports/1", "report_from_future")
    ]
    proceeded = post(quick, report(ref(keys[0]), at), wrong, on_error="proceed").json["results"]
    assert [one["status"] for one in proceeded] == ["kept", "refused"]
    assert proceeded[1]["error"]["code"] == "report_from_future"


def test_words_outside_the_enumeration_and_repeated_keys_are_refused(quick: World) -> None:
    key, at = ref(quick.held_keys(1)[0]), quick.clock.now()
    assert post(quick, report(key, at, "probably fine")).json["code"] == "invalid_request"
    assert post(quick, report(key, at) | {"evidence": "ab"}).json["code"] == "invalid_request"
    assert post(quick, report(key, at), report(key, at + 1)).json["code"] == "duplicate_key"
    assert post(quick, report(key, at), who="shop").json["code"] == "role_missing"
