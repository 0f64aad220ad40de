"""The API's world served on a loopback port, a hand-made chain behind its log, and a trade to look at."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from werkzeug.serving import make_server

from provenance.core.digests import keccak256
from provenance.services.chainview import BeaconBlock
from provenance.services.headfile import HeadFile
from provenance.services.history import KnownHead
from provenance.services.ledger import Sequencer
from provenance.store import anchors, checkpoints
from provenance.store.anchors import AnchorKind, AnchorStatus, Sighting
from tests.api.world import World, ref
from tests.core.chain_world import header

WEAK = "zhengtu"
"""A serial of 16 digits and a secret of 8: what is guessed first."""


@dataclass
class HandChain:
    """Blocks made by hand, one each time it is asked; it holds no checkpoint that the log must extend."""

    clock: Any
    number: int = 100

    def newest_block(self) -> BeaconBlock:
        self.number += 1
        block = header(self.number, self.clock.time // 1000 - 12)
        return BeaconBlock(self.number, keccak256(block), block)

    def anchored(self) -> KnownHead | None:
        return None


class Site:
    """A :class:`World` that is served; ``url`` is where."""

    def __init__(self, database_url: str, folder: Path, options: dict[str, Any] | None = None) -> None:
        self.world = World(database_url, folder, options or {"public_checks_per_hour": 600})
        self.chain = HandChain(self.world.clock)
        self._server = make_server("127.0.0.1", 0, self.world.app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.world.close()

    def sequence(self) -> None:
        """A round of the log, and a beacon at its end."""
        self.world.clock.time += 90_000
        key = Ed25519PrivateKey.from_private_bytes(b"L" * 32)
        file = HeadFile(self.world.folder / "head.json")
        sequencer = Sequencer(self.world.context, key, file, "test", chain=self.chain)
        sequencer.sequence()
        sequencer.stop()

    def anchor(self, batch: str) -> None:
        """The newest checkpoint and *batch* as they stand after a transaction was confirmed."""
        self.world.clock.time += 30_000
        time = self.world.clock.time
        with self.world.database.write() as connection:
            head = checkpoints.newest_signed(connection)
            assert head is not None
            size, batch_id = anchors.size_ref(head.size), bytes.fromhex(batch)
            for kind, place, root in (
                (AnchorKind.CHECKPOINT, size, head.root),
                (AnchorKind.BATCH, batch_id, bytes(32)),
            ):
                anchors.want(connection, kind, place, root, time)
                wanted = anchors.get(connection, kind, place)
                assert wanted is not None
                seen = Sighting(bytes(31) + b"\x01", self.chain.number, bytes(31) + b"\x02", time // 1000)
                anchors.set_seen(connection, wanted, AnchorStatus.FINAL, seen)

    def bought(self) -> tuple[str, str]:
        """A key that went from the supplier by the shop to a buyer, all of it anchored; his order token."""
        world = self.world
        key = world.fresh_keys(1)[0]
        batch = world.batch([key, *world.fresh_keys(3)])
        self.sequence()
        offer = {"recipient": world.shop.hex, "batch": batch, "ranges": [{"first": 0, "count": 4}]}
        transfer = world.post(world.supplier, "/transfers", offer).json["id"]
        assert world.post(world.shop, f"/transfers/{transfer}/accept").status_code == 200
        self.sequence()
        self.anchor(batch)
        token = self.sell(key)
        assert world.post(world.shop, "/keys/deliver", {"key": ref(key)}).status_code == 200
        self.sequence()
        self.anchor(batch)
        return key, token

    def sell(self, key: str, order: str = "A-1001") -> str:
        """Sell a key of the shop; the order token."""
        sold = self.world.post(self.world.shop, "/keys/sell", {"key": ref(key), "order": order})
        assert sold.status_code == 200, sold.text
        token: str = sold.json["order_token"]
        return token

    def weak_key(self) -> dict[str, str]:
        """A key with a short secret that the shop holds."""
        text = "1200000000000042----13572468"
        staged = self.world.stage([text], format=WEAK)
        assert staged.status_code == 202, staged.text
        assert self.world.sign(staged.json).status_code == 200
        offer = {
            "recipient": self.world.shop.hex,
            "batch": staged.json["batch"],
            "ranges": [{"first": 0, "count": 1}],
        }
        transfer = self.world.post(self.world.supplier, "/transfers", offer).json["id"]
        assert self.world.post(self.world.shop, f"/transfers/{transfer}/accept").status_code == 200
        return {"format": WEAK, "text": text}
