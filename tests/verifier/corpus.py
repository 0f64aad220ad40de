"""The shared corpus: what a case is, how it is written down, and how a Python verifier is asked about it.

A case names its bundle in one of three ways: as text, as a patch of a base (members set or removed, then
written in RFC 8785 form again), or as pieces repeated so often (for what would be too large to keep).
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provenance.core import canonical
from provenance.core.keyformats import CardKey
from provenance.core.manifest import Domain
from provenance.core.notes import VerifierKey
from provenance.core.proofs import BatchOnChain, CheckpointOnChain, Evidence, ReaderContext, Witness, verify

FOLDER = Path(__file__).parents[1] / "vectors" / "corpus"
BASES = FOLDER / "bases.json"
CASES = FOLDER / "cases.jsonl"
REMOVED = {"removed": True}
"""In place of a patch's value: the member or item goes."""


@dataclass(frozen=True)
class Case:
    """One bundle, what its reader brings, and the verdict; *code* is the rule's where one is named."""

    id: str
    about: str
    source: dict[str, Any]
    step: int | None = None
    code: str | None = None
    reader: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        verdict: dict[str, Any] = {"verdict": "accepted"}
        if self.step is not None:
            verdict = {"verdict": "rejected", "step": self.step, "code": self.code or "proof_rejected"}
        return {
            "id": self.id,
            "about": self.about,
            **self.source,
            "reader": self.reader,
            "expect": verdict,
        }


def read_cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").rstrip("\n").split("\n")]


def raw_of(case: dict[str, Any], bases: dict[str, str]) -> bytes:
    """The bytes of the bundle of *case*."""
    if "base64" in case:
        return base64.b64decode(case["base64"])
    if "bundle" in case:
        return str(case["bundle"]).encode()
    if "pieces" in case:
        return b"".join(text.encode() * times for text, times in case["pieces"])
    value = json.loads(bases[case["base"]])
    for pointer, changed in case["patch"]:
        apply(value, pointer, changed)
    return dumps(value)


def dumps(value: Any) -> bytes:
    """RFC 8785 of what a patch makes, whose member names are ASCII; unlike ours it takes any number."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def apply(value: Any, pointer: list[str | int], changed: Any) -> None:
    """Set, append or remove what *pointer* names."""
    for name in pointer[:-1]:
        value = value[name]
    last = pointer[-1]
    if changed == REMOVED:
        del value[last]
    elif isinstance(value, list) and last == len(value):
        value.append(copy.deepcopy(changed))
    else:
        value[last] = copy.deepcopy(changed)


def verifier_key_text(name: str, public: bytes, kind: int = 1) -> str:
    """``name+hash+base64`` of any bytes, also of those that are no key."""
    hint = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).hexdigest()[:8]
    return f"{name}+{hint}+{base64.b64encode(bytes([kind]) + public).decode()}"


class CorpusNode:
    """A node that holds what the case says."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told

    def chain_id(self) -> int:
        number: int = self._told["chain_id"]
        return number

    def batch(self, batch_id: bytes) -> BatchOnChain | None:
        row = self._told["batches"].get(batch_id.hex())
        return BatchOnChain(bytes.fromhex(row["root"]), row["size"], row["time"]) if row else None

    def checkpoint(self, size: int) -> CheckpointOnChain | None:
        row = self._told["checkpoints"].get(str(size))
        return CheckpointOnChain(bytes.fromhex(row["root"]), row["time"]) if row else None

    def block_header(self, block_hash: bytes) -> bytes | None:
        found = self._told["blocks"].get(block_hash.hex())
        return bytes.fromhex(found) if found else None


def reader_of(told: dict[str, Any]) -> ReaderContext:
    """The reader that a case tells of."""
    network, key = told.get("network"), told.get("log_key")
    salt, block, card = told.get("salt"), told.get("trusted_block_hash"), told.get("card_key")
    node = told.get("node")
    others = {domain_of(row["domain"]): CorpusNode(row["node"]) for row in told.get("other_nodes", ())}
    witnesses = (Witness(VerifierKey.parse(w["key"]), w["replays"]) for w in told.get("witnesses", ()))
    return ReaderContext(
        network=domain_of(network) if network else None,
        log_key=VerifierKey.parse(key) if key else None,
        witnesses=tuple(witnesses),
        witness_threshold=told.get("witness_threshold", 0),
        card_key=CardKey(**card) if card else None,
        salt=bytes.fromhex(salt) if salt else None,
        node=CorpusNode(node) if node else None,
        trusted_block_hash=bytes.fromhex(block) if block else None,
        other_nodes=others,
    )


def domain_of(told: dict[str, Any]) -> Domain:
    return Domain(told["chain_id"], canonical.decode_hex(told["registry"], 20, prefix="0x"))


def ask_python(case: dict[str, Any], bases: dict[str, str]) -> Evidence:
    return verify(raw_of(case, bases), reader_of(case["reader"]))
