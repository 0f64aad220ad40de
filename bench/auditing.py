"""``python -m bench.auditing``: entries an auditor replays in a second, law, trees and STATEs included."""

from __future__ import annotations

import argparse
import random
from hashlib import sha256

from bench.harness import Result, seconds, show
from provenance.audit.findings import Findings
from provenance.audit.replay import Replay
from provenance.core.entries import Entry, EntryType, address_subject, number_party, split_number
from provenance.core.manifest import BatchManifest

SIZE = 10_000_000
STATE_EVERY = 10_000
OPERATOR, SUPPLIER, SHOP = (bytes([number]) * 20 for number in (1, 2, 3))
MANIFEST = BatchManifest(SUPPLIER, bytes(32), SIZE, 1, 0, bytes(32))
T = EntryType


def log_of(keys: list[int]) -> list[bytes]:
    """Each of *keys* sold, delivered and redeemed, with a STATE now and then."""
    batch, time = MANIFEST.batch_id, 1_800_000_000_000
    raws: list[bytes] = []
    mirror = _replay(raws)

    def put(
        kind: EntryType, subject: bytes, actor: bytes, *rest: int, party: bytes = bytes(20), reason: int = 0
    ) -> None:
        first, count = rest or (0, 0)
        raws.append(Entry(kind, time + len(raws), subject, actor, first, count, party, reason).encode())

    for address, role in ((OPERATOR, 6), (SUPPLIER, 1), (SHOP, 2)):
        put(T.PARTY, address_subject(address), OPERATOR, reason=role)
    put(T.COMMISSION, batch, SUPPLIER, 0, SIZE)
    put(T.TRANSFER, batch, SUPPLIER, 0, SIZE, party=SHOP)
    put(T.RECEIVE, batch, SHOP, 0, SIZE, party=SUPPLIER)
    for number, key in enumerate(keys, 1):
        use = sha256(key.to_bytes(4)).digest()[:20]
        for kind in (T.SELL, T.DELIVER, T.REDEEM):
            put(kind, batch, SHOP, key, 1, party=use)
        if number % (STATE_EVERY // 3) == 0:
            mirror.add(raws[mirror.size :])
            root, place = mirror.state_root(), split_number(len(raws))
            put(T.STATE, root, bytes(20), *place, party=number_party(1))
    return raws


def measure(name: str, keys: list[int]) -> Result:
    """Replay a log over *keys*; raises if the replay finds anything wrong in it."""
    raws = log_of(keys)
    replay = _replay(raws)

    def run() -> None:
        for start in range(0, len(raws), 256):
            replay.add(raws[start : start + 256])

    taken = seconds(run)
    if replay.findings.found:
        raise AssertionError(replay.findings.found[0])
    return Result(f"audit, {name}", len(raws) / taken, None, None, "entries/s", len(raws), 1)


def _replay(raws: list[bytes]) -> Replay:
    return Replay(Findings(), manifests=lambda batch_id: MANIFEST, entry_at=raws.__getitem__)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=300_000)
    count = parser.parse_args().entries // 3
    spread = random.Random(1).sample(range(SIZE), count)
    rows = [measure("neighbouring keys", list(range(count))), measure("keys all over ten million", spread)]
    show(rows, as_json=False)


if __name__ == "__main__":
    main()
