"""The escrow under a fuzzer that knows its doors; and proof that the tests notice when a check is gone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contracts.conftest import ROOT
from tests.contracts.test_solidity import run_suite

pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]

STATEFUL = ROOT / "tests" / "contracts" / "stateful"
FILES = ("contracts/test/EscrowInvariants.t.sol", "contracts/test/EscrowHandler.t.sol")
SUITE = tuple(f"contracts/test/Escrow{name}.t.sol" for name in ("Deposit", "Evidence", "Life", "Money"))

ESCROW = "WarrantyEscrow.sol"
ORDERS = "EscrowOrders.sol"
FUNDS = "EscrowFunds.sol"
ENTRY = "CustodyEntry.sol"

MUTANTS = {
    "anybody pays for the buyer": (ORDERS, "if (msg.sender != order.buyer) revert", "if (false) revert"),
    "an old offer holds": (ORDERS, "if (block.timestamp > order.validUntil)", "if (false)"),
    "anybody signs": (ORDERS, "if (signer != platform)", "if (false)"),
    "a sale is paid twice": (ESCROW, "if (deposits[id].state != State.None)", "if (false)"),
    "a stranger takes the place": (ORDERS, ", order.party, order.platform))", ", order.party))"),
    "another manifest": (ORDERS, "if (batchId != order.batchId)", "if (false)"),
    "a party rules": (ORDERS, "if (order.arbiter == order.buyer ||", "if (false &&"),
    "a stranger rules": (ESCROW, "if (msg.sender != held.arbiter)", "if (false)"),
    "a stranger refunds": (ESCROW, "if (msg.sender != held.platform)", "if (false)"),
    "a cheap way out": (ESCROW, "held.state == State.Funded ? 0 : held.compensation", "0"),
    "deadlines are closed": (ESCROW, "if (block.timestamp >= deadline)", "if (block.timestamp > deadline)"),
    "defaults come early": (ESCROW, "if (block.timestamp < held.deadline)", "if (false)"),
    "silence pays the platform": (ESCROW, "held.state == State.Delivered ? 0 : held.amount", "0"),
    "any actor": (ESCROW, "if (found != expected) revert", "if (false) revert"),
    "any reason": (ESCROW, "if (entry.reason != CustodyEntry.USED_BEFORE_SALE)", "if (false)"),
    "any life of a shared key": (ESCROW, "if (held.maxUses != 1) entry.requireParty(held.party);", ""),
    "a shared key sold twice": (ESCROW, "if (held.maxUses != 1) revert", "if (false) revert"),
    "one sale shown twice": (ESCROW, "if (earlier.index >= later.index)", "if (false)"),
    "sales to others": (ESCROW, "if (first.party != held.party) second.requireParty(held.party);", ""),
    "an answer from before": (ESCROW, "if (reinstatement.index <= fault.index)", "if (false)"),
    "an answer from after": (ESCROW, "if (reinstatement.index >= fault.before)", "if (false)"),
    "an answer years later": (ESCROW, "entry.time - fault.time > REINSTATE_MILLISECONDS", "false"),
    "no time for a second fault": (ESCROW, "fault.remaining > minimumWindow", "true"),
    "an answered fault again": (ESCROW, "if (answered[id][index])", "if (false)"),
    "a later succession": (ESCROW, "|| successions[i].index >= index", ""),
    "entries out of the air": (
        ESCROW,
        "registry.verifyEntry(evidence.size, evidence.index, evidence.entry, evidence.path);",
        "",
    ),
    "another key": (ENTRY, "entry.subject != batchId || ", ""),
    "many keys": (ENTRY, " || entry.count != 1", ""),
    "a fee on the way in": (FUNDS, "if (received != amount)", "if (false)"),
    "a fee on the way out": (FUNDS, "if (sent != amount)", "if (false)"),
    "a shortfall of ether": (FUNDS, "if (msg.value != amount)", "if (msg.value > amount)"),
    "withdrawn while withdrawing": (
        FUNDS,
        "function withdraw(address token, address to) external override nonReentrant",
        "function withdraw(address token, address to) external override",
    ),
}

INSOLVENT = {
    "a credit is paid for ever": (FUNDS, "credits[msg.sender][token] = 0;", ""),
    "a bond is never held": (FUNDS, "bonds[platform][token] = free - amount;", ""),
    "the platform gets all of it": (ESCROW, "+= held.amount - refund_;", "+= held.amount;"),
    "the bond comes back whole": (ESCROW, "+= held.compensation - compensation;", "+= held.compensation;"),
    "an undone sale goes on": (ESCROW, "            return;\n", ""),
    "a closed deposit closes again": (
        ESCROW,
        "held.state == State.None || held.state == State.Closed",
        "false",
    ),
}


@pytest.fixture
def fuzzed(project: Path) -> Path:
    """The project with the stateful tests in it."""
    for source in STATEFUL.glob("*.sol"):
        shutil.copy(source, project / "contracts" / "test" / source.name)
    return project


def fuzz(project: Path, *, runs: int | None = None) -> subprocess.CompletedProcess[str]:
    if runs is not None:
        edit(project / FILES[0], r"invariant\.runs = \d+", f"invariant.runs = {runs}")
        edit(project / "hardhat.config.js", r"fuzz: \{", "invariant: { shrinkRunLimit: 0 }, fuzz: {")
    return run_suite(project, *FILES)


def edit(path: Path, pattern: str, text: str) -> None:
    changed, count = re.subn(pattern, text, path.read_text())
    assert count == 1
    path.write_text(changed)


def mutate(project: Path, file: str, old: str, new: str) -> None:
    source = project / "contracts" / file
    text = source.read_text()
    assert text.count(old) == 1
    source.write_text(text.replace(old, new))


def test_after_fifty_thousand_calls_the_escrow_holds_exactly_what_it_owes(fuzzed: Path) -> None:
    text = (fuzzed / FILES[0]).read_text()
    runs, depth = (int(re.findall(rf"invariant\.{name} = (\d+)", text)[0]) for name in ("runs", "depth"))
    assert runs * depth >= 50_000
    done = fuzz(fuzzed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"invariantTheEscrowHoldsExactlyWhatItOwes() (runs: {runs})" in done.stdout
    assert "1 passing" in done.stdout


@pytest.mark.mutants
@pytest.mark.parametrize(("file", "old", "new"), INSOLVENT.values(), ids=INSOLVENT.keys())
def test_the_fuzzer_finds_out_when(file: str, old: str, new: str, fuzzed: Path) -> None:
    mutate(fuzzed, file, old, new)
    done = fuzz(fuzzed, runs=100)
    assert done.returncode != 0
    assert "1 failing" in done.stdout, done.stdout + done.stderr


@pytest.mark.mutants
@pytest.mark.parametrize(("file", "old", "new"), MUTANTS.values(), ids=MUTANTS.keys())
def test_the_escrows_suite_fails_when(file: str, old: str, new: str, project: Path) -> None:
    mutate(project, file, old, new)
    done = run_suite(project, *SUITE)
    assert done.returncode != 0
    assert re.search(r"\d+ failing", done.stdout), done.stdout + done.stderr
