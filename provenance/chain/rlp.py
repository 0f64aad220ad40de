"""The little of RLP that is written here: lists of byte strings (Yellow Paper, appendix B)."""

from __future__ import annotations


def rlp_list(items: list[bytes]) -> bytes:
    """The RLP of a list of byte strings."""
    payload = b"".join(_rlp_string(item) for item in items)
    return _rlp_prefix(0xC0, len(payload)) + payload


def _rlp_string(item: bytes) -> bytes:
    if len(item) == 1 and item[0] < 0x80:
        return item
    return _rlp_prefix(0x80, len(item)) + item


def _rlp_prefix(base: int, length: int) -> bytes:
    if length <= 55:
        return bytes([base + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size
