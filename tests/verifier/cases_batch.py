"""Steps 0 (the reader's own) to 3: this key, this batch, this supplier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from provenance.core import manifest, notes
from tests.verifier.corpus import Case
from tests.verifier.golden_cases import (
    CARD,
    GOLDEN_VALUE,
    GROUP_ORDER,
    MERKLE,
    OTHER_CARD,
    SALT,
    SIGNATURE,
    bundled,
    flipped,
    patched,
)
from tests.verifier.world import (
    GOLDEN,
    ORIGIN,
    SHOP,
    SUPPLIER_KEY,
    Batch,
    started,
)


def cases() -> Iterator[Case]:
    yield from _reader()
    yield from _leaf()
    yield from _batch()
    yield from _supplier()


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
        "batch-path-flipped", "one bit of a hash", 2, MERKLE, (at, [path[0], path[1], flipped(path[2])])
    )
    yield patched("batch-path-empty", "no path at all", 2, MERKLE, (at, []))
    yield patched("batch-index", "the neighbour's index", 2, MERKLE, (["key", "index"], 2))
    yield patched("batch-index-mirror", "an index whose path is as long", 2, MERKLE, (["key", "index"], 0))
    yield patched("batch-index-outside", "an index past the batch", 2, MERKLE, (["key", "index"], 7))
    four = started(Batch(size=4)).bundle()
    wrapped = replace(four, key=replace(four.key, index=7))
    yield bundled("batch-index-wrapped", "past a full tree, by the path of index 3", wrapped, 2, MERKLE)
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
        "batch-root", "another root", 2, MERKLE, (["batch", "manifest", "root"], flipped(GOLDEN["root"]))
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
