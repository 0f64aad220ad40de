"""Act four: proofs, verified with the service switched off; and no key found where none may be."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from provenance.core.digests import keccak256
from provenance.demo.caller import Caller
from provenance.demo.stage import PROJECT
from provenance.demo.story import PromiseBroken
from provenance.demo.world import World


def prove(world: World) -> None:
    """A pending proof, an anchored one, and their verification."""
    story, file, shop = world.story, world.files[0], world.shops[0]
    world.proof_folder.mkdir(exist_ok=True)
    story.act("Proof: a file that needs nobody's word")
    with story.step("a proof at once: signed, not yet anchored, and it says so") as step:
        # Delivered this moment: what is older, the warranty act has had anchored.
        shop.post("/keys/deliver", {"key": file.handle(40)}).ok()
        pending = _as_soon_as_it_is_written(shop, file.handle(40))
        step.expect(pending["anchors"] == [], "it is anchored already")
        path = _save(world, "pending", pending)
        step.show(anchors=len(pending["anchors"]), checks=_passed(verify_file(path)))
    with story.step("the sold key's history is anchored") as step:
        anchored = json.loads(world.stage.run("anchor", "--json"))
        step.show(size=anchored["size"])
    with story.step("the shop takes the proof of the key's whole life") as step:
        wish = {"key": file.handle(3), "state_proof": True}
        path = _save(world, "sold-and-redeemed", shop.post("/proofs", wish).ok()["bundle"])
        step.show(file=path.name, bytes=path.stat().st_size)
    with story.step("the buyer takes one that opens the key and shows the order is his") as step:
        wish = {"key": file.key(3), "opening": True, "order_token": world.sale["order_token"]}
        path = _save(world, "buyers-copy", world.public.post("/proofs", wish).ok()["bundle"])
        path.chmod(0o600)
        step.show(file=path.name, bytes=path.stat().st_size)
    with story.step("a trusted block hash is noted from the node") as step:
        bundle = json.loads(world.proofs[1].read_bytes())
        block = _block_of(world, bundle)
        step.show(block=block)
    _verify_offline(world, block)


def _verify_offline(world: World, block: str) -> None:
    story, stage = world.story, world.stage
    with story.step("with a node: every step of the check passes") as step:
        evidence = verify_file(world.proofs[1], "--node", stage.testnet.url)
        step.show(steps=_passed(evidence))
    with story.step("service stopped: API and worker are gone") as step:
        stage.stop()
        try:
            requests.get(f"{stage.url}/v1/health", timeout=2)
            raise PromiseBroken("the API still answers")
        except requests.ConnectionError:
            step.show(api="stopped")
    with story.step("the chain is stopped too") as step:
        stage.testnet.stop()
        step.show(testnet="stopped")
    with story.step("offline, with a trusted block hash: batch and anchors are proven on chain") as step:
        evidence = verify_file(world.proofs[1], "--block-hash", block)
        step.expect(evidence["completeness"].startswith("complete by STATE"), evidence["completeness"])
        step.show(steps=_passed(evidence), history=evidence["completeness"])
    with story.step("offline, with nothing but the log's name: what was not checked is said") as step:
        evidence = verify_file(world.proofs[2])
        step.expect(bool(evidence["not_checked"]), "nothing is said about the chain")
        step.show(not_checked=len(evidence["not_checked"]))
    with story.step("one changed byte is found, and the step that finds it is named") as step:
        step.show(failed_at=_tampered(world))


def _tampered(world: World) -> str:
    bundle = json.loads(world.proofs[1].read_bytes())
    entry = bundle["custody"][-1]["entry"]
    bundle["custody"][-1]["entry"] = entry[:20] + ("A" if entry[20] != "A" else "B") + entry[21:]
    path = world.proof_folder / "tampered.provenance.json"
    path.write_text(json.dumps(bundle, ensure_ascii=False, sort_keys=True, separators=(",", ":")), "utf-8")
    done = _run(path)
    if done.returncode == 0:
        raise PromiseBroken("a changed proof was accepted")
    return f"step {json.loads(done.stdout)['error']['step']}"


def verify_file(path: Path, *options: str) -> dict[str, Any]:
    """``provenance proof verify`` in a process of its own; raises :class:`PromiseBroken`."""
    done = _run(path, *options)
    if done.returncode != 0:
        raise PromiseBroken(f"{path.name} was not accepted: {done.stdout[-400:]}{done.stderr[-400:]}")
    evidence: dict[str, Any] = json.loads(done.stdout)
    return evidence


def _run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    bundle = json.loads(path.read_bytes())
    brought = [
        "--chain-id", str(bundle["network"]["chain_id"]), "--registry", bundle["network"]["registry"],
        "--log-key", bundle["log"]["key"],
    ]  # fmt: skip
    command = [sys.executable, "-m", "provenance", "proof", "verify", str(path), *brought, *options, "--json"]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)


def _passed(evidence: dict[str, Any]) -> str:
    return f"{len(evidence['steps'])} steps, {len(evidence['not_checked'])} not checked"


def _as_soon_as_it_is_written(shop: Caller, key: dict[str, Any]) -> Any:
    """The proof of *key*, once its newest event has its place in the log."""
    for _ in range(100):
        answer = shop.post("/proofs", {"key": key})
        if answer.code != "not_sequenced_yet":
            break
        time.sleep(0.1)
    return answer.ok()["bundle"]


def _save(world: World, name: str, bundle: Any) -> Path:
    path = world.proof_folder / f"{name}.provenance.json"
    path.write_text(json.dumps(bundle, ensure_ascii=False, sort_keys=True, separators=(",", ":")), "utf-8")
    world.proofs.append(path)
    return path


def _block_of(world: World, bundle: dict[str, Any]) -> str:
    """The hash of the block whose header the state proof carries, as the node tells it."""
    claimed = "0x" + keccak256(bytes.fromhex(bundle["state_proof"]["header"])).hex()
    question: dict[str, Any] = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "eth_getBlockByHash",
        "params": [claimed, False],
    }
    answer = requests.post(world.stage.testnet.url, json=question, timeout=10).json()
    if not answer.get("result"):
        raise PromiseBroken("the node does not know the block of the state proof")
    return claimed
