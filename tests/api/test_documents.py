"""The OpenAPI document, its page, and the API held to it by generated requests."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from tests.api.world import World


def test_the_document_is_openapi_31_and_names_no_other_host(quick: World) -> None:
    document = quick.client.get("/openapi.json")
    assert document.json["openapi"] == "3.1.0"
    assert document.json["paths"]["/v1/keys/sell"]["post"]["security"] == [{"bearer": []}]
    assert "http://" not in document.text
    assert "https://" not in document.text


def test_the_page_loads_everything_from_here(quick: World) -> None:
    page = quick.client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(loaded) == 4
    for path in loaded:
        assert path.startswith("/docs/")
        with quick.client.get(path) as answered:
            assert answered.status_code == 200
    assert "<script>" not in page.text
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert quick.client.get("/docs/assets/../documents.py").status_code == 404


def test_every_operation_says_what_it_does_and_how_it_fails(quick: World) -> None:
    for path, item in quick.client.get("/openapi.json").json["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (method, path)
            assert {"4XX", "5XX"} <= set(operation["responses"])


def operations(world: World) -> list[Any]:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", world.app)
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # schemathesis's own, about jsonschema's deprecated names
def test_no_generated_request_is_answered_with_5xx(quick: World) -> None:
    """Of every operation, some well-formed and some malformed requests, spoken by an all-powerful party."""
    tokens = [None, quick.operator.token, quick.supplier.token, quick.shop.token]
    seen: set[int] = set()
    for operation in operations(quick):
        try_operation(operation, schemathesis.GenerationMode.POSITIVE, tokens, seen)
        # Where nothing is sent, nothing can be malformed.
        with contextlib.suppress(Unsatisfiable):
            try_operation(operation, schemathesis.GenerationMode.NEGATIVE, tokens, seen)
    assert {200, 401, 404, 422} <= seen


def try_operation(operation: Any, mode: Any, tokens: list[str | None], seen: set[int]) -> None:
    @settings(
        max_examples=8, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), token=st.sampled_from(tokens))
    def attempt(case: Any, token: str | None) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answered = case.call(headers=headers)
        seen.add(answered.status_code)
        assert answered.status_code < 500, (case.method, case.path, answered.text)

    attempt()
