"""Steps 4 and 5: entries under the checkpoint's root, and who signed it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

from provenance.core import notes
from provenance.core.notes import Note, NoteSignature
from tests.verifier import curves
from tests.verifier.corpus import Case, verifier_key_text
from tests.verifier.golden_cases import (
    GOLDEN_VALUE,
    MERKLE,
    READER,
    SIGNATURE,
    bundled,
    flipped,
    patched,
    simple_world,
)
from tests.verifier.world import (
    LOG_SEED,
    ORIGIN,
)


def cases() -> Iterator[Case]:
    yield from _entries()
    yield from _signatures()
    yield from _odd_signatures()
    yield from _witnesses()


def _entries() -> Iterator[Case]:
    custody = GOLDEN_VALUE["custody"]
    path = custody[3]["path"]
    sell, deliver = custody[3]["entry"], custody[4]["entry"]
    at: list[str | int] = ["custody", 3, "path"]
    raw = bytearray(base64.b64decode(sell))
    raw[11] ^= 1
    altered = base64.b64encode(raw).decode()
    yield patched("log-entry-time", "an entry's time changed", 4, MERKLE, (["custody", 3, "entry"], altered))
    yield patched(
        "log-entry-swapped",
        "two entries swapped under their paths",
        4,
        MERKLE,
        (["custody", 3, "entry"], deliver),
        (["custody", 4, "entry"], sell),
    )
    yield patched("log-index", "an entry at another index", 4, MERKLE, (["custody", 3, "index"], 8))
    yield patched("log-index-past", "an index past the log", 4, MERKLE, (["custody", 3, "index"], 14))
    yield patched("log-path-short", "one hash too few", 4, MERKLE, (at, path[:-1]))
    yield patched("log-path-long", "one hash too many", 4, MERKLE, (at, [*path, path[0]]))
    yield patched("log-path-flipped", "one bit of a hash", 4, MERKLE, (at, [flipped(path[0]), *path[1:]]))
    yield patched(
        "log-party", "a PARTY entry that is not in the log", 4, MERKLE, (["parties", 0, "index"], 3)
    )
    yield patched("log-beacon", "a BEACON that is not in the log", 4, MERKLE, (["beacons", 0, "index"], 4))
    yield patched("log-state", "a STATE that is not in the log", 4, MERKLE, (["state", "index"], 12))
    root = base64.b64encode(b"\x11" * 32).decode()
    note = GOLDEN_VALUE["checkpoint"].replace(GOLDEN_VALUE["checkpoint"].split("\n")[2], root)
    yield patched("log-root", "a checkpoint of another root", 4, MERKLE, (["checkpoint"], note))
    note = GOLDEN_VALUE["checkpoint"].replace("\n14\n", "\n15\n")
    yield patched("log-size", "a checkpoint that lies about its size", 4, MERKLE, (["checkpoint"], note))


def _signatures() -> Iterator[Case]:
    world = simple_world()
    good = world.note()
    [line] = good.signatures
    yield bundled("pending", "no anchor, no STATE yet", world.bundle())

    def signed(id: str, about: str, *lines: NoteSignature, code: str = SIGNATURE) -> Case:
        return bundled(f"note-{id}", about, world.bundle(note=Note(good.text, lines)), 5, code)

    name, hint, raw = line.name, line.key_id, line.signature
    yield signed("other-name", "signed under another name", NoteSignature("other", hint, raw))
    yield signed("other-id", "a line with another key id", NoteSignature(name, b"\0\0\0\0", raw))
    yield signed(
        "flipped", "one bit of the signature", NoteSignature(name, hint, raw[:-1] + bytes([raw[-1] ^ 1]))
    )
    forged = notes.sign(good.text, name, b"\7" * 32)
    yield signed("forged", "another key behind the same key id", NoteSignature(name, hint, forged.signature))
    yield signed(
        "good-and-bad", "one good line does not excuse a bad one", line, NoteSignature(name, hint, bytes(64))
    )
    yield signed("short", "a signature of 63 bytes", NoteSignature(name, hint, raw[:-1]))
    stretched = int.from_bytes(raw[32:], "little") + curves.L
    yield signed(
        "malleable",
        "s plus the group order",
        NoteSignature(name, hint, raw[:32] + stretched.to_bytes(32, "little")),
    )
    older = notes.sign(replace(world.head(), size=len(world.entries) - 1).text, name, LOG_SEED)
    yield signed("other-text", "a true signature of an older size", older)
    foreign = NoteSignature("witness.example/w", b"\1\2\3\4", bytes(72))
    both = world.bundle(note=Note(good.text, (foreign, line)))
    yield bundled("note-foreign-line", "a line by somebody unknown is no harm", both)
    tiny = replace(foreign, signature=b"\0")
    yield bundled("note-tiny-line", "a line of five bytes", world.bundle(note=Note(good.text, (tiny, line))))
    sixteen = world.bundle(note=Note(good.text, (*(foreign,) * 15, line)))
    yield bundled("note-16-signatures", "sixteen lines are allowed", sixteen)
    text = world.head().text.replace(ORIGIN, "other.example/log")
    stranger = Note(text, (notes.sign(text, ORIGIN, LOG_SEED),))
    yield bundled("note-origin", "a checkpoint of another origin", world.bundle(note=stranger), 5)


def _odd_signatures() -> Iterator[Case]:
    """Keys and signatures on which verifiers of Ed25519 are known to differ."""
    world = simple_world()
    text = world.head().text
    secret = curves.secret_of(LOG_SEED)
    honest = curves.encode(curves.multiply(secret, curves.BASE))
    mixed = curves.encode(curves.add(curves.multiply(secret, curves.BASE), curves.ORDER_8))

    def odd(id: str, about: str, public: bytes, signature: bytes, step: int | None) -> Case:
        key = verifier_key_text(ORIGIN, public)
        line = NoteSignature(ORIGIN, bytes.fromhex(key.split("+")[1]), signature)
        value = world.bundle(note=Note(text, (line,))).to_json()
        value["log"]["key"] = key
        raw = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        reader = {**READER, "log_key": key}
        return Case(f"ed25519-{id}", about, {"bundle": raw}, step, SIGNATURE, reader)

    def by(public: bytes, is_lucky: bool) -> bytes:
        """A signature whose challenge is divisible by eight, or is not."""
        signatures = (curves.sign(secret, public, text.encode(), nonce) for nonce in range(1, 999))
        return next(
            s for s in signatures if (curves.challenge_of(s, public, text.encode()) % 8 == 0) is is_lucky
        )

    yield odd("honest", "an honest signature made by the book", honest, by(honest, False), None)
    yield odd(
        "mixed-key", "a key with a part of order 8: true only with the cofactor", mixed, by(mixed, False), 5
    )
    yield odd("mixed-key-lucky", "the same key where that part falls away", mixed, by(mixed, True), None)
    identity = curves.encode(curves.IDENTITY)
    zero = curves.sign(secret, honest, text.encode(), 0)
    assert zero[:32] == identity
    yield odd("r-small-order", "R of order 1, the equation holds", honest, zero, None)
    torsion = curves.encode(curves.ORDER_8)
    bent = curves.sign(secret, honest, text.encode(), 0, torsion)
    yield odd("r-order-8", "R of order 8: true only with the cofactor", honest, bent, 5)
    wide = (1 + curves.P).to_bytes(32, "little")
    yield odd(
        "r-not-canonical",
        "R = 1 spelt as p + 1",
        honest,
        curves.sign(secret, honest, text.encode(), 0, wide),
        5,
    )
    yield odd("s-order", "s of the group order", honest, identity + curves.L.to_bytes(32, "little"), 5)
    yield odd("zeros", "64 zero bytes", honest, bytes(64), 5)
    off = curves.not_on_the_curve()
    yield odd("key-off-curve", "a key that is no point", off, by(honest, False), 5)


def _witnesses() -> Iterator[Case]:
    world = simple_world()
    seeds = {f"witness.example/{n}": bytes([n]) * 32 for n in (1, 2, 3)}
    keys = {name: notes.verifier_key(name, seed, notes.COSIGNATURE).encode() for name, seed in seeds.items()}
    good = world.note()
    lines = {name: notes.cosign(good.text, name, seed, 1_795_000_100) for name, seed in seeds.items()}
    one, two, _ = seeds
    known = [{"key": keys[name], "replays": name == one} for name in seeds]

    def cosigned(id: str, about: str, signed: list[NoteSignature], step: int | None, threshold: int) -> Case:
        note = Note(good.text, (*good.signatures, *signed))
        bundle = world.bundle(note=note)
        code = SIGNATURE if step is not None else None
        more = {"witnesses": known, "witness_threshold": threshold}
        return bundled(f"witness-{id}", about, bundle, step, code, **more)

    yield cosigned("two-of-three", "two of three cosigned, two asked", [lines[one], lines[two]], None, 2)
    yield cosigned("one-of-two", "one cosigned, two asked", [lines[one]], 5, 2)
    yield cosigned("none", "none cosigned, none asked", [], None, 0)
    yield cosigned("twice", "one that cosigned twice counts once", [lines[one], lines[one]], 5, 2)
    bad = replace(lines[two], signature=lines[two].signature[:-1] + b"\0")
    yield cosigned("bad", "a bad cosignature though enough are good", [lines[one], bad], 5, 1)
    later = replace(lines[one], signature=(1_795_000_101).to_bytes(8) + lines[one].signature[8:])
    yield cosigned("time", "a cosignature moved to another time", [later], 5, 1)
    plain = notes.sign(good.text, one, seeds[one])
    yield cosigned(
        "plain", "a plain signature is no cosignature", [replace(plain, key_id=lines[one].key_id)], 5, 1
    )
