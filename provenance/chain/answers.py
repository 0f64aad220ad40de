"""Reading what a node answered: hex strings in, bytes and integers out.

A node is a stranger. Whatever it sends that is not of the promised form becomes one error,
``chain_answer_malformed``, so that no caller ever meets a ``KeyError`` of somebody else's data.
"""

from __future__ import annotations

from typing import Any, NoReturn

from provenance.errors import ChainUnavailable

MAX_QUANTITY_DIGITS = 64
"""Hex digits of a quantity: no number of the EVM has more than 256 bits."""


def malformed(what: str) -> NoReturn:
    """Raise ChainUnavailable for an answer in which *what* is not as the protocol has it."""
    raise ChainUnavailable(
        f"The node sent an answer that is not Ethereum JSON-RPC ({what}); check the node's address.",
        code="chain_answer_malformed",
    )


def member(answer: Any, name: str) -> Any:
    """The member *name* of a JSON object; ChainUnavailable if there is none."""
    if not isinstance(answer, dict) or name not in answer:
        malformed(f"{name} is missing")
    return answer[name]


def quantity(value: Any, what: str) -> int:
    """The integer of a JSON-RPC quantity, ``0x`` and 1 to 64 hex digits."""
    if isinstance(value, str) and value.startswith("0x") and 0 < len(value) - 2 <= MAX_QUANTITY_DIGITS:
        try:
            return int(value[2:], 16)
        except ValueError:
            pass
    malformed(f"{what} is not a number")


def data(value: Any, what: str, length: int | None = None) -> bytes:
    """The bytes of JSON-RPC data, ``0x`` and two hex digits a byte; of *length* bytes if given."""
    if isinstance(value, str) and value.startswith("0x"):
        try:
            raw = bytes.fromhex(value[2:])
        except ValueError:
            malformed(f"{what} is not hex")
        if length is None or len(raw) == length:
            return raw
    malformed(f"{what} is not data of the right length")


def data_list(value: Any, what: str) -> list[bytes]:
    """The items of a JSON array of data."""
    if not isinstance(value, list):
        malformed(f"{what} is not a list")
    return [data(item, what) for item in value]


def hex_data(raw: bytes) -> str:
    """JSON-RPC data: ``0x`` and lower-case hex."""
    return "0x" + raw.hex()
