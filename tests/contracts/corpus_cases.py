"""The corpus for a contract: what it can see of each bundle, and what the registry's errors mean."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any

from web3 import Web3

from provenance.core import canonical
from tests.verifier import corpus

JUDGED_STEPS = (1, 2, 3, 4, 6, 8, 10)
"""The steps of FORMATS §10 that a contract can judge."""

OUT_OF_SIGHT = (0,)
"""Parsing: a contract is given what was parsed, so no such case is shown to it."""

CASE_TYPE = (
    "(string,uint64,address,(address,bytes32,uint32,uint32,uint64,bytes32),bytes,bytes,uint256,bytes32,"
    "bytes32[],uint64,bytes32,(uint64,bytes,bytes32[])[],(uint64,bytes32,bytes32[])[],"
    "uint256,(bytes16,string,string,string)[],bytes32[],(uint256,bytes16,bytes)[],"
    "(uint256,bytes32[],bytes[],uint64,uint64,bytes32[])[])"
)
"""``Case`` of CorpusJudge.sol."""

SILENT = 0xFFFFFFFF
"""The judge's word for a call that was refused without an error: a number wider than its type."""

CODES = {
    "merkle_proof_invalid": (
        "IndexOutOfRange(uint256,uint256)",
        "SizesOutOfOrder(uint256,uint256)",
        "InvalidProofLength(uint256)",
        "RootMismatch(bytes32,bytes32)",
    ),
    "signature_invalid": (
        "InvalidSignature(bytes32)",
        "MalleableSignature(bytes32)",
        "SignerIsNotSupplier(address,address)",
    ),
    "proof_rejected": (
        "DetailsAreNotTheManifests()",
        "AnchorsOutOfOrder()",
        "LastAnchorIsNotTheCheckpoint()",
        "AnotherKeysLeaf()",
        "NobodysUse()",
        "AnothersDetails()",
        "NotTheLastEntry()",
        "AnotherState(uint64,uint64)",
        "NotARangeOfTheBatch()",
        "OtherRanges()",
    ),
    "details_too_large": ("DetailsTooLarge(uint256)",),
    "entry_malformed": ("NotANumber()",),
}
"""The errors that are the rule of each code; any other refusal is none of the corpus's."""


def selector(error: str) -> int:
    return int.from_bytes(Web3.keccak(text=error)[:4])


CODE_BY_SELECTOR = {selector(error): code for code, errors in CODES.items() for error in errors}


def encoded(case: dict[str, Any], bases: dict[str, str]) -> str:
    """The line of corpus.abi for *case*, from the bytes of its bundle."""
    bundle = json.loads(corpus.raw_of(case, bases))
    batch, key = bundle["batch"], bundle["key"]
    size, root = _head(bundle["checkpoint"])
    value = (
        case["id"],
        batch["domain"]["chain_id"],
        batch["domain"]["registry"],
        _manifest(batch["manifest"]),
        canonical.encode(batch["details"]),
        _hex(batch["signature"]),
        key["index"],
        _hex(key["leaf"]),
        _path(key["path"]),
        size,
        root,
        [_placed(item) for item in _entries(bundle)],
        [(item["size"], _hex(item["root"]), _path(item["consistency"])) for item in bundle["anchors"]],
        len(bundle["custody"]),
        list(_known(bundle, case.get("reader", {}))),
        [_hex(key["use"])] if key["use"] else [],
        list(_shown(bundle)),
        _states(bundle),
    )
    return "0x" + Web3().codec.encode([CASE_TYPE], [value]).hex()


def verdicts(output: str) -> dict[str, tuple[int, int]]:
    """Step and selector by case, of what the judge printed; the step is 0 where all of them pass."""
    rows = re.findall(r"^\s*verdict (\S+) (\d+) (\d+)$", output, re.MULTILINE)
    found = {name: (int(step), int(why)) for name, step, why in rows}
    assert len(found) == len(rows), "a case was judged twice"
    return found


def _manifest(told: dict[str, Any]) -> tuple[Any, ...]:
    numbers = (told["size"], told["max_uses"], told["expires_at"])
    return (told["supplier"], _hex(told["root"]), *numbers, _hex(told["details"]))


def _entries(bundle: dict[str, Any]) -> Iterable[dict[str, Any]]:
    yield from (*bundle["custody"], *bundle["parties"], *bundle["beacons"])
    if bundle["state"] is not None:
        yield bundle["state"]


def _known(bundle: dict[str, Any], reader: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    """The key as the bundle opens it, then as the reader holds it, if either has the leaf's salt."""
    opening, card = bundle["key"]["opening"], reader.get("card_key")
    salt = reader.get("salt") or (opening and opening["salt"])
    if opening is not None:
        format_id = bundle["batch"]["details"]["format"]
        yield _hex(opening["salt"]), format_id, opening["serial"], opening["secret"]
    if card is not None and salt is not None:
        yield _hex(salt), card["format_id"], card["serial"], card["secret"]


def _shown(bundle: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    for place, item in enumerate((*bundle["custody"], *bundle["parties"])):
        if item["details"] is not None:
            yield place, _hex(item["details"]["salt"]), canonical.encode(item["details"]["value"])


def _states(bundle: dict[str, Any]) -> list[tuple[Any, ...]]:
    state = bundle["state"]
    if state is None:
        return []
    ranges = [base64.b64decode(entry, validate=True) for entry in state["ranges"]]
    place = sum(len(bundle[name]) for name in ("custody", "parties", "beacons"))
    record, batch = _path(state["record_path"]), _path(state["batch_path"])
    return [(place, record, ranges, state["batch_position"], state["batches"], batch)]


def _placed(item: dict[str, Any]) -> tuple[Any, ...]:
    return item["index"], base64.b64decode(item["entry"], validate=True), _path(item["path"])


def _head(note: str) -> tuple[int, bytes]:
    _origin, size, root, *_rest = note.split("\n")
    return int(size), base64.b64decode(root, validate=True)


def _path(hashes: list[str]) -> list[bytes]:
    return [_hex(item) for item in hashes]


def _hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
