"""Steps 0 (the reader's own) to 6 and 8: key, batch, supplier, log, signatures, anchors, details."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from provenance.core import manifest, merkle, notes
from provenance.core.notes import Note, NoteSignature
from provenance.core.proofs import Bundle
from tests.verifier import curves
from tests.verifier.corpus import REMOVED, Case, verifier_key_text
from tests.verifier.world import (
    GOLDEN,
    GOLDEN_TEXT,
    LOG_SEED,
    ORIGIN,
    SHOP,
    SUPPLIER_KEY,
    T,
    World,
    in_shop,
)

GOLDEN_VALUE: dict[str, Any] = json.loads(GOLDEN_TEXT)
LOG_KEY: str = GOLDEN_VALUE["log"]["key"]
READER = {"network": GOLDEN_VALUE["network"], "log_key": LOG_KEY}
CARD = {
    "format_id": "cmcc-national",
    "serial": GOLDEN["keys"][3]["serial"],
    "secret": GOLDEN["keys"][3]["secret"],
}
OTHER_CARD = {**CARD, "serial": GOLDEN["keys"][2]["serial"], "secret": GOLDEN["keys"][2]["secret"]}
SALT: str = GOLDEN["keys"][3]["salt"]
MERKLE = "merkle_proof_invalid"
SIGNATURE = "signature_invalid"
GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def patched(
    id: str,
    about: str,
    step: int | None,
    code: str | None,
    *patch: tuple[list[str | int], Any],
    **reader: Any,
) -> Case:
    source = {"base": "golden", "patch": [list(change) for change in patch]}
    return Case(id, about, source, step, code, {**READER, **reader})


def bundled(
    id: str, about: str, bundle: Bundle, step: int | None = None, code: str | None = None, **reader: Any
) -> Case:
    source = {"bundle": bundle.to_bytes().decode()}
    return Case(id, about, source, step, code, {**READER, **reader})


def cases() -> Iterator[Case]:
    yield from _reader()
    yield from _leaf()
    yield from _batch()
    yield from _supplier()
    yield from _entries()
    yield from _signatures()
    yield from _odd_signatures()
    yield from _witnesses()
    yield from _anchors()
    yield from _details()


def _reader() -> Iterator[Case]:
    yield patched("golden", "the golden bundle", None, None)
    yield Case("golden-alone", "a reader who brings nothing", {"base": "golden", "patch": []})
    other = {**GOLDEN_VALUE["network"], "chain_id": 1}
    yield patched("reader-chain", "of another chain than the reader's", 0, "wrong_network", network=other)
    other = {**GOLDEN_VALUE["network"], "registry": "0x" + "00" * 20}
    yield patched(
        "reader-registry", "of another registry than the reader's", 0, "wrong_network", network=other
    )
    key = notes.verifier_key(ORIGIN, b"\7" * 32).encode()
    yield patched("reader-log", "of another log than the reader's", 0, "wrong_log", log_key=key)


def _leaf() -> Iterator[Case]:
    closed: tuple[list[str | int], Any] = (["key", "opening"], None)
    yield patched("leaf-card", "the reader's key is the leaf", None, None, card_key=CARD)
    yield patched(
        "leaf-card-salt",
        "closed bundle, the reader has key and salt",
        None,
        None,
        closed,
        card_key=CARD,
        salt=SALT,
    )
    yield patched(
        "leaf-card-no-salt", "closed bundle, the reader has no salt", None, None, closed, card_key=CARD
    )
    yield patched("leaf-card-other", "the reader holds another key", 1, None, card_key=OTHER_CARD)
    yield patched(
        "leaf-card-format",
        "the same key in another format",
        1,
        None,
        card_key={"format_id": "opaque", "serial": "", "secret": CARD["secret"]},
    )
    yield patched(
        "leaf-card-salt-other", "the reader's salt is another", 1, None, closed, card_key=CARD, salt="00" * 16
    )
    yield patched(
        "leaf-opening-secret",
        "another secret opened",
        1,
        None,
        (["key", "opening", "secret"], "000000003929806613"),
    )
    yield patched(
        "leaf-opening-serial",
        "another serial opened",
        1,
        None,
        (["key", "opening", "serial"], "10000000000023758"),
    )
    yield patched("leaf-opening-salt", "another salt", 1, None, (["key", "opening", "salt"], "00" * 16))
    yield patched(
        "leaf-opening-shifted",
        "a digit moved from serial to secret",
        1,
        None,
        (["key", "opening", "serial"], "1000000000002375"),
        (["key", "opening", "secret"], "7000000003929806612"),
    )
    yield patched(
        "leaf-other", "the leaf of another key", 1, None, (["key", "leaf"], GOLDEN["keys"][2]["leaf"])
    )
    yield patched(
        "use-other-key",
        "the same buyer's use of another key",
        1,
        None,
        (["key", "use"], GOLDEN["keys"][2]["use"]),
    )
    yield patched("use-none", "no use shown", None, None, (["key", "use"], None))


def _batch() -> Iterator[Case]:
    leaf, path = GOLDEN_VALUE["key"]["leaf"], GOLDEN_VALUE["key"]["path"]
    at: list[str | int] = ["key", "path"]
    closed: tuple[list[str | int], Any] = (["key", "opening"], None)
    inner = GOLDEN["keys"][2]["leaf"]
    yield patched("batch-path-short", "one hash too few", 2, MERKLE, (at, path[:-1]))
    yield patched("batch-path-long", "one hash too many", 2, MERKLE, (at, [*path, leaf]))
    yield patched("batch-path-swapped", "two hashes swapped", 2, MERKLE, (at, [path[1], path[0], path[2]]))
    yield patched(
        "batch-path-flipped", "one bit of a hash", 2, MERKLE, (at, [path[0], path[1], _flipped(path[2])])
    )
    yield patched("batch-path-empty", "no path at all", 2, MERKLE, (at, []))
    yield patched("batch-index", "the neighbour's index", 2, MERKLE, (["key", "index"], 2))
    yield patched("batch-index-mirror", "an index whose path is as long", 2, MERKLE, (["key", "index"], 0))
    yield patched("batch-index-outside", "an index past the batch", 2, MERKLE, (["key", "index"], 7))
    yield patched("batch-index-huge", "index 2^53-1", 2, MERKLE, (["key", "index"], 2**53 - 1))
    yield patched(
        "batch-inner-node",
        "an inner node as leaf",
        2,
        MERKLE,
        closed,
        (["key", "leaf"], path[1]),
        (at, path[1:]),
    )
    yield patched("batch-leaf-other", "the neighbour's leaf", 2, MERKLE, closed, (["key", "leaf"], inner))
    yield patched(
        "batch-root", "another root", 2, MERKLE, (["batch", "manifest", "root"], _flipped(GOLDEN["root"]))
    )
    yield patched(
        "batch-size", "another size with a longer path", 2, MERKLE, (["batch", "manifest", "size"], 9)
    )


def _supplier() -> Iterator[Case]:
    signature = bytes.fromhex(GOLDEN_VALUE["batch"]["signature"][2:])
    r, s, v = signature[:32], int.from_bytes(signature[32:64]), signature[64]
    at: list[str | int] = ["batch", "signature"]

    def signed(id: str, about: str, changed: bytes) -> Case:
        return patched(f"supplier-{id}", about, 3, SIGNATURE, (at, "0x" + changed.hex()))

    yield patched(
        "supplier-details",
        "another product name",
        3,
        None,
        (["batch", "details", "product"], "移动充值卡 100元"),
    )
    yield patched(
        "supplier-details-hash",
        "another hash of details",
        3,
        None,
        (["batch", "manifest", "details"], "00" * 32),
    )
    yield patched(
        "supplier-uses", "more uses than signed", 3, SIGNATURE, (["batch", "manifest", "max_uses"], 2)
    )
    yield patched(
        "supplier-expiry",
        "a later expiry than signed",
        3,
        SIGNATURE,
        (["batch", "manifest", "expires_at"], 1),
    )
    yield patched(
        "supplier-other",
        "another supplier than signed",
        3,
        SIGNATURE,
        (["batch", "manifest", "supplier"], "0x" + SHOP.hex()),
    )
    yield patched(
        "supplier-domain", "signed for another chain", 3, SIGNATURE, (["batch", "domain", "chain_id"], 1)
    )
    high = GROUP_ORDER - s
    yield signed(
        "high-s", "the malleable twin: n - s and the other v", r + high.to_bytes(32) + bytes([55 - v])
    )
    yield signed("high-s-only", "n - s alone", r + high.to_bytes(32) + bytes([v]))
    yield signed("v-other", "the other recovery bit", r + s.to_bytes(32) + bytes([55 - v]))
    yield signed("v-0", "v as 0 or 1", r + s.to_bytes(32) + bytes([v - 27]))
    yield signed("v-29", "v of 29", r + s.to_bytes(32) + b"\x1d")
    yield signed("v-eip155", "v with a chain id in it", r + s.to_bytes(32) + b"\x25")
    yield signed("r-0", "r of zero", bytes(32) + s.to_bytes(32) + bytes([v]))
    yield signed("s-0", "s of zero", r + bytes(32) + bytes([v]))
    yield signed("r-n", "r of the group order", GROUP_ORDER.to_bytes(32) + s.to_bytes(32) + bytes([v]))
    yield signed("r-off", "an r that is no x of the curve", (5).to_bytes(32) + s.to_bytes(32) + bytes([v]))
    yield signed("zeros", "65 zero bytes", bytes(65))
    other = bytes(range(1, 33))
    digest = bytes.fromhex(GOLDEN["eip712_digest"])
    yield signed("forged", "signed by another key", manifest.sign(other, digest))
    yield signed(
        "batch-id",
        "the batch id signed instead of the digest",
        manifest.sign(SUPPLIER_KEY, bytes.fromhex(GOLDEN["batch_id"])),
    )


def _entries() -> Iterator[Case]:
    custody = GOLDEN_VALUE["custody"]
    path = custody[3]["path"]
    sell, deliver = custody[3]["entry"], custody[4]["entry"]
    at: list[str | int] = ["custody", 3, "path"]
    raw = bytearray(base64.b64decode(sell))
    raw[11] ^= 1
    flipped = base64.b64encode(raw).decode()
    yield patched("log-entry-time", "an entry's time changed", 4, MERKLE, (["custody", 3, "entry"], flipped))
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
    yield patched("log-path-flipped", "one bit of a hash", 4, MERKLE, (at, [_flipped(path[0]), *path[1:]]))
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


def simple_world(origin: str = ORIGIN) -> World:
    world = in_shop(origin=origin)
    world.on_key(T.SELL, SHOP, world.batch.party(3), details={"order": "A-1", "price": "49.50"})
    return world


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


def _anchors() -> Iterator[Case]:
    anchors = GOLDEN_VALUE["anchors"]
    first, last = anchors
    path = first["consistency"]
    at: list[str | int] = ["anchors", 0, "consistency"]
    yield patched("anchors-none", "pending", None, None, (["anchors"], []))
    yield patched(
        "anchors-last-only", "the checkpoint alone is anchored", None, None, (["anchors", 0], REMOVED)
    )
    yield patched("anchors-swapped", "newest first", 6, None, (["anchors"], [last, first]))
    yield patched("anchors-twice", "one size twice", 6, None, (["anchors"], [last, last]))
    yield patched("anchors-size-0", "the empty log as anchor", 6, None, (["anchors", 0, "size"], 0))
    yield patched(
        "anchors-root", "another root", 6, MERKLE, (["anchors", 0, "root"], _flipped(first["root"]))
    )
    yield patched(
        "anchors-last-root",
        "another root at the checkpoint's size",
        6,
        MERKLE,
        (["anchors", 1, "root"], _flipped(last["root"])),
    )
    yield patched("anchors-size", "the root of another size", 6, MERKLE, (["anchors", 0, "size"], 10))
    yield patched("anchors-short", "one hash too few", 6, MERKLE, (at, path[:-1]))
    yield patched("anchors-long", "one hash too many", 6, MERKLE, (at, [*path, path[0]]))
    yield patched(
        "anchors-swapped-path", "two hashes swapped", 6, MERKLE, (at, [path[1], path[0], *path[2:]])
    )
    yield patched("anchors-empty-path", "no proof at all", 6, MERKLE, (at, []))
    yield patched(
        "anchors-last-path", "a proof where sizes are equal", 6, MERKLE, (["anchors", 1, "consistency"], path)
    )
    yield patched(
        "anchors-not-last", "the last anchor is not the checkpoint", 6, None, (["anchors", 1], REMOVED)
    )
    yield patched("anchors-past", "an anchor past the checkpoint", 6, MERKLE, (["anchors", 1, "size"], 15))
    world = simple_world()
    sizes = tuple((size, 1_795_000_060) for size in range(1, len(world.entries) + 1))
    yield bundled("anchors-every-size", "every size anchored", world.bundle(anchors=sizes))
    fork = simple_world()
    fork.entries[2] = replace(fork.entries[2], time=fork.entries[2].time + 1)
    leaves = fork.leaves[:6]
    bundle = world.bundle(anchors=((6, 1_795_000_060), (len(world.entries), 1_795_000_060)))
    forked = replace(bundle.anchors[0], root=merkle.root(leaves))
    bundle = replace(bundle, anchors=(forked, bundle.anchors[1]))
    yield bundled("anchors-fork", "an anchor of another history", bundle, 6, MERKLE)


def _details() -> Iterator[Case]:
    value = GOLDEN_VALUE["custody"][3]["details"]["value"]
    at: list[str | int] = ["custody", 3, "details"]
    yield patched("details-sealed", "details not opened", None, None, (at, None))
    yield patched("details-value", "another price", 8, None, ([*at, "value"], {**value, "price": "9.50"}))
    yield patched("details-more", "one member more", 8, None, ([*at, "value"], {**value, "x": 1}))
    yield patched("details-salt", "another salt", 8, None, ([*at, "salt"], "00" * 16))
    yield patched(
        "details-other",
        "details where none are committed to",
        8,
        None,
        (["custody", 0, "details"], {"salt": "00" * 16, "value": {}}),
    )
    yield patched(
        "details-party",
        "another name of a party",
        8,
        None,
        (["parties", 1, "details", "value", "name"], "另一平台"),
    )
    large = {"salt": "00" * 16, "value": {"x": "y" * 20_000}}
    yield patched(
        "details-large", "details of 20,000 bytes", 8, "details_too_large", (["custody", 0, "details"], large)
    )


def _flipped(text: str) -> str:
    return text[:-1] + format(int(text[-1], 16) ^ 1, "x")
