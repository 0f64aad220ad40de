"""The last scene of the warranty: what a platform says of itself, recomputed by somebody who doubts it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provenance.core import canonical
from provenance.demo.world import World


def recompute(world: World) -> None:
    """A review that needs a receipt, figures that everybody gets, and one of them edited."""
    review(world)
    figures = publish(world)
    file = world.stage.folder / "figures.json"
    file.write_bytes(canonical.encode(figures))
    check(world, file)
    edit(world, file, figures)


def review(world: World) -> None:
    """Stars for what the log shows was delivered, once."""
    with world.story.step("a buyer gives stars to what was delivered to him, once") as step:
        sold = world.warranted
        asked = {"order_token": sold["order_token"], "order": sold["order"], "stars": 2}
        world.public.post("/orders/review", asked).ok()
        world.public.post("/orders/review", {**asked, "stars": 5}).refused(409, "order_reviewed")
        step.show(stars=2, a_second_one="order_reviewed")


def publish(world: World) -> dict[str, Any]:
    """The figures of the shop as everybody gets them."""
    shop = world.shops[1]
    with world.story.step("what {shop} sold, broke and made good is public", shop=shop.name) as step:
        path = f"/platforms/{shop.address}/figures"
        told: dict[str, Any] = world.public.wait_for(
            path, "the review in the figures", lambda body: body["figures"]["reviews"]["count"] == 1
        )
        figures = told["figures"]
        causes = figures["claims"]["by_cause"]
        step.expect(causes.get("late_delivery") == 1, f"the claims are {causes}")
        step.show(sales=figures["sales"]["under_terms"], claims=figures["claims"]["opened"], **causes)
    return told


def check(world: World, file: Path) -> None:
    """A process of its own, with the public address and nothing else."""
    shop = world.shops[1]
    with world.story.step("an outsider recomputes every figure from the public log") as step:
        said = json.loads(world.stage.run(*_audit(world, file)))
        (verdict,) = said["reports"]
        step.expect(verdict["verdict"] == "proven", f"it is {verdict['verdict']}")
        step.show(figures=verdict["figures"], entries=said["size"], shop=shop.address)


def edit(world: World, file: Path, figures: dict[str, Any]) -> None:
    """A better month than it was: the one figure is named."""
    with world.story.step("one figure edited is found, and named") as step:
        figures["figures"]["claims"]["by_cause"]["late_delivery"] = 0
        file.write_bytes(canonical.encode(figures))
        said = json.loads(world.stage.run(*_audit(world, file), code=1))
        (wrong,) = said["reports"][0]["differences"]
        step.expect(wrong["wrong"], "it was not called wrong")
        step.show(figure=wrong["figure"], said=wrong["said"], log=wrong["found"])


def _audit(world: World, file: Path) -> list[str]:
    address = f"{world.stage.url}/v1"
    return ["audit", "report", address, world.shops[1].address, "--report", str(file), "--json"]
