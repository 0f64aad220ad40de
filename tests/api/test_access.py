"""Who may call what: credentials, scopes, roles."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.core.entries import PartyReason
from provenance.services.parties import SCOPES
from tests.api.world import World

HANDLE = {"batch": "00" * 32, "index": 0}
ADDRESS = "0x" + "77" * 20
NEW_REVIEW = {"key": HANDLE, "terms": "00" * 32, "price": "1.00", "currency": "CNY"}
DECISION = {"failed": [], "signature": "0x" + "00" * 65}
OFFER = {
    "order": "00" * 32, "buyer": ADDRESS, "platform": ADDRESS, "issuer": ADDRESS, "amount": "1",
    "valid_until": 1,
}  # fmt: skip
DISCLOSURE = {
    "type": "brand_authorisation", "number": "1", "credit_code": "91350100M000100Y43",
    "document": "00" * 32, "issued_on": "2026-01-01", "attested_on": "2026-01-02",
}  # fmt: skip

# Method, path, body, one of these scopes is needed, and this role.
ROUTES: list[tuple[str, str, Any, set[str], str | None]] = [
    ("POST", "/batches", {"format": "opaque", "keys": ["a"]}, {"register"}, "supplier"),
    ("PUT", f"/batches/{'00' * 32}/signature", {"signature": "0x" + "00" * 65}, {"register"}, "supplier"),
    ("GET", "/batches", None, {"register", "read"}, "supplier"),
    ("GET", f"/batches/{'00' * 32}", None, set(SCOPES), None),
    ("GET", f"/batches/{'00' * 32}/rejects", None, {"register", "read"}, None),
    ("DELETE", f"/batches/{'00' * 32}", None, {"register"}, "supplier"),
    ("POST", "/transfers", {"recipient": ADDRESS, "keys": [HANDLE]}, {"transfer"}, None),
    ("GET", "/transfers", None, {"transfer", "read"}, None),
    ("GET", f"/transfers/{'00' * 16}", None, {"transfer", "read"}, None),
    ("POST", f"/transfers/{'00' * 16}/accept", {}, {"transfer"}, None),
    ("POST", f"/transfers/{'00' * 16}/refuse", {}, {"transfer"}, None),
    ("POST", f"/transfers/{'00' * 16}/withdraw", {}, {"transfer"}, None),
    ("POST", "/keys/verify", {"key": HANDLE}, {"verify", "sell"}, None),
    ("POST", "/keys/reserve", {"key": HANDLE}, {"sell"}, None),
    ("POST", "/keys/extend", {"reservation": "00" * 16}, {"sell"}, None),
    ("POST", "/keys/release", {"reservation": "00" * 16}, {"sell"}, None),
    ("POST", "/keys/sell", {"key": HANDLE, "order": "A"}, {"sell"}, None),
    ("POST", "/keys/deliver", {"key": HANDLE}, {"sell"}, None),
    ("POST", "/keys/redeem", {"key": HANDLE}, {"redeem", "sell"}, None),
    ("POST", "/keys/reinstate", {"key": HANDLE}, {"sell", "redeem"}, None),
    ("POST", "/keys/void", {"key": HANDLE}, {"sell", "register"}, None),
    ("POST", "/keys/reissue", {"key": HANDLE, "replacement": HANDLE}, {"sell", "register"}, None),
    ("POST", "/keys/correct", {"key": HANDLE, "event_index": 0, "details": {}},
     {"sell", "redeem", "register", "transfer"}, None),
    ("GET", f"/keys/{'00' * 32}/0", None, set(SCOPES), None),
    ("GET", f"/events/{'00' * 16}", None, set(SCOPES), None),
    ("POST", "/issuer/ask", {"key": {"format": "opaque", "text": "a"}}, {"verify", "sell", "redeem"}, None),
    ("POST", "/issuer/reports",
     {"reports": [{"key": HANDLE, "answer": "good", "at": 1, "evidence": "00" * 32}]}, {"redeem"}, "issuer"),
    ("POST", "/disclosures", DISCLOSURE, {"register", "sell"}, "shop"),
    ("GET", "/disclosures", None, {"register", "sell", "read"}, None),
    ("POST", f"/disclosures/{'00' * 16}/withdraw", {"why": "ended"}, {"register", "sell"}, "shop"),
    ("PUT", f"/disclosures/{'00' * 16}/document", None, {"register", "sell"}, "shop"),
    ("POST", "/reserve", {"keys": [{"format": "opaque", "text": "a"}]}, {"sell", "register"}, "shop"),
    ("GET", "/reserve", None, {"sell", "register", "read"}, None),
    ("POST", "/reserve/withdraw", {"keys": [HANDLE]}, {"sell", "register"}, "shop"),
    ("GET", "/recourses", None, {"sell", "register", "read"}, None),
    ("GET", f"/recourses/{'00' * 32}", None, {"sell", "register", "read"}, None),
    ("POST", f"/recourses/{'00' * 32}/accept", {}, {"register"}, "supplier"),
    ("POST", f"/recourses/{'00' * 32}/dispute", {"evidence": ["00" * 32]}, {"register"}, "supplier"),
    ("POST", f"/recourses/{'00' * 32}/rule", {"for_supplier": True}, {"review"}, None),
    ("POST", f"/recourses/{'00' * 32}/settle", {"amount": "1.00", "currency": "CNY"}, {"sell"}, "shop"),
    ("POST", "/terms", {}, {"warranty"}, "shop"),
    ("POST", "/orders",
     {"key": HANDLE, "number": "A", "price": "1.00", "currency": "CNY", "terms": "00" * 32},
     {"sell"}, None),
    ("GET", "/orders", None, {"sell", "register", "read", "warranty"}, None),
    ("GET", f"/orders/{'00' * 32}", None, {"sell", "register", "read", "warranty"}, None),
    ("POST", f"/orders/{'00' * 32}/events", {"kind": "arrived", "at": 1, "record": "00" * 32},
     {"sell", "redeem"}, None),
    ("GET", f"/orders/{'00' * 32}/risk", None, {"sell", "read", "warranty"}, None),
    ("POST", f"/orders/{'00' * 32}/stream-ticket", {}, {"sell", "read", "warranty"}, None),
    ("POST", "/escrow/offers", OFFER, {"sell"}, None),
    ("POST", f"/escrow/offers/{'00' * 32}/signature", {"signature": "0x" + "00" * 65}, {"sell"}, None),
    ("GET", f"/escrow/orders/{'00' * 32}", None, {"sell", "read", "warranty"}, None),
    ("GET", "/claims", None, {"sell", "register", "read", "warranty", "review"}, None),
    ("GET", f"/claims/{'00' * 32}", None, {"sell", "register", "read", "warranty", "review"}, None),
    ("POST", f"/claims/{'00' * 32}/paid", {"amount": "1.00", "currency": "CNY", "record": "00" * 32},
     {"warranty"}, "shop"),
    ("POST", f"/claims/{'00' * 32}/approve", {"liability": "supplier"}, {"review"}, None),
    ("POST", f"/claims/{'00' * 32}/reject",
     {"code": "fault_not_found", "clause": "1", "evidence": ["00" * 32]}, {"review"}, None),
    ("POST", f"/claims/{'00' * 32}/ask-evidence", {"types": ["screenshot"]}, {"review"}, None),
    ("POST", f"/claims/{'00' * 32}/pause", {"code": "issuer_maintenance", "evidence": ["00" * 32]},
     {"review"}, None),
    ("POST", f"/claims/{'00' * 32}/resume", {}, {"review"}, None),
    ("POST", f"/claims/{'00' * 32}/recovered", {"evidence": "00" * 32}, {"review"}, None),
    ("POST", "/proofs", {"key": HANDLE}, {"prove"}, None),
    ("GET", "/me", None, set(SCOPES), None),
    ("GET", "/me/events", None, {"read", "verify", "sell"}, None),
    ("GET", "/me/alerts", None, {"read", "verify", "sell", "register"}, None),
    ("GET", "/me/credentials", None, {"admin", "read"}, None),
    ("POST", "/credentials", {"label": "x", "scopes": ["read"]}, {"admin"}, None),
    ("DELETE", f"/credentials/{'00' * 8}", None, {"admin"}, None),
    ("DELETE", f"/events/{'00' * 16}/details", None, {"admin"}, None),
    ("POST", "/evidence/erase", {"order": "00" * 32, "digest": "00" * 32}, {"admin"}, "operator"),
    ("POST", "/presale/reviews", NEW_REVIEW, {"sell"}, "shop"),
    ("GET", "/presale/reviews", None, {"sell", "read"}, "shop"),
    ("GET", "/presale/reviews/waiting", None, {"review"}, None),
    ("GET", f"/presale/reviews/{'00' * 16}", None, {"sell", "read", "review"}, None),
    ("GET", f"/presale/reviews/{'00' * 16}/files/{'00' * 32}", None, {"sell", "read", "review"}, None),
    ("POST", f"/presale/reviews/{'00' * 16}/uploads", {"type": "video", "size": 1}, {"sell"}, "shop"),
    ("POST", f"/presale/reviews/{'00' * 16}/decision", DECISION, {"review"}, None),
    ("POST", f"/presale/reviews/{'00' * 16}/withdraw", {}, {"sell"}, "shop"),
    ("GET", "/webhooks", None, {"admin", "read"}, None),
    ("POST", "/webhooks", {"url": "https://a.example/"}, {"admin"}, None),
    ("DELETE", f"/webhooks/{'00' * 16}", None, {"admin"}, None),
    ("POST", f"/webhooks/{'00' * 16}/disable", {}, {"admin"}, None),
    ("POST", f"/webhooks/{'00' * 16}/enable", {}, {"admin"}, None),
    ("POST", f"/webhooks/{'00' * 16}/rotate", {}, {"admin"}, None),
    ("POST", f"/webhooks/{'00' * 16}/test", {}, {"admin"}, None),
    ("POST", f"/webhooks/{'00' * 16}/replay", {"message": "00" * 16}, {"admin"}, None),
    ("GET", f"/webhooks/{'00' * 16}/attempts", None, {"admin", "read"}, None),
    ("GET", "/parties", None, {"admin"}, "operator"),
    ("GET", f"/parties/{ADDRESS}", None, set(SCOPES), None),
    ("POST", "/parties", {"name": "x", "role": "platform", "address": ADDRESS}, {"admin"}, "operator"),
    ("POST", f"/parties/{ADDRESS}/suspend", {"reason": "x"}, {"admin"}, "operator"),
    ("POST", f"/parties/{ADDRESS}/succeed", {"successor": ADDRESS}, {"admin"}, "operator"),
]  # fmt: skip
PUBLIC = {
    "/public/check", "/proofs/verify", "/proofs/{proof_id}", "/proofs/{proof_id}.json", "/log/checkpoint",
    "/log/tile/{tile}", "/log/entries/{index}", "/log/batch/{batch_id}", "/log/successions", "/log/watch",
    "/anchors/latest", "/health", "/metrics", "/platforms/{address}/disclosures",
    "/disclosures/{disclosure_id}", "/disclosures/{disclosure_id}/document",
    "/evidence/uploads", "/evidence/uploads/{upload_id}", "/evidence/list", "/evidence/download",
    "/terms/{hash}", "/platforms/{address}/terms", "/orders/status", "/orders/replacement-key",
    "/claims", "/orders/stream-ticket", "/orders/stream",
    "/claims/{claim_id}/evidence", "/claims/{claim_id}/appeal", "/claims/{claim_id}/withdraw",
    "/claims/{claim_id}/confirm", "/orders/pack", "/orders/review", "/escrow", "/escrow/status",
    "/platforms", "/platforms/{address}/figures", "/platforms/{address}/openings",
    "/platforms/{address}/reports", "/reports/{report}",
}  # fmt: skip


def test_the_matrix_is_of_every_route(quick: World) -> None:
    paths = quick.client.get("/openapi.json").json["paths"]
    documented = {(method.upper(), path) for path, item in paths.items() for method in item}
    rules = quick.app.url_map.bind("localhost")
    tested = {
        (method, "/v1" + path) for method, path, *_ in ROUTES if rules.match("/v1" + path, method=method)
    }
    matched = {(m, rules.match(p, method=m, return_rule=True)[0].rule) for m, p in tested}
    templates = {(m, rule.replace("<", "{").replace(">", "}").replace("{path:", "{")) for m, rule in matched}
    # Of a public path some methods may not be public: those stand in the matrix.
    public = {(method, path) for method, path in documented if path.removeprefix("/v1") in PUBLIC}
    assert documented - templates == public - templates


@pytest.mark.parametrize(("method", "path", "body", "scopes", "role"), ROUTES)
def test_each_route_asks_for_its_credential_scope_and_role(
    quick: World, method: str, path: str, body: Any, scopes: set[str], role: str | None
) -> None:
    nobody = quick.call(None, method, path, json=body)
    assert (nobody.status_code, nobody.json["code"]) == (401, "credential_missing")
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer")
    right = quick.parties[role or "shop"]
    for scope in sorted(SCOPES):
        _, token = quick.services.parties.issue(right.address, scope, [scope])
        answered = quick.call(token, method, path, json=body)
        if scope in scopes:
            # A scope is not yet a person: the operator says whose credential may decide.
            is_nobodys = scopes == {"review"} and answered.json["code"] == "not_reviewer"
            assert is_nobodys or answered.status_code not in (401, 403), answered.text
        else:
            assert (answered.status_code, answered.json["code"]) == (403, "scope_missing")
            assert 'error="insufficient_scope"' in answered.headers["WWW-Authenticate"]
    if role is not None:
        wrong = quick.parties["shop" if role == "issuer" else "issuer"]
        answered = quick.call(wrong, method, path, json=body)
        assert (answered.status_code, answered.json["code"]) == (403, "role_missing")


@pytest.mark.parametrize(
    "scheme", ["Basic abc", "Bearer", "Bearer ", "Bearer " + "x" * 500, "Bearer nö", "ckp_x"]
)
def test_forged_credentials_all_look_alike(quick: World, scheme: str) -> None:
    answered = quick.get(None, "/me", headers={"Authorization": scheme})
    assert (answered.status_code, answered.json["code"]) == (401, "credential_invalid")
    assert 'error="invalid_token"' in answered.headers["WWW-Authenticate"]


def test_expired_and_revoked_credentials_are_refused_like_unknown_ones(quick: World) -> None:
    now = quick.clock.now()
    made = quick.post(
        quick.shop, "/credentials", {"label": "till", "scopes": ["read"], "expires_at": now + 60_000}
    )
    assert made.status_code == 201
    assert quick.get(made.json["token"], "/me").json["scopes"] == ["read"]
    quick.clock.time = now + 60_000
    assert quick.get(made.json["token"], "/me").json["code"] == "credential_invalid"
    other = quick.post(quick.shop, "/credentials", {"label": "x", "scopes": ["read"]}).json
    foreign = quick.call(quick.other_shop, "DELETE", f"/credentials/{other['id']}")
    assert foreign.status_code == 404
    assert quick.call(quick.shop, "DELETE", f"/credentials/{other['id']}").status_code == 204
    assert quick.get(other["token"], "/me").json["code"] == "credential_invalid"


def test_a_suspended_party_is_told_so_until_it_is_admitted_again(quick: World) -> None:
    path = f"/parties/{quick.shop.hex}/suspend"
    assert quick.post(quick.operator, path, {"reason": "unpaid"}).status_code == 200
    answered = quick.get(quick.shop, "/me")
    assert (answered.status_code, answered.json["code"]) == (403, "party_suspended")
    back = {"name": "shop", "role": "platform", "address": quick.shop.hex}
    assert quick.post(quick.operator, "/parties", back).status_code == 201
    assert quick.get(quick.shop, "/me").status_code == 200


def test_the_operator_admits_succeeds_and_issues_for_others(quick: World) -> None:
    admitted = quick.post(
        quick.operator, "/parties", {"name": "App", "role": "platform", "party_id": "app-1"}
    )
    assert admitted.status_code == 201
    address = admitted.json["address"]
    body = {"label": "till", "scopes": ["sell"], "party": address}
    assert quick.post(quick.shop, "/credentials", body).json["code"] == "role_missing"
    issued = quick.post(quick.operator, "/credentials", body).json
    assert quick.get(issued["token"], "/me").json["name"] == "App"
    fresh = "0x" + "88" * 20
    done = quick.post(quick.operator, f"/parties/{address}/succeed", {"successor": fresh})
    assert len(done.json["events"]) == 2
    assert quick.get(issued["token"], "/me").status_code == 401
    assert quick.get(quick.shop, f"/parties/{address}").json["successor"] == fresh


@pytest.mark.parametrize("moment", [1, 1_700_000_000, 1_799_999_999_999])
def test_a_credential_that_would_be_born_expired_is_refused(quick: World, moment: int) -> None:
    body = {"label": "till", "scopes": ["read"], "expires_at": moment}
    answered = quick.post(quick.shop, "/credentials", body)
    assert (answered.status_code, answered.json["code"]) == (422, "already_expired")
    assert "milliseconds" in answered.json["detail"]


def test_the_last_operator_is_not_suspended_but_one_of_two_is(world: World) -> None:
    path = f"/parties/{world.operator.hex}/suspend"
    refused = world.post(world.operator, path, {"reason": "oops"})
    assert (refused.status_code, refused.json["code"]) == (409, "last_operator")
    world.admit("deputy", PartyReason.OPERATOR, 99)
    assert world.post(world.deputy, path, {"reason": "left"}).status_code == 200
    alone = world.post(world.deputy, f"/parties/{world.deputy.hex}/suspend", {"reason": "oops"})
    assert alone.json["code"] == "last_operator"
