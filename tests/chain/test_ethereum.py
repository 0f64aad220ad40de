"""Importing web3 leaves the process as it was, and happens only where a chain is dealt with."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import json, sys, threading
before, seen, stop = sys.getrecursionlimit(), set(), threading.Event()
def watch():
    while not stop.wait(0.001):
        seen.add(sys.getrecursionlimit())
watching = threading.Thread(target=watch)
watching.start()
import provenance.bootstrap, provenance.chain.signer, provenance.chain.stateproof
eager = sorted({"web3", "eth_account", "py_ecc"} & set(sys.modules))
import provenance.chain.ethereum
stop.set()
watching.join()
sys.setrecursionlimit(before + 1)
seen.add(sys.getrecursionlimit() - 1)
try:
    json.loads("[" * 500_000)
    outcome = "parsed"
except RecursionError:
    outcome = "refused"
print(json.dumps([before, sorted(seen), eager, "py_ecc" in sys.modules, outcome]))
"""


def test_web3_comes_late_and_never_makes_deep_json_deadly() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr.decode()[-500:]
    before, seen, eager, is_there, outcome = json.loads(run.stdout)
    assert (seen, eager, is_there, outcome) == ([before], [], True, "refused")
