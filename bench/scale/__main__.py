"""``python -m bench.scale``: the story on machines of their own, or on loopback (``--loopback``)."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bench.scale import checks, story
from bench.scale.cluster import Plan, running
from bench.scale.hosts import Host, Network, missing


def main() -> int:
    """Tell the story; 0 if every promise was kept, 1 if not, 3 if it cannot be told here."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--loopback", action="store_true", help="ports instead of namespaces; nothing is cut")
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="one object a line")
    chosen = parser.parse_args()
    reason = None if chosen.loopback else missing()
    if reason is not None:
        print(f"not run: {reason}", file=sys.stderr)
        return 3
    folder = Path(tempfile.mkdtemp(prefix="provenance-machines-"))
    network = None if chosen.loopback else Network()
    try:
        return _tell(folder, network, chosen)
    finally:
        if network is not None:
            network.close()
        shutil.rmtree(folder, ignore_errors=True)


def _tell(folder: Path, network: Network | None, chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    with running(folder, Host if network is None else network.host, Plan(keys=chosen.keys)) as cluster:
        _say(chosen, {"act": "everything is up", "seconds": round(time.monotonic() - began, 1)})
        cluster.clients.start()
        try:
            cluster.goes()
            for act in story.acts(network):
                _say(chosen, act(cluster).to_json())
        finally:
            cluster.clients.finish()
        records = cluster.clients.records
        try:
            counted = checks.require_kept(records, checks.the_log(cluster.apis[-1].url, records))
        except AssertionError as broken:
            _say(chosen, {"broken": str(broken)})
            return 1
    verdicts = {"verdicts": len(records.verdicts), "from_replica": records.from_replica}
    _say(chosen, {"kept": True, **counted, **verdicts})
    return 0


def _say(chosen: argparse.Namespace, told: dict[str, object]) -> None:
    if chosen.json:
        print(json.dumps(told), flush=True)
        return
    first, *rest = told.items()
    more = "  ".join(f"{name} {value}" for name, value in rest)
    print(f"{first[1] if first[0] == 'act' else first[0] + ' ' + str(first[1])!s:56} {more}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
