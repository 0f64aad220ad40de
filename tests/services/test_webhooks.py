"""Messages are written with their event, for whoever listens, and never with a secret."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from provenance.core.claims import Notice
from provenance.core.entries import PartyReason
from provenance.errors import InputRefused
from provenance.services import alerts, ordernews, stage_alerts
from provenance.services.context import Context
from provenance.services.warranty import recourses
from provenance.services.webhook_types import TYPES
from provenance.services.webhooks import MAX_BODY_BYTES, checked_types, publish
from provenance.store import parties, webhook_queue, webhooks
from provenance.store.parties import Party
from provenance.store.warranty_orders import EventKind
from provenance.store.webhooks import Endpoint
from tests.services.registration_world import START, make_context

ROOT = Path(__file__).resolve().parents[2]
SHOP, HEIR, STRANGER = (bytes([n]) * 20 for n in (1, 2, 3))


def admit(context: Context, address: bytes, successor: bytes | None = None) -> None:
    with context.database.write() as connection:
        parties.put(
            connection,
            Party(address, "shop", frozenset({PartyReason.PLATFORM}), False, START - 1, successor),
        )


def listen(context: Context, party: bytes, *types: str) -> bytes:
    found = context.event_id(START)
    with context.database.write() as connection:
        assert webhooks.insert(connection, Endpoint(found, party, "https://a.example/", types, b"s", START))
    return found


def bodies(context: Context, endpoint: bytes) -> list[dict[str, object]]:
    with context.database.read() as connection:
        ids = webhook_queue.between(connection, [SHOP, HEIR], 0, START + 10**9, 100)
        found = [webhook_queue.message(connection, [SHOP, HEIR], one) for one, _ in ids]
        waits = webhook_queue.waiting(connection, endpoint)
    told = [json.loads(one.body) for one in found if one is not None]
    assert waits <= len(told)
    return told


def test_a_message_is_there_when_its_event_is_and_only_then(database_url: str) -> None:
    context = make_context(database_url)
    admit(context, SHOP)
    endpoint = listen(context, SHOP, "alert.*")
    with pytest.raises(RuntimeError), context.database.write() as connection:
        alerts.tell(context, connection, SHOP, "neighbour_scan", START, {"count": 1})
        raise RuntimeError("the event fails")
    assert bodies(context, endpoint) == []
    with context.database.write() as connection:
        alerts.tell(context, connection, SHOP, "neighbour_scan", START, {"count": 2})
        publish(context, connection, SHOP, "order.delivered", {"order": "x"})
        publish(context, connection, STRANGER, "alert.neighbour_scan", {})
    (told,) = bodies(context, endpoint)
    assert told["type"] == "alert.neighbour_scan"
    assert told["timestamp"] == "2026-09-21T14:13:20.000Z"
    assert told["data"]["facts"] == {"count": 2}  # type: ignore[index]
    context.database.dispose()


def test_a_successor_hears_what_its_predecessor_would_have(database_url: str) -> None:
    context = make_context(database_url)
    admit(context, HEIR)
    admit(context, SHOP, HEIR)
    old, new = listen(context, SHOP, "*"), listen(context, HEIR, "*")
    with context.database.write() as connection:
        publish(context, connection, SHOP, "claim.opened", {"claim": 1})
        assert (webhook_queue.waiting(connection, old), webhook_queue.waiting(connection, new)) == (0, 1)
    context.database.dispose()


def test_an_eleventh_endpoint_has_no_place(database_url: str) -> None:
    context = make_context(database_url)
    for _ in range(webhooks.MAX_ENDPOINTS):
        listen(context, SHOP, "*")
    with context.database.write() as connection:
        eleventh = Endpoint(b"e" * 16, SHOP, "https://a.example/", ("*",), b"s", START)
        assert not webhooks.insert(connection, eleventh)
        assert webhooks.count(connection) == webhooks.MAX_ENDPOINTS
    context.database.dispose()


def test_what_is_too_large_is_told_without_its_data(sqlite_url: str) -> None:
    context = make_context(sqlite_url)
    admit(context, SHOP)
    endpoint = listen(context, SHOP, "*")
    with context.database.write() as connection:
        publish(context, connection, SHOP, "order.paid", {"text": "字" * MAX_BODY_BYTES})
    (told,) = bodies(context, endpoint)
    assert (told["type"], told["data"]) == ("order.paid", {"too_large": True})
    context.database.dispose()


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("sale.made", {}),
        ("order", {}),
        ("order.", {}),
        ("order.Paid", {}),
        ("order.paid", {"order_token": "x"}),
        ("order.paid", {"deep": [{"seed": 1}]}),
        ("order.paid", {"deep": ({"down": {"card_key": 1}},)}),
    ],
)
def test_a_caller_that_would_tell_a_secret_or_no_known_family_is_stopped(
    sqlite_url: str, type: str, data: dict[str, object]
) -> None:
    context = make_context(sqlite_url)
    with context.database.write() as connection, pytest.raises(ValueError, match=r"family|must not"):
        publish(context, connection, SHOP, type, data)
    context.database.dispose()


@pytest.mark.parametrize("types", [["alert"], ["alert.nothing"], ["sale.*"], ["*", ""], ["alert.*.*"]])
def test_a_filter_that_would_never_match_is_refused(types: list[str]) -> None:
    with pytest.raises(InputRefused) as refused:
        checked_types(types)
    assert refused.value.code == "unknown_event_type"


def test_a_filter_is_a_set() -> None:
    assert checked_types(["order.*", "*", "order.*"]) == ("*", "order.*")


def published(path: Path) -> set[str]:
    """The types that a file publishes, as far as they are written out."""
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    said = (
        one.value
        for call in calls
        if getattr(call.func, "id", getattr(call.func, "attr", "")) == "publish"
        for one in call.args
        if isinstance(one, ast.Constant)
    )
    return {one for one in said if isinstance(one, str)}


def alarms(path: Path) -> set[str]:
    """The kinds of alert that a file tells: written out in the call, or its constant ``KIND``."""
    tree = ast.parse(path.read_text())
    kinds = {
        one.target.id: one.value.value
        for one in tree.body
        if isinstance(one, ast.AnnAssign)
        and isinstance(one.target, ast.Name)
        and isinstance(one.value, ast.Constant)
    }
    told = [
        one
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "alerts.tell"
        for one in call.args
    ]
    named = {kinds.get(one.id) for one in told if isinstance(one, ast.Name)}
    written = {one.value for one in told if isinstance(one, ast.Constant)}
    return {f"alert.{kind}" for kind in named | written if isinstance(kind, str)}


def test_whatever_a_service_publishes_can_be_asked_for_by_name() -> None:
    files = list((ROOT / "provenance" / "services").rglob("*.py"))
    for path in files:
        assert published(path) <= set(TYPES), path.name
    claims = {f"claim.{one.value}" for one in Notice} | set(recourses._TOLD.values())
    warnings = {f"alert.{kind}" for kind in stage_alerts._KINDS.values()}
    orders = {"order.opened", *ordernews._ACTS.values(), *(f"order.{one.name.lower()}" for one in EventKind)}
    assert claims.union(warnings, orders, *map(alarms, files)) == set(TYPES)
