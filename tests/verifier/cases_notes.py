"""Step 0: keys, notes and manifests out of their form."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.verifier.cases_form import GOLDEN_VALUE, Pointer, patched, pieces
from tests.verifier.corpus import Case, verifier_key_text
from tests.verifier.world import GOLDEN_TEXT


def cases() -> Iterator[Case]:
    yield from _keys_and_notes()
    yield from _manifest()


def _keys_and_notes() -> Iterator[Case]:
    log_key: str = GOLDEN_VALUE["log"]["key"]
    name, _, material = log_key.split("+", 2)
    yield patched(
        "log-name", "a log key of another name", ["log", "origin"], "other.example/log", "bundle_malformed"
    )
    yield patched(
        "key-hint",
        "a key id that is not the key's",
        ["log", "key"],
        f"{name}+00000000+{material}",
        "note_key_malformed",
    )
    yield patched("key-plain", "a key without a name", ["log", "key"], material, "note_key_malformed")
    for id, about, public, kind in (
        ("key-small-order-1", "a log key of order 1", b"\1" + bytes(31), 1),
        ("key-small-order-2", "a log key of order 2", (2**255 - 20).to_bytes(32, "little"), 1),
        ("key-small-order-4", "a log key of order 4", bytes(32), 1),
        (
            "key-small-order-8",
            "a log key of order 8",
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
            1,
        ),
        ("key-small-order-sign", "order 1 with the sign bit set", b"\1" + bytes(30) + b"\x80", 1),
        ("key-not-canonical", "a log key of y = p + 3", (2**255 - 16).to_bytes(32, "little"), 1),
        ("key-31", "a log key of 31 bytes", bytes(range(31)), 1),
        ("key-kind", "a key of unknown kind", bytes(range(32)), 2),
        ("key-cosigner", "a witness key as log key", bytes(range(32)), 4),
    ):
        code = "bundle_malformed" if id == "key-cosigner" else "note_key_malformed"
        yield patched(id, about, ["log", "key"], verifier_key_text(name, public, kind), code)
    note: str = GOLDEN_VALUE["checkpoint"]
    head, line = note.split("\n\n")
    for id, about, text in (
        ("note-no-signature", "a checkpoint without signature", head + "\n\n"),
        ("note-no-newline", "a note that ends without newline", note[:-1]),
        ("note-dash", "a hyphen instead of an em dash", note.replace("— ", "- ")),
        ("note-garbage", "base64 with garbage in a signature", note[:-10] + "*" + note[-9:]),
        ("note-short-signature", "a signature of four bytes", head + "\n\n— keys.example/log lJ0cLg==\n"),
        ("note-17-signatures", "a note of 17 signatures", head + "\n\n" + line * 17),
        ("note-three-lines", "a checkpoint with an extension line", head + "\nmore\n\n" + line),
        ("note-size-zero", "a size with a leading zero", note.replace("\n14\n", "\n014\n")),
        ("note-size-2-53", "a size of 2^53", note.replace("\n14\n", "\n9007199254740992\n")),
        ("note-size-sign", "a signed size", note.replace("\n14\n", "\n+14\n")),
        (
            "note-root",
            "a root of 31 bytes",
            head.rsplit("\n", 1)[0] + "\n" + "A" * 40 + "AA==" + "\n\n" + line,
        ),
        ("note-control", "a control character in the text", note.replace("\n14\n", "\n14\r\n")),
    ):
        yield patched(id, about, ["checkpoint"], text, "note_malformed")
    many = [note[: -len(line)], line, GOLDEN_TEXT]
    start = GOLDEN_TEXT.index('"checkpoint":"')
    end = GOLDEN_TEXT.index(',"custody"')
    spelt_line = json.dumps(line, ensure_ascii=False)[1:-1]
    parts: list[tuple[str, int]] = [
        (GOLDEN_TEXT[:start] + '"checkpoint":' + json.dumps(many[0], ensure_ascii=False)[:-1], 1),
        (spelt_line, 10_000),
        ('"' + GOLDEN_TEXT[end:], 1),
    ]
    yield pieces("note-10000-signatures", "a note of 10,000 signatures", "note_malformed", *parts)


def _manifest() -> Iterator[Case]:
    at: Pointer = ["batch", "manifest"]
    of: Pointer = ["batch", "details"]
    code = "manifest_invalid"
    yield patched("size-0", "a batch of no key", [*at, "size"], 0, code)
    yield patched("size-2-32", "a batch of 2^32 keys", [*at, "size"], 2**32, code)
    yield patched("uses-0", "no use allowed", [*at, "max_uses"], 0, code)
    yield patched("supplier-zero", "the zero address as supplier", [*at, "supplier"], "0x" + "00" * 20, code)
    yield patched("money", "money with a leading zero", [*of, "face_value"], "050.00", code)
    yield patched("money-number", "money as a number", [*of, "face_value"], 50, code)
    yield patched("currency", "a currency in small letters", [*of, "currency"], "cny", code)
    yield patched("format", "a format id in capitals", [*of, "format"], "CMCC", code)
    yield patched("product-lines", "a product name of two lines", [*of, "product"], "a\u2028b", code)
    yield patched("product-200", "a product name of 201 characters", [*of, "product"], "卡" * 201, code)
    yield patched("source", "a source that is no hash", [*of, "source"], "00", code)
    yield patched("format-version", "format version 0", [*of, "format_version"], 0, code)
    yield patched("format-version-true", "true as format version", [*of, "format_version"], True, code)
