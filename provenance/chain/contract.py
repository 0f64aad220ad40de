"""What a contract understands, by its ABI: encoding and decoding."""

from __future__ import annotations

from typing import Any

from provenance.core.digests import keccak256

SELECTOR_BYTES = 4


class ContractInterface:
    """What a contract understands: calldata, results and custom errors by the names in its ABI."""

    def __init__(self, abi: list[dict[str, Any]], bytecode: bytes) -> None:
        from provenance.chain.ethereum import DecodingError, Web3

        web3 = Web3()
        self._undecodable = (DecodingError, OverflowError, ValueError)
        self._codec = web3.codec
        self._contract = web3.eth.contract(abi=abi, bytecode=bytecode)
        self._outputs = {e["name"]: _types(e["outputs"]) for e in abi if e["type"] == "function"}
        self._errors = {_selector(e): (e["name"], e["inputs"]) for e in abi if e["type"] == "error"}

    @property
    def error_names(self) -> frozenset[str]:
        """The custom errors that the contract can revert with."""
        return frozenset(name for name, _ in self._errors.values())

    def calldata(self, function: str, *arguments: Any) -> bytes:
        """Selector and arguments of a call; addresses may be given as 20 bytes."""
        return bytes.fromhex(self._contract.encode_abi(function, list(arguments))[2:])

    def deployment(self, *arguments: Any) -> bytes:
        """The creation code followed by the constructor's arguments."""
        return bytes.fromhex(str(self._contract.constructor(*arguments).data_in_transaction)[2:])

    def result(self, function: str, returned: bytes) -> tuple[Any, ...] | None:
        """The values a call of *function* returned; None if these bytes are not of its types."""
        try:
            return tuple(self._codec.decode(self._outputs[function], returned))
        except self._undecodable:
            return None

    def error(self, reverted: bytes) -> tuple[str, dict[str, Any]] | None:
        """Name and arguments of the custom error; None if it is none of this contract's."""
        known = self._errors.get(reverted[:SELECTOR_BYTES])
        if known is None:
            return None
        name, inputs = known
        try:
            values = self._codec.decode(_types(inputs), reverted[SELECTOR_BYTES:])
        except self._undecodable:
            return None
        return name, {field["name"]: value for field, value in zip(inputs, values, strict=True)}


def _types(parameters: list[dict[str, Any]]) -> list[str]:
    return [parameter["type"] for parameter in parameters]


def _selector(error: dict[str, Any]) -> bytes:
    return keccak256(f"{error['name']}({','.join(_types(error['inputs']))})".encode())[:SELECTOR_BYTES]
