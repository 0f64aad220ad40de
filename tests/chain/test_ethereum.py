"""Importing the chain room leaves the process as it was."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import json, sys
before = sys.getrecursionlimit()
import provenance.chain.clients, provenance.chain.signer, provenance.chain.stateproof
after = sys.getrecursionlimit()
try:
    json.loads("[" * 500_000)
    outcome = "parsed"
except RecursionError:
    outcome = "refused"
print(json.dumps([before, after, outcome]))
"""


def test_importing_the_chain_does_not_make_deep_json_deadly() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr.decode()[-500:]
    before, after, outcome = json.loads(run.stdout)
    assert (after, outcome) == (before, "refused")
