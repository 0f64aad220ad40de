"""Ethereum state without a node: block headers, RLP, Merkle-Patricia proofs (EIP-1186), registry slots.

A reader who trusts one block hash can check from a few kilobytes what the registry held in that block.
Every node must be needed and every byte canonical: a proof has one form. Consensus-critical and pure.
Sources: Ethereum Yellow Paper, appendices B and D; EIP-1186; FORMATS §9 for the slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from provenance.core.digests import keccak256
from provenance.errors import InputRefused

Rlp: TypeAlias = "bytes | list[Rlp]"

MAX_RLP_SIZE: Final = 64 * 1024
"""Bytes of one header or node; the largest trie node has 532, a header well under 2,000."""
MAX_RLP_DEPTH: Final = 8
_BATCHES: Final = 0
_CHECKPOINTS: Final = 1
_HEADER_ITEMS: Final = 15
_MAX_SMALL: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What a proof needs of a block. ``time`` is unix seconds."""

    hash: bytes
    state_root: bytes
    number: int
    time: int

    @classmethod
    def parse(cls, raw: bytes) -> BlockHeader:
        """Read an RLP header of any fork; raises :class:`InputRefused` (``header_malformed``)."""
        try:
            items = decode_rlp(raw)
        except InputRefused as error:
            raise InputRefused("a block header is canonical RLP", code="header_malformed") from error
        if not isinstance(items, list) or len(items) < _HEADER_ITEMS:
            raise InputRefused("a block header is a list of at least 15 items", code="header_malformed")
        state_root, number, time = items[3], items[8], items[11]
        if not isinstance(state_root, bytes) or len(state_root) != 32:
            raise InputRefused("item 3 of a header is a 32-byte state root", code="header_malformed")
        return cls(keccak256(raw), state_root, _header_number(number), _header_number(time))


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the state trie: where its storage hangs."""

    storage_root: bytes


def batch_slots(batch_id: bytes) -> tuple[bytes, bytes]:
    """The two 32-byte storage slots of a batch in the registry: root, then time·2^32 + size."""
    return _slots(batch_id, _BATCHES)


def checkpoint_slots(size: int) -> tuple[bytes, bytes]:
    """The two 32-byte storage slots of an anchored size in the registry: root, then time."""
    return _slots(size.to_bytes(32), _CHECKPOINTS)


def verify_account(state_root: bytes, address: bytes, proof: tuple[bytes, ...]) -> Account:
    """The account at *address* (20 bytes) under *state_root*; raises :class:`InputRefused`.

    ``state_proof_invalid`` covers every way to fail, absence included.
    """
    fields = decode_rlp(verify_trie(state_root, keccak256(address), proof))
    if not isinstance(fields, list) or len(fields) != 4:
        raise _invalid("an account is [nonce, balance, storageRoot, codeHash]")
    storage_root = fields[2]
    if not isinstance(storage_root, bytes) or len(storage_root) != 32:
        raise _invalid("an account's storage root has 32 bytes")
    return Account(storage_root)


def verify_storage(account: Account, slot: bytes, proof: tuple[bytes, ...]) -> bytes:
    """The 32-byte word in *slot* (32 bytes), which is not zero; raises :class:`InputRefused`."""
    word = decode_rlp(verify_trie(account.storage_root, keccak256(slot), proof))
    if not isinstance(word, bytes) or not 1 <= len(word) <= 32 or word[0] == 0:
        raise _invalid("a storage word is 1 to 32 bytes without leading zeros")
    return word.rjust(32, b"\0")


def verify_trie(root: bytes, key: bytes, proof: tuple[bytes, ...]) -> bytes:
    """The value at *key* (already hashed) in the Merkle-Patricia trie with *root*.

    *proof* lists the nodes from the root down, embedded ones left out. Raises :class:`InputRefused`
    (``state_proof_invalid``): another root, a missing or a surplus node, or no such key.
    """
    nibbles = [half for byte in key for half in (byte >> 4, byte & 15)]
    pending = list(reversed(proof))
    child: Rlp = root
    is_leaf = False
    while not is_leaf:
        node = child if isinstance(child, list) else _load(child, pending)
        child, nibbles, is_leaf = _descend(node, nibbles)
    if pending:
        raise _invalid("the proof has more nodes than the way to the key")
    if not isinstance(child, bytes):
        raise _invalid("a leaf holds a byte string")
    return child


def decode_rlp(raw: bytes) -> Rlp:
    """Decode one canonical RLP item; raises :class:`InputRefused` (``state_proof_invalid``)."""
    if len(raw) > MAX_RLP_SIZE:
        raise _invalid(f"an RLP item has at most {MAX_RLP_SIZE} bytes")
    item, end = _decode(raw, 0, 0)
    if end != len(raw):
        raise _invalid("bytes after the RLP item")
    return item


def _slots(key: bytes, mapping: int) -> tuple[bytes, bytes]:
    first = int.from_bytes(keccak256(key + mapping.to_bytes(32)))
    return first.to_bytes(32), ((first + 1) % 2**256).to_bytes(32)


def _load(reference: bytes, pending: list[bytes]) -> list[Rlp]:
    if len(reference) != 32:
        raise _invalid("the trie holds nothing at that key")
    if not pending:
        raise _invalid("a node of the way is missing")
    raw = pending.pop()
    if keccak256(raw) != reference:
        raise _invalid("a node does not have the hash its parent names")
    node = decode_rlp(raw)
    if not isinstance(node, list):
        raise _invalid("a trie node is a list")
    return node


def _descend(node: list[Rlp], nibbles: list[int]) -> tuple[Rlp, list[int], bool]:
    """The child of *node* on the way of *nibbles*, the nibbles left, and whether it is the leaf's value."""
    if len(node) == 17 and nibbles:  # hashed keys are of one length: none ends in a branch
        return node[nibbles[0]], nibbles[1:], False
    if len(node) != 2:
        raise _invalid("a trie node on the way has 2 or 17 items")
    way, is_leaf = _compact(node[0])
    if nibbles[: len(way)] != way or (is_leaf and len(way) != len(nibbles)):
        raise _invalid("the trie holds nothing at that key")
    if not is_leaf and not way:
        raise _invalid("an extension skips at least one nibble")
    return node[1], nibbles[len(way) :], is_leaf


def _compact(encoded: Rlp) -> tuple[list[int], bool]:
    """Nibbles and leaf flag of a hex-prefix path (Yellow Paper, appendix C)."""
    if not isinstance(encoded, bytes) or not encoded or encoded[0] >> 4 > 3:
        raise _invalid("a node's path is hex-prefix encoded")
    is_odd, is_leaf = bool(encoded[0] & 0x10), bool(encoded[0] & 0x20)
    if not is_odd and encoded[0] & 15:
        raise _invalid("an even path is padded with zero")
    nibbles = [half for byte in encoded for half in (byte >> 4, byte & 15)]
    return nibbles[1 if is_odd else 2 :], is_leaf


def _decode(raw: bytes, at: int, depth: int) -> tuple[Rlp, int]:
    if at >= len(raw) or depth > MAX_RLP_DEPTH:
        raise _invalid("the RLP is cut off or nested too deep")
    lead = raw[at]
    if lead < 0x80:
        return raw[at : at + 1], at + 1
    start, end = _payload(raw, at, lead)
    if lead < 0xC0:
        if end - start == 1 and raw[start] < 0x80:
            raise _invalid("a small byte is its own RLP")
        return raw[start:end], end
    items: list[Rlp] = []
    while start < end:
        item, start = _decode(raw, start, depth + 1)
        items.append(item)
    if start != end:
        raise _invalid("an RLP item reaches past its list")
    return items, end


def _payload(raw: bytes, at: int, lead: int) -> tuple[int, int]:
    base = 0x80 if lead < 0xC0 else 0xC0
    start, length = at + 1, lead - base
    if length > 55:
        digits = raw[start : start + length - 55]
        length = int.from_bytes(digits)
        if not digits or digits[0] == 0 or length <= 55 or len(digits) != lead - base - 55:
            raise _invalid("an RLP length is not canonical")
        start += len(digits)
    if start + length > len(raw):
        raise _invalid("the RLP is cut off")
    return start, start + length


def _header_number(item: Rlp) -> int:
    if not isinstance(item, bytes) or len(item) > 7 or item[:1] == b"\0" or int.from_bytes(item) > _MAX_SMALL:
        raise InputRefused("number and time of a header are small integers", code="header_malformed")
    return int.from_bytes(item)


def _invalid(message: str) -> InputRefused:
    return InputRefused(message, code="state_proof_invalid")
