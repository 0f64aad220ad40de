"""Steps 6 and 8: anchors that are the checkpoint's past, details that were committed to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from provenance.core import merkle
from tests.verifier.corpus import REMOVED, Case
from tests.verifier.golden_cases import (
    GOLDEN_VALUE,
    MERKLE,
    bundled,
    flipped,
    patched,
    simple_world,
)


def cases() -> Iterator[Case]:
    yield from _anchors()
    yield from _details()


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
        "anchors-path-flipped",
        "one bit of a hash that only the later root needs",
        6,
        MERKLE,
        ([*at, 2], flipped(path[2])),
    )
    yield patched("anchors-root", "another root", 6, MERKLE, (["anchors", 0, "root"], flipped(first["root"])))
    yield patched(
        "anchors-last-root",
        "another root at the checkpoint's size",
        6,
        MERKLE,
        (["anchors", 1, "root"], flipped(last["root"])),
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
