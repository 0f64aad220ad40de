"""Merkle roots beside the peer that everybody installs, on the same leaf hashes."""

from __future__ import annotations

import hashlib

import blockcerts_merkletools as merkletools  # type: ignore[import-untyped]  # ships no types

from bench.harness import Result, paired, seconds
from provenance.core import merkle


def _rfc_hash(data: bytes) -> hashlib._Hash:
    return hashlib.sha256(b"\x01" + data)


def root_of_a_million(n: int = 1_000_000) -> Result:
    """The root over *n* leaf hashes, 32 bytes each."""
    leaves = [merkle.leaf_hash(i.to_bytes(32)) for i in range(n)]

    def peer() -> bytes:
        tools = merkletools.MerkleTools(hash_type="sha256")
        tools.hash_function = _rfc_hash
        tools.leaves = list(leaves)
        tools.make_tree()
        root: bytes = bytes.fromhex(tools.get_merkle_root())
        return root

    if peer() != merkle.root(leaves):
        raise AssertionError("the two trees differ; a ratio of different work means nothing")
    return paired(
        "Merkle root",
        lambda: seconds(lambda: merkle.root(leaves)),
        lambda: seconds(peer),
        n=n,
        note="reference: merkletools (maintained fork), RFC hash",
    )
