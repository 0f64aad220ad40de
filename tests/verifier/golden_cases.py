"""Cases told as the golden bundle with something changed, or as a bundle of a small world."""

from __future__ import annotations

import json
from typing import Any

from provenance.core.proofs import Bundle
from tests.verifier.corpus import Case
from tests.verifier.world import (
    GOLDEN,
    GOLDEN_TEXT,
    ORIGIN,
    SHOP,
    T,
    World,
    in_shop,
)

GOLDEN_VALUE: dict[str, Any] = json.loads(GOLDEN_TEXT)
LOG_KEY: str = GOLDEN_VALUE["log"]["key"]
READER = {"network": GOLDEN_VALUE["network"], "log_key": LOG_KEY}
CARD = {
    "format_id": "cmcc-national",
    "serial": GOLDEN["keys"][3]["serial"],
    "secret": GOLDEN["keys"][3]["secret"],
}
OTHER_CARD = {**CARD, "serial": GOLDEN["keys"][2]["serial"], "secret": GOLDEN["keys"][2]["secret"]}
SALT: str = GOLDEN["keys"][3]["salt"]
MERKLE = "merkle_proof_invalid"
SIGNATURE = "signature_invalid"
GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def patched(
    id: str,
    about: str,
    step: int | None,
    code: str | None,
    *patch: tuple[list[str | int], Any],
    **reader: Any,
) -> Case:
    source = {"base": "golden", "patch": [list(change) for change in patch]}
    return Case(id, about, source, step, code, {**READER, **reader})


def bundled(
    id: str, about: str, bundle: Bundle, step: int | None = None, code: str | None = None, **reader: Any
) -> Case:
    source = {"bundle": bundle.to_bytes().decode()}
    return Case(id, about, source, step, code, {**READER, **reader})


def flipped(text: str) -> str:
    return text[:-1] + format(int(text[-1], 16) ^ 1, "x")


def simple_world(origin: str = ORIGIN) -> World:
    world = in_shop(origin=origin)
    world.on_key(T.SELL, SHOP, world.batch.party(3), details={"order": "A-1", "price": "49.50"})
    return world
