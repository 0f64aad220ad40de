"""A buyer whose key does not work: sold under warranty, delivered, claimed with evidence, and anchored."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.api.desk import Desk
from tests.pages.site import Site
from tests.services.evidence_world import PNG, TEXT


@dataclass
class Complaint:
    """``sold`` is the answer to the sale, order token and all."""

    site: Site
    desk: Desk
    sold: dict[str, Any]

    def ask(self, **changes: Any) -> TestResponse:
        body = {"order_token": self.sold["order_token"], "order": self.sold["order"], **changes}
        return self.site.world.post(None, "/orders/pack", body)

    def pack(self, **changes: Any) -> dict[str, bytes]:
        """The members of the pack by name."""
        answered = self.ask(**changes)
        assert answered.status_code == 200, answered.text
        return unpacked(answered.data)

    def hand_in(self, content: bytes, type: str) -> str:
        """Evidence by the buyer; its digest."""
        world, named = self.site.world, {"order_token": self.sold["order_token"]}
        announced = world.post(None, "/evidence/uploads", {**named, "type": type, "size": len(content)})
        kept = world.call(
            None, "PUT", f"/evidence/uploads/{announced.json['upload']}", data=content,
            content_type="application/octet-stream",
        )  # fmt: skip
        assert kept.status_code == 201, kept.text
        digest: str = kept.json["digest"]
        return digest


def claimed(site: Site) -> Complaint:
    """The claim waits for a person; everything has its place under an anchor."""
    desk = Desk(site.world)
    site.sequence()
    sold = desk.bought(0)
    desk.deliver(sold)
    made = Complaint(site, desk, sold)
    digests = [made.hand_in(TEXT, "issuer_answer"), made.hand_in(PNG, "screenshot")]
    filed = desk.file(sold, "invalid_key", evidence=digests)
    assert filed.status_code == 201, filed.text
    site.sequence()
    site.anchor(sold["key"]["batch"])
    return made


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}
