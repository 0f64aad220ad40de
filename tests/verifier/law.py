"""How a case of the custody law is told: a key in the shop, and a script of what happens to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.verifier.corpus import Case
from tests.verifier.golden_cases import bundled
from tests.verifier.world import (
    SHOP,
    Batch,
    T,
    World,
    in_shop,
)

TEN_DAYS = 864_000_000


SHARED = Batch(max_uses=2)


Script = Callable[[World], Any]


def law(id: str, about: str, script: Script, code: str | None = None, batch: Batch | None = None) -> Case:
    """A key in the shop, then *script*; refused at step 9 by the rule *code*, or accepted without one."""
    world = in_shop(batch)
    script(world)
    step = None if code is None else 9
    return bundled(f"law-{id}", about, world.bundle(), step, code)


def use(world: World, buyer: int = 0) -> bytes:
    return world.batch.party(world.index, buyer)


def sell(world: World, seller: bytes = SHOP, buyer: int = 0, **more: Any) -> None:
    world.on_key(T.SELL, seller, use(world, buyer), **more)


def deliver(world: World, seller: bytes = SHOP, buyer: int = 0) -> None:
    world.on_key(T.DELIVER, seller, use(world, buyer))


def delivered(world: World, buyer: int = 0) -> None:
    sell(world, buyer=buyer)
    deliver(world, buyer=buyer)


def redeem(world: World, actor: bytes | None = None, buyer: int = 0, **more: Any) -> None:
    world.on_key(T.REDEEM, actor or use(world, buyer), use(world, buyer), **more)


def reinstate(world: World, actor: bytes, buyer: int = 0, **more: Any) -> None:
    world.on_key(T.REINSTATE, actor, use(world, buyer), **more)


def void(world: World, actor: bytes, party: bytes = bytes(20), **more: Any) -> None:
    world.on_key(T.VOID, actor, party, **more)


def then(*scripts: Script) -> Script:
    def run(world: World) -> None:
        for script in scripts:
            script(world)

    return run


ALL = {"first": 0, "count": 7}
