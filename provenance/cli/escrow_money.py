"""What one does to the escrow with a node and an account of one's own: no service is asked for anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from provenance.cli import inputs
from provenance.cli.group import TranslatedCommand
from provenance.cli.inputs import password, read_bytes
from provenance.cli.language import say
from provenance.cli.local import address
from provenance.cli.output import answer as tell
from provenance.cli.output import json_option
from provenance.errors import NotFound, Refused

if TYPE_CHECKING:
    from provenance.chain.escrow import Deposit, EscrowClient
    from provenance.chain.escrow_calls import Call
    from provenance.chain.escrow_order import WarrantyOrder
    from provenance.chain.signer import Signer
    from provenance.chain.wallet import Wallet

F = TypeVar("F", bound=Callable[..., Any])
_ETHER: Final = "0x" + "00" * 20


def node_options(command: F) -> F:
    """``--node``, ``--chain-id`` and ``--escrow``: whom one trusts, and which contract one means."""
    for option in (
        click.option("--escrow", "contract", required=True, metavar="0x…", envvar="PROVENANCE_ESCROW",
                     help="The escrow contract you mean."),
        click.option("--chain-id", type=click.IntRange(1), required=True, envvar="PROVENANCE_CHAIN_ID",
                     help="The chain you mean."),
        click.option("--node", "node_url", metavar="URL", required=True, envvar="PROVENANCE_CHAIN_URL",
                     help="Ask this Ethereum node, which you trust."),
    ):  # fmt: skip
        command = option(command)
    return command


def keystore_options(command: F) -> F:
    """``--keystore`` and ``--password-file``: the account that acts."""
    for option in (
        click.option("--password-file", metavar="FILE", help="Its password, or - for standard input."),
        click.option("--keystore", required=True, metavar="FILE", help="Keystore of your account."),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Seat:
    """The contract that the caller means, on the node that he trusts."""

    client: EscrowClient

    @classmethod
    def of(cls, node_url: str, chain_id: int, contract: str) -> Seat:
        from provenance.chain.escrow import EscrowClient
        from provenance.chain.rpc import Chain

        return cls(EscrowClient(Chain(node_url, chain_id=chain_id), address(contract)))

    def wallet(self, keystore: str, password_file: str | None) -> Wallet:
        from provenance.chain.wallet import Wallet

        chain = self.client.chain
        return Wallet(chain, signer(keystore, password_file, chain.chain_id))

    def held(self, deposit: bytes) -> Deposit:
        found = self.client.deposit(deposit)
        if found is None:
            raise NotFound("this escrow holds no such deposit", code="unknown_deposit")
        return found


def signer(keystore: str, password_file: str | None, chain_id: int) -> Signer:
    """The account of a keystore; raises as ``Signer.from_keystore``."""
    from provenance.chain.signer import Signer

    return Signer.from_keystore(Path(keystore), password(password_file), chain_id=chain_id)


def checked_digest(offer: dict[str, Any], seat: dict[str, Any]) -> bytes:
    """The digest of what an offer shows, computed here; Refused ``offer_digest`` if it says another."""
    from provenance.chain.escrow_order import EscrowDomain, read_order

    domain = EscrowDomain(int(seat["chain_id"]), address(seat["contract"]))
    digest = read_order(offer["offer"]).digest(domain)
    if digest.hex() != offer["digest"]:
        raise Refused("the service asks to sign something else than it shows", code="offer_digest")
    return digest


def payable(found: list[dict[str, Any]], seat: Seat, payer: bytes) -> tuple[WarrantyOrder, Call]:
    """What the buyer signs is what he was shown: struct, contract, account and value, or it is refused."""
    from provenance.chain.escrow_calls import Call
    from provenance.chain.escrow_order import ETHER, read_order

    if not found or found[0]["transaction"] is None:
        raise NotFound("no such offer that its platform has signed", code="unknown_offer")
    offer = found[0]
    struct, sent = read_order(offer["offer"]), offer["transaction"]
    data, value = bytes.fromhex(sent["data"][2:]), int(sent["value"])
    expected = struct.amount if struct.token == ETHER else 0
    is_shown = data[4 : 4 + len(struct.encoded)] == struct.encoded and value == expected
    if not is_shown or struct.digest(seat.client.domain).hex() != offer["digest"]:
        raise Refused("this offer is not for the contract you name, or hides another", code="offer_digest")
    if struct.buyer != payer:
        raise Refused("this offer is for another account; ask for one for yours", code="not_buyer")
    return struct, Call(data, value)


def paid(seat: Seat, wallet: Wallet, struct: WarrantyOrder, call: Call) -> bytes:
    """Approve a token for exactly this price, then pay; the payment's transaction."""
    _approve(seat, wallet, struct.token, struct.amount)
    return wallet.send(seat.client.address, call)


def _approve(seat: Seat, wallet: Wallet, token: bytes, amount: int) -> None:
    from provenance.chain.escrow_order import ETHER
    from provenance.chain.wallet import approve_call

    if token != ETHER:
        wallet.send(token, approve_call(seat.client.address, amount))


Making = Callable[[Seat, "Wallet", dict[str, Any]], "Call"]


def _acting(name: str, words: str, *options: Callable[[Any], Any]) -> Callable[[Making], click.Command]:
    """A command that sends one call, made by the function it decorates, from one's own account."""

    def made(making: Making) -> click.Command:
        @click.pass_context
        def run(
            context: click.Context, /, node_url: str, chain_id: int, contract: str, keystore: str,
            password_file: str | None, **given: Any,
        ) -> None:  # fmt: skip
            seat = Seat.of(node_url, chain_id, contract)
            wallet = seat.wallet(keystore, password_file)
            sent = wallet.send(seat.client.address, making(seat, wallet, given))
            data = {"transaction": "0x" + sent.hex()}
            tell(data, say("done: transaction {transaction}", **data))

        body: Any = run
        for option in (json_option, keystore_options, node_options, *reversed(options)):
            body = option(body)
        return click.command(name, cls=TranslatedCommand, help=words)(body)

    return made


_deposit = click.argument("deposit", metavar="DEPOSIT")
_bundle = click.option("--bundle", required=True, metavar="FILE", help="Proof file of the key, anchored.")
_token = click.option(
    "--asset", "token", default=_ETHER, metavar="0x…", help="Token contract; ether by default."
)


@_acting("bond", "Add to a platform's bond, from which its buyers are compensated.",
         click.option("--platform", required=True, metavar="0x…", help="Whose bond."),
         click.option("--amount", required=True, type=click.IntRange(1), help="In the smallest unit."),
         _token)  # fmt: skip
def bond(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_calls import post_bond_call

    token = address(given["token"])
    _approve(seat, wallet, token, given["amount"])
    return post_bond_call(address(given["platform"]), token, given["amount"])


@_acting("freeze", "As the buyer: hold the deposit until your claim is decided.", _deposit,
         click.option("--claim", required=True, metavar="HASH", help="Id of your claim."))  # fmt: skip
def freeze(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_calls import file_claim_call

    return file_claim_call(_id(given), bytes.fromhex(inputs.hash_text(given["claim"])))


@_acting("confirm", "As the buyer: all is well, let the platform have its money.", _deposit)
def confirm(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_calls import confirm_call

    return confirm_call(_id(given))


@_acting(
    "refund", "As the platform: give the price back, after the delivery with the compensation.", _deposit
)
def refund(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_calls import refund_call

    return refund_call(_id(given))


@_acting("rule", "As the arbiter that the deposit names: settle a claim.", _deposit,
         click.option("--refund", required=True, type=click.IntRange(0), help="Of the price, to the buyer."),
         click.option("--compensation", default=0, type=click.IntRange(0), help="Of the bond, to the buyer."),
         click.option("--grounds", required=True, metavar="HASH", help="Commitment to clause and evidence."),
         )  # fmt: skip
def rule(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_calls import rule_call

    grounds = bytes.fromhex(inputs.hash_text(given["grounds"]))
    return rule_call(_id(given), refund=given["refund"], compensation=given["compensation"], grounds=grounds)


@_acting("prove", "Prove from a proof file that the key was used or sold before. Nobody has to rule.",
         _deposit, _bundle)  # fmt: skip
def prove(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_bundle import accusation

    deposit = _id(given)
    return accusation(seat.client, deposit, seat.held(deposit), _read(given["bundle"]))


@_acting("deliver", "Show from a proof file that the key was delivered.", _deposit, _bundle)
def deliver(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_bundle import delivery

    deposit = _id(given)
    return delivery(deposit, seat.held(deposit), _read(given["bundle"]))


@_acting("answer", "Show from a proof file that what was proven had been undone.", _deposit, _bundle)
def answering(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_bundle import answer

    deposit = _id(given)
    return answer(seat.client, deposit, seat.held(deposit), _read(given["bundle"]))


@_acting("time-out", "Have done what follows from a missed deadline. Anybody may.", _deposit)
def time_out(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_calls import time_out_call

    return time_out_call(_id(given))


@_acting("withdraw", "Take all that is credited to your account.", _token,
         click.option("--to", metavar="0x…", help="Who receives it; yourself by default."))  # fmt: skip
def withdraw(seat: Seat, wallet: Wallet, given: dict[str, Any]) -> Call:
    from provenance.chain.escrow_calls import withdraw_call

    to = wallet.address if given["to"] is None else address(given["to"])
    return withdraw_call(address(given["token"]), to)


@click.command("show", cls=TranslatedCommand)
@_deposit
@node_options
@json_option
def show(deposit: str, node_url: str, chain_id: int, contract: str) -> None:
    """Ask the chain where a deposit stands, and until when."""
    held = Seat.of(node_url, chain_id, contract).held(bytes.fromhex(inputs.hash_text(deposit)))
    data = {
        "state": held.state.name.lower(), "deadline": held.deadline, "amount": str(held.amount),
        "compensation": str(held.compensation), "buyer": "0x" + held.buyer.hex(),
        "platform": "0x" + held.platform.hex(), "arbiter": "0x" + held.arbiter.hex(),
        "token": "0x" + held.token.hex(),
    }  # fmt: skip
    tell(data, say("{state}, until {deadline}: {amount} and {compensation} units", **data))


def _id(given: dict[str, Any]) -> bytes:
    return bytes.fromhex(inputs.hash_text(given["deposit"]))


def _read(path: str) -> Any:
    from provenance.core import proofs

    return proofs.read_bundle(read_bytes(path, proofs.MAX_BUNDLE_SIZE))


COMMANDS: Final = (
    bond, show, deliver, freeze, confirm, refund, rule, prove, answering, time_out, withdraw,
)  # fmt: skip
