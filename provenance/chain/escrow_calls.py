"""What is sent to the escrow: one function a call, from values to calldata.

Nothing is sent here. Who has to be the sender is said in each docstring; money goes as ``value``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from provenance.chain.contract import ContractInterface
from provenance.chain.escrow_artifact import escrow_artifact
from provenance.chain.escrow_order import ETHER, MAX_UINT128, WarrantyOrder
from provenance.core.entries import ENTRY_SIZE
from provenance.core.manifest import BatchManifest
from provenance.errors import InputRefused

MAX_UINT256 = 2**256 - 1


@dataclass(frozen=True, slots=True)
class Call:
    """Calldata, and the wei to send with it."""

    data: bytes
    value: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """An entry of the log and its path to the root anchored at ``size``, siblings from the leaf up."""

    size: int
    index: int
    entry: bytes
    path: tuple[bytes, ...]

    def __post_init__(self) -> None:
        fits = 0 <= self.index < self.size < 2**64 and len(self.entry) == ENTRY_SIZE
        if not fits or any(len(node) != 32 for node in self.path):
            raise InputRefused(
                "Evidence is an entry of 124 bytes, its index, and hashes of 32 bytes.",
                code="evidence_malformed",
            )

    @property
    def fields(self) -> tuple[int, int, bytes, list[bytes]]:
        """The members of the contract's struct, in its order."""
        return (self.size, self.index, self.entry, list(self.path))


@cache
def escrow_interface() -> ContractInterface:
    """The ABI and code of the escrow that this version of the package was built with."""
    artifact = escrow_artifact()
    return ContractInterface(artifact.abi, artifact.bytecode)


def escrow_deployment_data(registry: bytes, *, minimum_window: int, maximum_window: int) -> bytes:
    """Creation code of an escrow over the 20-byte *registry*; the bounds of an order's windows in seconds."""
    return escrow_interface().deployment(_address(registry), minimum_window, maximum_window)


def deposit_call(order: WarrantyOrder, manifest: BatchManifest, signature: bytes) -> Call:
    """The buyer pays *order*, signed by its platform (65 bytes). A token must have been approved before."""
    described = (
        manifest.supplier,
        manifest.root,
        manifest.size,
        manifest.max_uses,
        manifest.expires_at,
        manifest.details,
    )
    data = escrow_interface().calldata("deposit", order.members, described, signature)
    return Call(data, _value(order.token, order.amount))


def deliver_call(deposit: bytes, delivery: Evidence, successions: Sequence[Evidence] = ()) -> Call:
    """Anyone shows the DELIVER entry; *successions* are PARTY entries, oldest first, here and below."""
    return _shown("deliver", deposit, delivery, successions)


def confirm_call(deposit: bytes) -> Call:
    """The buyer is content; the platform is paid."""
    return _on("confirm", deposit)


def refund_call(deposit: bytes) -> Call:
    """The platform gives the price back, after the delivery with the compensation."""
    return _on("refund", deposit)


def file_claim_call(deposit: bytes, claim: bytes) -> Call:
    """The buyer freezes the deposit; *claim* is the claim's id in the log, 32 bytes."""
    return Call(escrow_interface().calldata("fileClaim", _hash(deposit), _hash(claim)))


def rule_call(deposit: bytes, *, refund: int, compensation: int, grounds: bytes) -> Call:
    """The arbiter settles the claim; *grounds* commit to clause and evidence, 32 bytes."""
    amounts = (_amount(refund, MAX_UINT128), _amount(compensation, MAX_UINT128))
    return Call(escrow_interface().calldata("rule", _hash(deposit), *amounts, _hash(grounds)))


def prove_used_call(deposit: bytes, redemption: Evidence, successions: Sequence[Evidence] = ()) -> Call:
    """Anyone shows the issuer's REDEEM with reason 1."""
    return _shown("proveUsed", deposit, redemption, successions)


def prove_sold_twice_call(deposit: bytes, earlier: Evidence, later: Evidence) -> Call:
    """Anyone shows two SELLs of a single-use key, in the order of the log."""
    return Call(escrow_interface().calldata("proveSoldTwice", _hash(deposit), earlier.fields, later.fields))


def answer_call(deposit: bytes, reinstatement: Evidence, successions: Sequence[Evidence] = ()) -> Call:
    """Anyone shows the REINSTATE that undid what was proven."""
    return _shown("answer", deposit, reinstatement, successions)


def time_out_call(deposit: bytes) -> Call:
    """Anyone has done what follows from a missed deadline."""
    return _on("timeOut", deposit)


def post_bond_call(platform: bytes, token: bytes, amount: int) -> Call:
    """Anyone adds to the bond of *platform*; *token* is ``ETHER`` or a token approved before."""
    arguments = (_address(platform), _address(token), _amount(amount))
    data = escrow_interface().calldata("postBond", *arguments)
    return Call(data, _value(token, amount))


def release_bond_call(token: bytes, amount: int) -> Call:
    """The platform turns free bond into a credit of its own."""
    return Call(escrow_interface().calldata("releaseBond", _address(token), _amount(amount)))


def withdraw_call(token: bytes, to: bytes) -> Call:
    """The sender has all that is owed to it in *token* paid to the 20-byte address *to*."""
    return Call(escrow_interface().calldata("withdraw", _address(token), _address(to)))


def _on(function: str, deposit: bytes) -> Call:
    return Call(escrow_interface().calldata(function, _hash(deposit)))


def _shown(function: str, deposit: bytes, shown: Evidence, successions: Sequence[Evidence]) -> Call:
    chain = [one.fields for one in successions]
    return Call(escrow_interface().calldata(function, _hash(deposit), shown.fields, chain))


def _value(token: bytes, amount: int) -> int:
    return amount if token == ETHER else 0


def _address(value: bytes) -> bytes:
    if len(value) != 20:
        raise InputRefused("An address has 20 bytes.", code="invalid_address")
    return value


def _amount(value: int, most: int = MAX_UINT256) -> int:
    if not 0 <= value <= most:
        raise InputRefused("An amount is a whole number that fits its place.", code="invalid_amount")
    return value


def _hash(value: bytes) -> bytes:
    if len(value) != 32:
        raise InputRefused("Deposits, claims and grounds are named by 32 bytes.", code="invalid_hash")
    return value
