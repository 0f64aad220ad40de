"""A seller in a process of its own, busy until somebody kills it; it writes down what it was promised."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from provenance.core.entries import EntryType
from provenance.errors import ProvenanceError
from provenance.services.acts import Act
from provenance.services.lawbook import Handle
from tests.services.custody_world import OTHER_SHOP, SHOP, SUPPLIER, Trade, order
from tests.services.racing import real_trade


def burst(world: Trade, batch: bytes, first: int, step: int, size: int, promises: int) -> None:
    """Sell, deliver, redeem, take back and hand over key after key of a share of the batch."""
    for index in range(first, size, step):
        try:
            _live(world, Handle(batch, index), f"A-{index}", promises)
        except ProvenanceError as refused:
            os.write(promises, f"refused {refused.code}\n".encode())


def _live(world: Trade, handle: Handle, number: str, promises: int) -> None:
    if handle.index % 3 == 2:
        offer = world.transfers.offer(SHOP, OTHER_SHOP, handle.batch_id, [(handle.index, 1)]).transfer
        world.transfers.accept(OTHER_SHOP, offer.id)
        os.write(promises, f"received {handle.index}\n".encode())
        return
    sold = world.selling.sell(SHOP, handle, order(number))
    # One write of a short line to a pipe is whole or not at all.
    os.write(promises, f"sold {handle.index} {sold.recorded.event.hex()} {sold.token.hex()}\n".encode())
    world.custody.act(handle, Act(EntryType.DELIVER, SHOP))
    os.write(promises, f"delivered {handle.index}\n".encode())
    if handle.index % 3 == 1:
        world.custody.act_as_buyer(handle, EntryType.REDEEM, sold.token)
        os.write(promises, f"redeemed {handle.index}\n".encode())


def main(url: str, folder: str, batch: str, size: str) -> None:
    world = real_trade(url, Path(folder))
    threads = 4
    running = [
        threading.Thread(
            target=burst, args=(world, bytes.fromhex(batch), first, threads, int(size), sys.stdout.fileno())
        )
        for first in range(threads)
    ]
    recalls = threading.Thread(
        target=lambda: world.recalls.recall(SUPPLIER, bytes.fromhex(batch), [(int(size), 8)])
    )
    for one in (*running, recalls):
        one.start()
    for one in (*running, recalls):
        one.join()
    os.write(sys.stdout.fileno(), b"finished\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
