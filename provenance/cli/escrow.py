"""``provenance escrow``: offer an order's deposit, see how it stands, act on it with one's own account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from provenance.cli import escrow_money, inputs
from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.order import order_token, token_option
from provenance.cli.output import answer
from provenance.cli.remote import service, service_options


@click.group("escrow", cls=Group)
def escrow() -> None:
    """Money in a contract until a sale is good: offers, payments, proofs, withdrawals."""


@escrow.command("offer")
@click.argument("order_id", metavar="ORDER")
@click.option("--buyer", required=True, metavar="0x…", help="Account that will pay.")
@click.option("--issuer", required=True, metavar="0x…", help="Address of the issuer whose word counts.")
@click.option("--amount", required=True, type=click.IntRange(1), help="Price in the token's smallest unit.")
@click.option("--asset", "token", metavar="0x…", help="Token contract; ether by default.")
@click.option("--arbiter", metavar="0x…", help="Who rules; the service's account by default.")
@click.option(
    "--valid-seconds", type=click.IntRange(60, 604_800), default=86_400, show_default=True,
    help="How long the offer holds.",
)  # fmt: skip
@click.option("--answer-seconds", type=click.IntRange(1), help="How long a proven fault can be answered.")
@escrow_money.keystore_options
@service_options
def offer(
    order_id: str,
    buyer: str,
    issuer: str,
    amount: int,
    token: str | None,
    arbiter: str | None,
    valid_seconds: int,
    answer_seconds: int | None,
    keystore: str,
    password_file: str | None,
) -> None:
    """Offer the deposit of an order of yours, and sign the offer with your account."""
    wanted = {"token": token, "arbiter": arbiter}
    if answer_seconds is not None:
        wanted["windows"] = {"answer": answer_seconds}  # type: ignore[assignment]
    with service() as client:
        seat = client.get("/escrow")
        signer = escrow_money.signer(keystore, password_file, int(seat["chain_id"]))
        body: dict[str, Any] = {
            "order": inputs.hash_text(order_id),
            "buyer": buyer.lower(),
            "issuer": issuer.lower(),
            "platform": "0x" + signer.address.hex(),
            "amount": str(amount),
            "valid_until": int(datetime.now(UTC).timestamp()) + valid_seconds,
            **{name: value for name, value in wanted.items() if value is not None},
        }
        made = client.post("/escrow/offers", body)
        digest = escrow_money.checked_digest(made, seat)
        signature = "0x" + signer.sign_manifest_digest(digest).hex()
        told = client.post(f"/escrow/offers/{made['digest']}/signature", {"signature": signature})
    answer(told, say("offer {digest}: deposit {deposit}, signed", **told))


@escrow.command("status")
@token_option
@service_options
def status(order_token_file: str) -> None:
    """Show offers and deposits of everything that an order token bought."""
    with service(needs_token=False) as client:
        told = client.post("/escrow/status", {"order_token": order_token(order_token_file)})
    lines: list[str] = []
    for one in told["orders"]:
        lines.append(say("order {order}", **one))
        for each in one["offers"]:
            amount = each["offer"]["amount"]
            lines.append(say("  offer {digest}: {amount} units", digest=each["digest"], amount=amount))
        if one["deposit"] is not None:
            lines.append(say("  deposit {deposit}: {state}", **one["deposit"]))
        if one["freeze"] is not None:
            lines.append(say("  a claim is open: freeze the deposit with provenance escrow freeze"))
    answer(told, *lines)


@escrow.command("pay")
@click.argument("digest", metavar="OFFER")
@token_option
@escrow_money.node_options
@escrow_money.keystore_options
@service_options
def pay(
    digest: str,
    order_token_file: str,
    keystore: str,
    password_file: str | None,
    **node: Any,
) -> None:
    """Pay an offer into the escrow, after checking that it is for the contract and account you name."""
    with service(needs_token=False) as client:
        told = client.post("/escrow/status", {"order_token": order_token(order_token_file)})
    found = [one for each in told["orders"] for one in each["offers"] if one["digest"] == digest]
    seat = escrow_money.Seat.of(**node)
    wallet = seat.wallet(keystore, password_file)
    struct, call = escrow_money.payable(found, seat, wallet.address)
    sent = escrow_money.paid(seat, wallet, struct, call)
    data = {"transaction": "0x" + sent.hex(), "deposit": struct.id.hex()}
    answer(data, say("paid: deposit {deposit}", **data))


for _command in escrow_money.COMMANDS:
    escrow.add_command(_command)
