"""The public log by commands alone: audited over HTTP and from files, proven, checked, re-keyed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance import keyfiles
from provenance.cli import failures
from provenance.core.notes import COSIGNATURE, verifier_key
from provenance.core.policy import Policy
from provenance.errors import ChainMismatch, Unavailable
from tests.cli.conftest import World
from tests.cli.test_processes import chain_url as chain_url


def log_key(world: World) -> str:
    seed = keyfiles.load(world.shell.home / "secrets", "log.key")
    return verifier_key("localhost/log", seed).encode()


def test_an_auditor_needs_an_address_and_a_key(
    world: World, registered: Callable[[int], str], tmp_path: Path
) -> None:
    registered(4)
    world.shell.run("worker", "--once")
    address = f"http://127.0.0.1:{world.service.port}/v1/log"
    kept = tmp_path / "audit.state"
    told = world.shell.json("audit", address, "--log-key", log_key(world), "--resume", kept)
    assert (told["clean"], told["batches"], told["findings"]) == (True, 1, [])
    assert told["entries_replayed"] == told["size"] > 5
    assert not any("without a manifest" in text for text in told["not_checked"])
    again = world.shell.json("audit", address, "--log-key", log_key(world), "--resume", kept)
    assert (again["clean"], again["entries_replayed"]) == (True, 0)


def test_the_exported_folder_is_audited_and_a_changed_file_is_told_with_its_place(
    world: World, registered: Callable[[int], str], tmp_path: Path
) -> None:
    registered(4)
    world.shell.run("worker", "--once")
    site = tmp_path / "site"
    size = world.shell.json("log", "export", site)["size"]
    key = log_key(world)
    assert "Nothing is wrong" in world.shell.run("audit", site, "--log-key", key).stdout
    bundle = site / f"tile/entries/000.p/{size}"
    raw = bytearray(bundle.read_bytes())
    raw[126 * 5 + 2 + 60] ^= 1
    bundle.write_bytes(raw)
    told = world.shell.json("audit", site, "--log-key", key, code=1)
    assert ("tile_wrong", 5) in {(one["rule"], one.get("index")) for one in told["findings"]}


def test_a_missing_log_says_nothing_about_any_log(world: World, tmp_path: Path) -> None:
    told = world.shell.json("audit", tmp_path / "nowhere", code=1)
    assert told["error"]["code"] == "file_not_found"
    told = world.shell.json("audit", "http://127.0.0.1:1", code=3)
    assert told["error"]["code"] == "source_unreachable"


@pytest.mark.parametrize(
    ("code", "advice"),
    [("source_too_large", "no log serves so much"), ("source_unreadable", "doctor"), ("wrong_chain_id", "—")],
)
def test_what_fails_is_told_with_advice_that_fits(code: str, advice: str) -> None:
    kind = ChainMismatch if code == "wrong_chain_id" else Unavailable
    told = failures.line(kind("it failed; do this", code=code))
    assert (advice in told) == (advice != "—"), told


def test_an_event_is_proven_and_the_proof_verified_offline(
    world: World, registered: Callable[[int], str], tmp_path: Path
) -> None:
    registered(4)
    world.shell.run("worker", "--once")
    from provenance.config import load_settings
    from provenance.store.database import Database

    database = Database(load_settings().url)
    with database.read() as connection:
        event = bytes(connection.exec_driver_sql("SELECT event FROM entry WHERE log_index = 4").scalar())
    database.dispose()
    file = tmp_path / "one.tlog-proof"
    world.shell.run("log", "proof", event.hex(), "--out", file)
    told = world.shell.json("log", "verify", file, "--log-key", log_key(world))
    assert (told["verified"], told["index"]) == (True, 4)
    policy = tmp_path / "policy"
    policy.write_text(f"log {log_key(world)}\nquorum none\n")
    assert Policy.parse(policy.read_bytes()).quorum is None
    assert world.shell.json("log", "verify", file, "--policy", policy)["verified"]
    stranger = verifier_key("localhost/log", bytes(32)).encode()
    world.shell.run("log", "verify", file, "--log-key", stranger, code=1)


def test_the_database_is_checked_and_the_key_changed_by_command(
    world: World, registered: Callable[[int], str]
) -> None:
    registered(4)
    world.shell.run("worker", "--once")
    assert world.shell.json("fsck")["clean"]
    old = log_key(world)
    told = world.shell.json("log", "rotate-key")
    assert (told["old"], told["new"]) == (old, log_key(world))
    assert world.shell.run("log", "key").stdout == told["new"] + "\n"
    world.shell.run("worker", "--once")
    address = f"http://127.0.0.1:{world.service.port}/v1/log"
    for key in (old, told["new"]):
        assert world.shell.json("audit", address, "--log-key", key)["clean"]
    assert world.shell.json("fsck")["clean"]


def test_a_proof_from_before_a_rotation_is_good_for_who_knows_the_new_key_alone(
    world: World, registered: Callable[[int], str], tmp_path: Path
) -> None:
    batch = registered(4)
    world.shell.run("worker", "--once")
    out = tmp_path / "proof.json"
    token = ("--token-file", world.token("Acme"))
    world.shell.run("proof", "make", "--handle", f"{batch}/1", "--out", out, *token)
    new = world.shell.json("log", "rotate-key")["new"]
    world.shell.run("worker", "--once")
    world.shell.run("log", "export", tmp_path / "site")
    successions = tmp_path / "site" / "successions"
    world.shell.run("proof", "verify", out, "--log-key", new, code=1)
    meant = json.loads(out.read_text("utf-8"))["network"]
    network = ("--chain-id", meant["chain_id"], "--registry", meant["registry"])
    followed = (*network, "--log-key", new, "--successions", successions)
    assert world.shell.json("proof", "verify", out, *followed)["verified"]
    later = tmp_path / "later.json"
    world.shell.run("proof", "make", "--handle", f"{batch}/1", "--out", later, *token)
    policy = tmp_path / "policy"
    policy.write_text(f"log {new}\nquorum none\n")
    assert world.shell.json("proof", "verify", later, *network, "--policy", policy)["verified"]
    unmet = f"witness w {verifier_key('w.example', bytes(32), COSIGNATURE).encode()}\nquorum w\n"
    policy.write_text(f"log {new}\n{unmet}")
    assert "step 5" in world.shell.run("proof", "verify", later, "--policy", policy, code=1).stderr


def test_a_witness_makes_the_key_that_policies_name(world: World, tmp_path: Path) -> None:
    key = world.shell.json("witness", "init", "--folder", tmp_path / "w", "--name", "w.example/one")["key"]
    again = world.shell.json("witness", "init", "--folder", tmp_path / "w", "--name", "w.example/one")["key"]
    assert key == again
    assert key.startswith("w.example/one+")


@pytest.mark.node
def test_an_auditor_with_a_node_finds_every_anchor_and_batch_on_the_chain(
    chain_url: str, world: World, registered: Callable[[int], str], tmp_path: Path
) -> None:
    registered(3)
    assert world.shell.json("anchor", "--here", "--timeout", 60)["anchored"]
    status = world.shell.json("chain", "status")["chain"]
    network = ("--chain-id", status["chain_id"], "--registry", status["registry"], "--node", chain_url)
    address = f"http://127.0.0.1:{world.service.port}/v1/log"
    told = world.shell.json("audit", address, "--log-key", log_key(world), *network)
    assert (told["clean"], told["findings"]) == (True, [])
    assert told["anchors"] >= 1 and told["states"] >= 1
    assert "1 batches are registered on chain, signed by their suppliers" in told["established"]
    assert told["not_checked"] == ["witnesses: no policy was brought"]
