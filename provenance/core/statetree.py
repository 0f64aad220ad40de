"""The provable state of every key: a map that shows what did *not* happen (FORMATS §6).

Each key has a *record*, the hash chain of the entries on it alone; the records of a batch are the
leaves of its ``keys_root``; a batch's id, the chain of its range entries and its ``keys_root`` are one
leaf of the ``state_root``. Show all entries of a key and they either add up to that root or some are
missing. A key without entries has the empty chain, so untouched stretches of a batch are all alike
and cost a hash a level, not a hash a key.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from provenance.core import merkle
from provenance.core.merkle import InclusionProof, ProofInvalid
from provenance.errors import InputRefused

EMPTY_CHAIN = bytes(32)
"""``chain()``: what a record is before the first entry on its key."""


def extend(chain: bytes, entry: bytes) -> bytes:
    """Return a 32-byte chain with one more entry: ``H(0x02 ‖ chain ‖ H(0x00 ‖ entry))``."""
    _require_hashes(chain)
    return sha256(b"\x02" + chain + merkle.leaf_hash(entry)).digest()


def chain(entries: Iterable[bytes]) -> bytes:
    """Return the 32-byte chain over *entries* in log order, 32 zero bytes over none (FORMATS §6)."""
    link = EMPTY_CHAIN
    for entry in entries:
        link = extend(link, entry)
    return link


def record_leaf(record: bytes) -> bytes:
    """Return the leaf hash of a 32-byte record, which is leaf data in the tree of its batch."""
    _require_hashes(record)
    return merkle.leaf_hash(record)


def keys_root(records: Sequence[bytes]) -> bytes:
    """Return the 32-byte root over the 32-byte records of a whole batch (FORMATS §6)."""
    return merkle.root([record_leaf(record) for record in records])


def batch_leaf(batch_id: bytes, range_chain: bytes, keys_root: bytes) -> bytes:
    """Return the 96 bytes of leaf data that stand for a batch: ``batch_id ‖ range chain ‖ keys_root``."""
    _require_hashes(batch_id, range_chain, keys_root)
    return batch_id + range_chain + keys_root


def state_root(batches: Iterable[bytes]) -> bytes:
    """Return the 32-byte root over the ``batch_leaf`` of each batch, in order of COMMISSION."""
    return merkle.root([merkle.leaf_hash(batch) for batch in batches])


def record_root(record: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the ``keys_root`` under which *path* places the record of key *index* of *size*.

    Raises ``ProofInvalid``.
    """
    _require_hashes(record)
    return merkle.root_from_inclusion(record_leaf(record), index, size, path)


class SparseRecords:
    """The records of a batch of *size* keys of which only *touched* ones have entries.

    Gives the same ``keys_root`` and paths as the full list at a cost of O(touched · log size).
    *touched* maps key index to its 32-byte record. Raises ``InputRefused`` (``tree_range``,
    ``hash_malformed``).
    """

    __slots__ = ("_nodes", "_size", "_touched", "_untouched")

    def __init__(self, size: int, touched: Mapping[int, bytes]) -> None:
        self._touched = sorted(touched)
        if size < 1 or (touched and not 0 <= self._touched[0] <= self._touched[-1] < size):
            raise InputRefused("Give records of keys inside the batch.", code="tree_range")
        self._size = size
        self._nodes = {(index, index + 1): record_leaf(record) for index, record in touched.items()}
        self._untouched = {1: record_leaf(EMPTY_CHAIN)}

    def keys_root(self) -> bytes:
        """Return the 32-byte root over all *size* records."""
        return self._node(0, self._size)

    def record_path(self, index: int) -> tuple[bytes, ...]:
        """Return the siblings of the record of key *index*, 32 bytes each, from the bottom up."""
        return tuple(self._node(begin, end) for begin, end in merkle.inclusion_ranges(index, self._size))

    def _node(self, begin: int, end: int) -> bytes:
        node = self._nodes.get((begin, end))
        if node is None:
            at = bisect_left(self._touched, begin)
            if at == len(self._touched) or self._touched[at] >= end:
                return self._untouched_node(end - begin)
            middle = begin + merkle.split(end - begin)
            node = merkle.node_hash(self._node(begin, middle), self._node(middle, end))
            self._nodes[begin, end] = node
        return node

    def _untouched_node(self, size: int) -> bytes:
        node = self._untouched.get(size)
        if node is None:
            left = merkle.split(size)
            node = merkle.node_hash(self._untouched_node(left), self._untouched_node(size - left))
            self._untouched[size] = node
        return node


@dataclass(frozen=True, slots=True)
class StateProof:
    """Where the record of one key hangs below a state root: key in batch, batch in state.

    The paths are siblings of 32 bytes from the bottom up. Raises ``ProofInvalid`` at birth where a
    path does not fit its position.
    """

    batch_id: bytes
    key: InclusionProof
    batch: InclusionProof

    def __post_init__(self) -> None:
        if len(self.batch_id) != merkle.HASH_SIZE:
            raise ProofInvalid("A batch id is exactly 32 bytes.")


def verify_state(
    proof: StateProof, singles: Iterable[bytes], ranges: Iterable[bytes], state_root: bytes
) -> None:
    """Return if *singles* are all entries on the key alone and *ranges* all range entries of its batch.

    Both are entries in log order, as many as came before the STATE entry that holds *state_root*
    (32 bytes). Raises ``ProofInvalid``: an entry is missing, foreign or out of order (FORMATS §6).
    """
    root = record_root(chain(singles), proof.key.index, proof.key.size, proof.key.path)
    leaf = merkle.leaf_hash(batch_leaf(proof.batch_id, chain(ranges), root))
    proof.batch.verify(leaf, state_root)


def _require_hashes(*hashes: bytes) -> None:
    if any(len(item) != merkle.HASH_SIZE for item in hashes):  # else one could borrow a byte of the next
        raise InputRefused("Give hashes of exactly 32 bytes.", code="hash_malformed")
