"""``python -m bench.auditing``: entries an auditor replays in a second, law, trees and STATEs included.

``served`` is the whole audit of a log at an address, fetching, tiles and signature included; the web server
is another process, on the same cores.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from bench.harness import Result, paired, seconds, show
from provenance.audit.fetch import HttpFetcher
from provenance.audit.findings import Findings
from provenance.audit.replay import Replay
from provenance.audit.run import Audit, Auditor
from provenance.audit.source import LogSource
from provenance.core import merkle
from provenance.core.batchfile import SignedManifest, batch_path
from provenance.core.entries import (
    ZERO_ADDRESS,
    Entry,
    EntryType,
    KeyReason,
    address_subject,
    number_party,
    split_number,
)
from provenance.core.manifest import BatchManifest, Domain, address_of, sign
from provenance.core.notes import Checkpoint, sign_checkpoint, verifier_key
from provenance.core.tilepaths import encode_bundle, entries_path, tile_path
from provenance.core.tiles import TILE_WIDTH, TreeBuilder

SIZE = 10_000_000
STATE_EVERY = 10_000
SUPPLIER_KEY = bytes(31) + b"\x11"
OPERATOR, SUPPLIER, SHOP = bytes([1]) * 20, address_of(SUPPLIER_KEY), bytes([3]) * 20
ORIGIN, SEED = "bench.example/log", b"L" * 32
DOMAIN = Domain(31337, bytes(20))
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

    put(T.KEY, verifier_key(ORIGIN, SEED).public, ZERO_ADDRESS, reason=KeyReason.LOG)
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


def served(n: int, runs: int) -> Result:
    """A whole audit of about *n* entries over HTTP, beside reading the same files by the same fetcher."""
    raws = log_of(list(range(n // 3)))
    with tempfile.TemporaryDirectory(prefix="provenance-bench-") as folder:
        names = _export(raws, Path(folder))
        with _web_server(folder) as url:

            def audit() -> float:
                fetcher = HttpFetcher(url)
                auditor = Auditor(log_key=verifier_key(ORIGIN, SEED))
                reports = []
                taken = seconds(lambda: reports.append(Audit(LogSource(fetcher), auditor).run()))
                fetcher.close()
                if not reports[0].is_clean or reports[0].entries != len(raws):
                    raise AssertionError(reports[0].findings[:1])
                return len(raws) / taken

            def fetching() -> float:
                fetcher = HttpFetcher(url)
                taken = seconds(lambda: [fetcher.fetch(name, 1 << 20) for name in names])
                fetcher.close()
                return len(raws) / taken

            note = "reference: fetching the same files, one after the other"
            return paired(
                "audit over HTTP", audit, fetching, n=len(raws), unit="entries/s", runs=runs, note=note
            )


def _export(raws: list[bytes], folder: Path) -> list[str]:
    """What the log serves, written below *folder*; the names of its tiles and bundles."""
    builder = TreeBuilder()
    rows = builder.add_many(b"".join(merkle.leaf_hash(raw) for raw in raws))
    head = builder.finish()
    files = {
        tile_path(level, index, len(hashes) // 32): hashes for level, index, hashes in (*rows, *head.tiles)
    }
    for start in range(0, len(raws), TILE_WIDTH):
        some = raws[start : start + TILE_WIDTH]
        files[entries_path(start // TILE_WIDTH, len(some))] = encode_bundle(some)
    names = list(files)
    files["checkpoint"] = sign_checkpoint(Checkpoint(ORIGIN, len(raws), head.root), SEED).encode()
    signature = sign(SUPPLIER_KEY, MANIFEST.digest(DOMAIN))
    files[batch_path(MANIFEST.batch_id)] = SignedManifest(MANIFEST, DOMAIN, signature).encode()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return names


@contextmanager
def _web_server(folder: str) -> Iterator[str]:
    """Any static web server: Python's own, in a process of its own."""
    code = (
        "import functools, http.server as h\n"
        "class Quiet(h.SimpleHTTPRequestHandler):\n"
        "    protocol_version, disable_nagle_algorithm = 'HTTP/1.1', True\n"
        "    def log_message(self, *args): pass\n"
        f"server = h.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory={folder!r}))\n"
        "print(server.server_port, flush=True)\n"
        "server.serve_forever()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()


def _replay(raws: list[bytes]) -> Replay:
    return Replay(Findings(), manifests=lambda batch_id: MANIFEST, entry_at=raws.__getitem__)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=300_000)
    count = parser.parse_args().entries // 3
    spread = random.Random(1).sample(range(SIZE), count)
    rows = [
        measure("neighbouring keys", list(range(count))),
        measure("keys all over ten million", spread),
        served(3 * count, 3),
    ]
    show(rows, as_json=False)


if __name__ == "__main__":
    main()
