"""The escrow contract: its views, its refusals by stable codes, its events.

The money is the buyer's and the platform's, and so are the keys that move it: what is sent is built
by ``escrow_calls`` and signed wherever those keys are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from provenance.chain import answers, registry
from provenance.chain.escrow_calls import escrow_interface
from provenance.chain.escrow_events import WORD, EscrowEvent, layout_of, read_event, read_words
from provenance.chain.escrow_order import EscrowDomain
from provenance.chain.rpc import BlockAt, Chain, revert_data
from provenance.errors import ChainMismatch, ChainRefused, InputRefused

# Custom error of the contract → public code, and what to do. Codes are public: they never change.
_REFUSALS: dict[str, tuple[str, str]] = {
    "InvalidRegistry": ("invalid_registry", "deploy the registry first and name its address"),
    "InvalidWindowBounds": ("invalid_window_bounds", "windows last from 1 second to 400 days"),
    "OfferLapsed": ("offer_lapsed", "ask the platform for a new offer"),
    "WindowOutOfBounds": ("window_out_of_bounds", "this escrow does not allow such a window"),
    "RoleMissing": ("role_missing", "name every party of the order"),
    "ArbiterIsParty": ("arbiter_is_party", "name an arbiter who is neither buyer nor platform nor seller"),
    "InvalidSignature": ("invalid_order_signature", "nobody can have made this signature; sign again"),
    "SignerIsNotPlatform": ("signer_is_not_platform", "the platform of the order must sign it itself"),
    "ManifestOfAnotherBatch": ("manifest_of_another_batch", "give the manifest of the order's batch"),
    "BatchNotRegistered": ("batch_not_registered", "wait until the batch is registered on this chain"),
    "IndexOutsideBatch": ("index_outside_batch", "the batch has no such key"),
    "AlreadyDeposited": ("already_deposited", "this sale is paid for; nothing is to be done"),
    "NotBuyer": ("not_buyer", "only the buyer may do this; use that account"),
    "NotPlatform": ("not_platform", "only the platform may do this; use that account"),
    "NotArbiter": ("not_arbiter", "only the arbiter named in the order may rule"),
    "WrongState": ("wrong_escrow_state", "look the deposit up: this is not possible where it stands"),
    "TooLate": ("escrow_deadline_passed", "the deadline has passed; have what follows from it done"),
    "TooEarly": ("escrow_deadline_ahead", "wait for the deadline"),
    "RefundTooLarge": ("refund_too_large", "no more can be given back than was paid"),
    "CompensationTooLarge": ("compensation_too_large", "no more can be awarded than is held for the order"),
    "InvalidGrounds": ("grounds_missing", "a ruling names its grounds"),
    "UnknownEntryVersion": ("unknown_entry_version", "the escrow reads entries of version 1"),
    "WrongEntryType": ("wrong_entry_type", "show the entry that this is about"),
    "WrongReason": ("wrong_entry_reason", "the entry was made for another reason"),
    "AnotherKey": ("entry_on_another_key", "show an entry on the key of the order"),
    "AnotherActor": ("entry_by_another_actor", "the entry was made by somebody else; show a succession"),
    "AnotherParty": ("entry_of_another_use", "the entry is about another buyer's use"),
    "NotASuccession": ("not_a_succession", "successions follow one another and come before the entry"),
    "NotInOrder": ("entries_not_in_order", "the entries stand in the log in another order"),
    "NotInTime": ("reinstated_too_late", "a reinstatement counts within ten days of what it undoes"),
    "KeyIsShared": ("key_is_shared", "this key may be sold several times"),
    "AlreadyAnswered": ("fault_already_answered", "this fault has been answered; show another"),
    "InvalidAmount": ("invalid_amount", "name an amount above zero"),
    "NotAToken": ("not_a_token", "there is no token at this address"),
    "ValueMismatch": ("value_mismatch", "send exactly the ether asked for, and none with a token"),
    "AmountNotReceived": ("token_takes_fee", "tokens that take a fee on transfer are refused; use another"),
    "AmountNotSent": ("token_takes_fee", "the token takes a fee from the escrow; wait until it does not"),
    "TransferFailed": ("transfer_failed", "the receiver takes no ether; name another"),
    "BondTooSmall": ("bond_too_small", "the platform must add to its bond first"),
    "NothingOwed": ("nothing_owed", "there is nothing to withdraw"),
    "InvalidEntryLength": ("invalid_entry_length", "an entry has 124 bytes"),
    "SafeERC20FailedOperation": ("token_refused", "the token did not transfer; check balance and allowance"),
    "ReentrancyGuardReentrantCall": ("reentrant_call", "the escrow is not called from within itself"),
}


class DepositState(IntEnum):
    """Where a deposit stands; numbers are those of the contract."""

    NONE = 0
    FUNDED = 1
    DELIVERED = 2
    FROZEN = 3
    PROVEN = 4
    CLOSED = 5


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money held for one sale; ``deadline`` in unix seconds, amounts in the token's smallest unit."""

    state: DepositState
    deadline: int
    buyer: bytes
    platform: bytes
    seller: bytes
    arbiter: bytes
    issuer: bytes
    token: bytes
    amount: int
    compensation: int
    batch_id: bytes
    index: int
    party: bytes
    max_uses: int


@dataclass(frozen=True, slots=True)
class ProvenFault:
    """What an answer has to undo: the log index of the entry, who made it, and the use it names."""

    index: int
    actor: bytes
    party: bytes
    is_own_sale: bool


class EscrowClient:
    """The escrow at a 20-byte *address* of *chain*. Views take ``at``, a block number or hash."""

    def __init__(self, chain: Chain, address: bytes) -> None:
        if len(address) != 20:
            raise InputRefused("The address of the escrow has 20 bytes.", code="invalid_address")
        self.chain = chain
        self.address = address

    def __repr__(self) -> str:
        return f"EscrowClient(0x{self.address.hex()}, {self.chain!r})"

    @property
    def domain(self) -> EscrowDomain:
        """Where the platform's signatures must hold."""
        return EscrowDomain(self.chain.chain_id, self.address)

    def deposit(self, deposit: bytes, at: BlockAt = None) -> Deposit | None:
        """The deposit of that name, or None."""
        found = self._struct("depositOf", deposit, at=at)
        if found["state"] == DepositState.NONE:
            return None
        return Deposit(
            state=DepositState(found["state"]),
            deadline=found["deadline"],
            buyer=found["buyer"],
            platform=found["platform"],
            seller=found["seller"],
            arbiter=found["arbiter"],
            issuer=found["issuer"],
            token=found["token"],
            amount=found["amount"],
            compensation=found["compensation"],
            batch_id=found["batchId"],
            index=found["index"],
            party=found["party"],
            max_uses=found["maxUses"],
        )

    def fault(self, deposit: bytes, at: BlockAt = None) -> ProvenFault:
        """The fault proven last; of meaning while the deposit is ``PROVEN``."""
        found = self._struct("faultOf", deposit, at=at)
        return ProvenFault(found["index"], found["actor"], found["party"], found["isOwnSale"])

    def is_answered(self, deposit: bytes, index: int, at: BlockAt = None) -> bool:
        """Whether the fault at that log index was answered."""
        return bool(self._number("answered", deposit, index, at=at))

    def credit(self, account: bytes, token: bytes, at: BlockAt = None) -> int:
        """What *account* can withdraw."""
        return self._number("credits", account, token, at=at)

    def bond(self, platform: bytes, token: bytes, at: BlockAt = None) -> int:
        """The part of a platform's bond that no open order holds."""
        return self._number("bonds", platform, token, at=at)

    def registry(self) -> bytes:
        """The 20-byte address of the registry whose checkpoints count here.

        ChainMismatch ``escrow_missing`` if there is no contract, ``escrow_foreign`` if it is another.
        """
        return self._number("registry").to_bytes(32, "big")[12:]

    def windows(self) -> tuple[int, int]:
        """The shortest and the longest window that an order may have, in seconds."""
        return self._number("minimumWindow"), self._number("maximumWindow")

    def events(self, first_block: int, last_block: int) -> list[EscrowEvent]:
        """The escrow's events of these blocks, both included, in the order of the chain."""
        query = {
            "address": answers.hex_data(self.address),
            "fromBlock": hex(first_block),
            "toBlock": hex(last_block),
        }
        found = self.chain.request("eth_getLogs", query)
        if not isinstance(found, list):
            answers.malformed("logs")
        return [event for log in found if (event := read_event(log)) is not None]

    def _struct(self, function: str, *arguments: Any, at: BlockAt = None) -> dict[str, Any]:
        layout = layout_of(function)
        returned = self._ask(function, *arguments, at=at)
        if len(returned) != WORD * len(layout):
            raise self._foreign()
        return read_words(layout, returned)

    def _number(self, function: str, *arguments: Any, at: BlockAt = None) -> int:
        returned = self._ask(function, *arguments, at=at)
        if len(returned) != WORD:
            raise self._foreign()
        return int.from_bytes(returned)

    def _ask(self, function: str, *arguments: Any, at: BlockAt = None) -> bytes:
        try:
            returned = self.chain.call(self.address, escrow_interface().calldata(function, *arguments), at)
        except ChainRefused as error:
            raise self._foreign() from error  # views of the escrow never revert
        if not returned:
            raise ChainMismatch(
                f"There is no contract at 0x{self.address.hex()} on chain {self.chain.chain_id}; "
                "deploy the escrow or correct its address.",
                code="escrow_missing",
            )
        return returned

    def _foreign(self) -> ChainMismatch:
        return ChainMismatch(
            f"The contract at 0x{self.address.hex()} does not answer as the escrow does; "
            "correct its address.",
            code="escrow_foreign",
        )


def explained(refused: ChainRefused) -> ChainRefused:
    """The refusal with the escrow's reason as its code, or the registry's where that refused the evidence."""
    reverted = revert_data(refused)
    decoded = None if reverted is None else escrow_interface().error(reverted)
    if decoded is None:
        return registry.explained(refused)
    name, arguments = decoded
    code, advice = _REFUSALS[name]
    shown = {key: "0x" + v.hex() if isinstance(v, bytes) else v for key, v in arguments.items()}
    return ChainRefused(f"The escrow refused: {advice}.", code=code, reason=name, **shown)
