"""Step 0: what is no bundle, however it got that way."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.verifier.corpus import REMOVED, Case
from tests.verifier.world import GOLDEN_TEXT

Pointer = list[str | int]
GOLDEN_VALUE: dict[str, Any] = json.loads(GOLDEN_TEXT)


def patched(id: str, about: str, pointer: Pointer, value: Any, code: str) -> Case:
    return Case(f"form-{id}", about, {"base": "golden", "patch": [[pointer, value]]}, 0, code)


def spelt(id: str, about: str, old: str, new: str, code: str) -> Case:
    """The golden file with its first *old* spelt *new*."""
    assert old in GOLDEN_TEXT
    return Case(f"form-{id}", about, {"bundle": GOLDEN_TEXT.replace(old, new, 1)}, 0, code)


def pieces(id: str, about: str, code: str, *parts: tuple[str, int]) -> Case:
    return Case(f"form-{id}", about, {"pieces": [list(part) for part in parts]}, 0, code)


def cases() -> Iterator[Case]:
    yield from _json()
    yield from _two_faults()
    yield from _bounds()
    yield from _members()
    yield from _values()


def _json() -> Iterator[Case]:
    yield pieces("empty", "no byte at all", "json_malformed", ("", 1))
    yield pieces("not-json", "a text that is no JSON", "json_malformed", ("proof", 1))
    yield pieces("null", "JSON null", "bundle_version", ("null", 1))
    yield pieces("list", "a list instead of an object", "bundle_version", ("[]", 1))
    yield Case("form-cut", "the last byte missing", {"bundle": GOLDEN_TEXT[:-1]}, 0, "json_malformed")
    yield Case("form-tail", "a second value", {"bundle": GOLDEN_TEXT + "{}"}, 0, "json_malformed")
    yield Case("form-newline", "a newline behind", {"bundle": GOLDEN_TEXT + "\n"}, 0, "json_not_canonical")
    yield Case("form-bom", "a byte order mark", {"bundle": "\ufeff" + GOLDEN_TEXT}, 0, "json_malformed")
    yield Case("form-utf8", "a byte that is no UTF-8", {"base64": "eyJhIjoi/yJ9"}, 0, "json_malformed")
    yield Case(
        "form-surrogate-bytes", "a surrogate as UTF-8", {"base64": "eyJhIjoi7aCAIn0="}, 0, "json_malformed"
    )
    yield pieces("lone-surrogate", "half of a character", "json_not_canonical", ('{"a":"\\ud800"}', 1))
    yield pieces("control", "a raw control character in a string", "json_malformed", ('{"a":"\t"}', 1))
    yield pieces("escape", "an escape that does not exist", "json_malformed", ('{"a":"\\x41"}', 1))
    yield pieces("comma", "a comma too many", "json_malformed", ('{"a":1,}', 1))
    yield pieces("duplicate", "one member twice", "json_duplicate_member", ('{"a":1,"a":1}', 1))
    yield pieces(
        "duplicate-escaped",
        "one member twice, once escaped",
        "json_duplicate_member",
        ('{"a":1,"\\u0061":2}', 1),
    )
    yield pieces("proto", "a member named __proto__", "bundle_version", ('{"__proto__":{"type":"x"}}', 1))
    yield spelt(
        "order", "members in another order", '{"anchors"', '{"type":"x","anchors"', "json_duplicate_member"
    )
    yield spelt("space", "white space between members", '"hints":', '"hints": ', "json_not_canonical")
    yield spelt("escaped", "a letter written as an escape", '"hints"', '"\\u0068ints"', "json_not_canonical")
    yield spelt(
        "capital-hex",
        "an escape in capitals",
        "keys.example/log\\n",
        "keys.example/log\\u000A",
        "json_not_canonical",
    )
    yield spelt("float", "a number with a fraction", '"chain_id":31337', '"chain_id":31337.0', "json_number")
    yield spelt("exponent", "a number with an exponent", '"chain_id":31337', '"chain_id":3e4', "json_number")
    yield spelt("minus-zero", "minus zero", '"batch_position":0', '"batch_position":-0', "json_not_canonical")
    yield spelt("leading-zero", "a leading zero", '"chain_id":31337', '"chain_id":031337', "json_malformed")
    yield spelt("nan", "not a number", '"chain_id":31337', '"chain_id":NaN', "json_number")
    yield spelt(
        "past-2-53", "an integer of 2^53", '"expires_at":0', '"expires_at":9007199254740992', "json_number"
    )
    yield spelt(
        "past-2-53-odd",
        "2^53 + 1, which a float rounds",
        '"expires_at":0',
        '"expires_at":9007199254740993',
        "json_number",
    )
    yield pieces("digits", "an integer of 5,000 digits", "json_number", ('{"a":', 1), ("9", 5000), ("}", 1))


def _two_faults() -> Iterator[Case]:
    """The first fault is the answer: by depth before all else, then as read, an object at its end."""
    twice_and = "one member twice, and behind it "
    yield pieces("twice-number", twice_and + "a fraction", "json_number", ('{"a":1,"a":1.5}', 1))
    yield pieces("twice-cut", twice_and + "no end", "json_malformed", ('{"a":1,"a":1', 1))
    yield pieces(
        "twice-inside",
        twice_and + "another such object",
        "json_duplicate_member",
        ('{"a":{"b":1,"b":1},"a":1}', 1),
    )
    yield pieces(
        "number-deep", "a fraction, and nested 17 deep", "json_too_deep", ("[1.5,", 1), ("[", 16), ("]", 17)
    )


def _bounds() -> Iterator[Case]:
    yield pieces("16-mib", "one byte past 16 MiB", "json_too_large", (" ", 16 * 1024 * 1024 + 1))
    yield pieces("depth-17", "nested 17 deep", "json_too_deep", ("[", 17), ("]", 17))
    yield pieces("depth-16", "nested 16 deep: allowed, and no bundle", "bundle_version", ("[", 16), ("]", 16))
    yield pieces(
        "depth-10000", "nested 10,000 deep", "json_too_deep", ('{"a":', 10_000), ("1", 1), ("}", 10_000)
    )
    yield pieces("depth-open", "10,000 brackets never closed", "json_too_deep", ("[", 10_000))
    yield pieces(
        "brackets-in-text",
        "brackets in a string do not nest",
        "bundle_version",
        ('{"a":"', 1),
        ("[", 99),
        ('"}', 1),
    )
    yield pieces("commas", "2^19 + 1 commas", "json_too_many_values", ("[0", 1), (",0", 2**19 + 1), ("]", 1))
    commas = ('{"a":"', 1), (",", 2**19 + 1), ('"}', 1)
    yield pieces("commas-in-text", "commas in a string separate nothing", "bundle_version", *commas)
    zeros = "00" * 32
    path = GOLDEN_VALUE["key"]["path"]
    yield patched("path-65", "a path of 65 hashes", ["key", "path"], [zeros] * 65, "bundle_malformed")
    yield Case(
        "form-path-10000",
        "a path of 10,000 hashes",
        {"pieces": _around('"index":3,"leaf":', '"path":["' + path[0], ('","' + zeros, 10_000))},
        0,
        "bundle_malformed",
    )
    entry = GOLDEN_VALUE["state"]["ranges"][0]
    many = _around('"ranges":["' + entry, "", ('","' + entry, 1024))
    yield Case("form-ranges-1025", "more than 1,024 range entries", {"pieces": many}, 0, "bundle_malformed")
    for name, count in (("custody", 10_006), ("parties", 10_002), ("beacons", 10_001), ("anchors", 10_002)):
        first = json.dumps(GOLDEN_VALUE[name][0], separators=(",", ":"), sort_keys=True)
        many = _around(f'"{name}":[' + first, "", ("," + first, 10_000))
        about = f"more than 10,000 {name} entries".replace("anchors entries", "anchors")
        yield Case(f"form-{name}-{count}", about, {"pieces": many}, 0, "bundle_malformed")


def _around(before: str, also: str, many: tuple[str, int]) -> list[list[Any]]:
    """The golden file with *many* put in right behind *before* … *also*."""
    at = GOLDEN_TEXT.index(before)
    at = GOLDEN_TEXT.index(also, at) + len(also) if also else at + len(before)
    return [[GOLDEN_TEXT[:at], 1], list(many), [GOLDEN_TEXT[at:], 1]]


def _members() -> Iterator[Case]:
    yield patched("type", "a later version", ["type"], "card-key-provenance/proof/v2", "bundle_version")
    yield patched("type-missing", "no type", ["type"], REMOVED, "bundle_version")
    yield patched("unknown", "an unknown member at the top", ["note"], "hello", "bundle_malformed")
    for name in ("network", "hints", "state", "beacons", "state_proof"):
        yield patched(f"no-{name}", f"no {name}", [name], REMOVED, "bundle_malformed")
    yield patched("unknown-in-key", "an unknown member in key", ["key", "serial"], "1", "bundle_malformed")
    yield patched(
        "unknown-in-entry", "an unknown member in custody", ["custody", 0, "x"], 0, "bundle_malformed"
    )
    yield patched(
        "unknown-in-details", "an unknown batch detail", ["batch", "details", "x"], "", "manifest_invalid"
    )
    yield patched(
        "opening-half", "an opening without salt", ["key", "opening", "salt"], REMOVED, "bundle_malformed"
    )
    yield patched("custody-null", "null instead of a list", ["custody"], None, "bundle_malformed")
    yield patched(
        "details-text",
        "details that are no object",
        ["custody", 3, "details", "value"],
        "x",
        "bundle_malformed",
    )
    yield patched("anchors-object", "an object instead of a list", ["anchors"], {}, "bundle_malformed")


def _values() -> Iterator[Case]:
    leaf = GOLDEN_VALUE["key"]["leaf"]
    entry = GOLDEN_VALUE["custody"][0]["entry"]
    yield patched("bool-index", "true instead of 1", ["key", "index"], True, "bundle_malformed")
    yield patched("text-index", "a number as text", ["key", "index"], "3", "bundle_malformed")
    yield patched("negative-index", "a negative index", ["key", "index"], -1, "bundle_malformed")
    yield patched("hex-capitals", "hex in capitals", ["key", "leaf"], leaf.upper(), "hex_malformed")
    yield patched("hex-short", "a hash of 31 bytes", ["key", "leaf"], leaf[:-2], "hex_malformed")
    yield patched("hex-odd", "half a byte", ["key", "leaf"], leaf[:-1], "hex_malformed")
    yield patched("hex-0x", "0x where none belongs", ["key", "leaf"], "0x" + leaf, "hex_malformed")
    yield patched("hex-digits", "digits of another script", ["key", "leaf"], "٠" * 64, "hex_malformed")
    yield patched("hex-newline", "a newline behind hex", ["key", "leaf"], leaf + "\n", "hex_malformed")
    registry = GOLDEN_VALUE["network"]["registry"]
    yield patched(
        "address-bare", "an address without 0x", ["network", "registry"], registry[2:], "hex_malformed"
    )
    yield patched("chain-0", "chain id 0", ["network", "chain_id"], 0, "manifest_invalid")
    yield patched(
        "base64-space",
        "base64 with a space",
        ["custody", 0, "entry"],
        entry[:8] + " " + entry[8:],
        "base64_malformed",
    )
    yield patched(
        "base64-newline", "base64 with a newline", ["custody", 0, "entry"], entry + "\n", "base64_malformed"
    )
    yield patched(
        "base64-unpadded",
        "base64 without padding",
        ["custody", 0, "entry"],
        entry.rstrip("="),
        "base64_malformed",
    )
    yield patched(
        "base64-url",
        "base64 of the URL alphabet",
        ["custody", 0, "entry"],
        entry.replace("+", "-", 1).replace("/", "_", 1),
        "base64_malformed",
    )
    loose = entry.rstrip("=")
    loose = loose[:-1] + chr(ord(loose[-1]) + 1) + "=" * (len(entry) - len(loose))
    yield patched(
        "base64-bits", "base64 with unused bits set", ["custody", 0, "entry"], loose, "base64_malformed"
    )
    yield from _entries()
    storage = {"header": "c0", "account": [], "storage": {leaf: []}}
    slot = {**storage, "storage": {leaf[:-2]: []}}
    yield patched("slot-short", "a storage slot of 31 bytes", ["state_proof"], slot, "hex_malformed")
    nodes = {**storage, "account": ["c0"] * 65}
    yield patched("nodes-65", "an account proof of 65 nodes", ["state_proof"], nodes, "bundle_malformed")
    yield patched(
        "signature-64", "a signature of 64 bytes", ["batch", "signature"], "0x" + "11" * 64, "hex_malformed"
    )
    yield patched(
        "secret-control",
        "a control character in the key",
        ["key", "opening", "secret"],
        "1\n2",
        "bundle_malformed",
    )
    yield patched(
        "secret-long",
        "a secret of 1,025 bytes",
        ["key", "opening", "secret"],
        "é" * 512 + "x",
        "bundle_malformed",
    )
    yield patched(
        "hint-short",
        "a transaction hash of 31 bytes",
        ["hints", "batch_transaction"],
        "0x" + "11" * 31,
        "hex_malformed",
    )


def _entries() -> Iterator[Case]:
    raw = base64.b64decode(GOLDEN_VALUE["custody"][3]["entry"])

    def entry(id: str, about: str, changed: bytes) -> Case:
        text = base64.b64encode(changed).decode()
        return patched(id, about, ["custody", 3, "entry"], text, "entry_malformed")

    yield entry("entry-123", "an entry of 123 bytes", raw[:-1])
    yield entry("entry-125", "an entry of 125 bytes", raw + b"\0")
    yield entry("entry-version", "an entry of version 2", b"\2" + raw[1:])
    yield entry("entry-type", "an entry of an unknown type", raw[:1] + b"\x0b" + raw[2:])
    yield entry("entry-type-0", "an entry of type 0", raw[:1] + b"\0" + raw[2:])
    yield entry("entry-no-keys", "a SELL of no key", raw[:48] + bytes(4) + raw[52:])
    yield entry("entry-two-keys", "a SELL of two keys", raw[:48] + b"\0\0\0\2" + raw[52:])
