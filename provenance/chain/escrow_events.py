"""What the escrow tells: its events, from a node's logs to values.

All members of its events are static, so each is one word of topics or data; nested members of the
order come out under their own names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from provenance.chain import answers
from provenance.chain.escrow_artifact import escrow_artifact
from provenance.core.digests import keccak256

WORD = 32


@dataclass(frozen=True, slots=True)
class EscrowEvent:
    """One event: where it stands on the chain, its name, and its members.

    ``facts`` holds integers as int and addresses (20 bytes) and hashes (32 bytes) as bytes, under the
    names of the contract.
    """

    block: int
    transaction: bytes
    position: int
    name: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Shape:
    name: str
    indexed: tuple[tuple[str, str], ...]
    plain: tuple[tuple[str, str], ...]


def read_event(log: Any) -> EscrowEvent | None:
    """The event in one member of the answer to ``eth_getLogs``; None if the escrow has no such event.

    ChainUnavailable ``chain_answer_malformed`` if the log is not as its event has it.
    """
    topics = answers.data_list(answers.member(log, "topics"), "topics")
    shape = _shapes().get(topics[0]) if topics else None
    if shape is None:
        return None
    raw = answers.data(answers.member(log, "data"), "data", WORD * len(shape.plain))
    if len(topics) != 1 + len(shape.indexed) or any(len(topic) != WORD for topic in topics):
        answers.malformed("topics")
    facts = dict(_read(shape.indexed, b"".join(topics[1:]))) | dict(_read(shape.plain, raw))
    return EscrowEvent(
        block=answers.quantity(answers.member(log, "blockNumber"), "block number"),
        transaction=answers.data(answers.member(log, "transactionHash"), "transaction hash", 32),
        position=answers.quantity(answers.member(log, "logIndex"), "log index"),
        name=shape.name,
        facts=facts,
    )


def read_words(layout: tuple[tuple[str, str], ...], raw: bytes) -> dict[str, Any]:
    """The members of a static struct: *layout* is names and ABI types, *raw* a word for each."""
    return dict(_read(layout, raw))


def layout_of(function: str) -> tuple[tuple[str, str], ...]:
    """Names and ABI types of what the view *function* of the escrow returns, structs flattened."""
    for item in escrow_artifact().abi:
        if item["type"] == "function" and item["name"] == function:
            return tuple(_flat(item["outputs"]))
    raise KeyError(function)


@cache
def _shapes() -> dict[bytes, _Shape]:
    found = {}
    for item in escrow_artifact().abi:
        if item["type"] == "event":
            signature = f"{item['name']}({','.join(_canonical(field) for field in item['inputs'])})"
            indexed = [field for field in item["inputs"] if field["indexed"]]
            plain = [field for field in item["inputs"] if not field["indexed"]]
            shape = _Shape(item["name"], tuple(_flat(indexed)), tuple(_flat(plain)))
            found[keccak256(signature.encode())] = shape
    return found


def _canonical(field: dict[str, Any]) -> str:
    if field["type"] != "tuple":
        return str(field["type"])
    return f"({','.join(_canonical(inner) for inner in field['components'])})"


def _flat(parameters: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for field in parameters:
        if field["type"] == "tuple":
            yield from _flat(field["components"])
        else:
            yield field["name"], field["type"]


def _read(layout: tuple[tuple[str, str], ...], raw: bytes) -> Iterator[tuple[str, Any]]:
    for position, (name, kind) in enumerate(layout):
        word = raw[position * WORD : (position + 1) * WORD]
        if kind == "bytes32":
            yield name, word
        elif kind == "address":
            yield name, word[12:]
        elif kind == "bool":
            yield name, word[-1] == 1
        else:
            yield name, int.from_bytes(word)
