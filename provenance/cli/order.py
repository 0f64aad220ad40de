"""``provenance order``: orders under warranty, opened by platforms, watched over by their buyers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from provenance.cli import inputs
from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.output import answer, hint, is_json, when
from provenance.cli.remote import key_options, one_reference, references, service, service_options

DAY_MS = 86_400_000

token_option = click.option(
    "--order-token-file", metavar="FILE", required=True, help="File of the order token, or -; no credential."
)
at_option = click.option("--at", "at", type=click.IntRange(0), required=True, help="When, UTC ms since 1970.")
record_option = click.option(
    "--record", metavar="FILE", required=True, help="The record that shows it; only its hash is sent."
)


def order_token(path: str) -> str:
    """The order token of a file; raises ``InputRefused`` (``secret_malformed``)."""
    return inputs.read_line(path, "order token")


def hash_of(path: str) -> str:
    """The SHA-256 of a record that stays with whoever keeps it, in hex."""
    from hashlib import sha256

    return sha256(inputs.read_bytes(path, inputs.MAX_KEYS_BYTES)).hexdigest()


@click.group("order", cls=Group)
def order() -> None:
    """Sell under warranty, report what happened to an order, and see how its warranty stands."""


@order.command("open")
@click.option("--number", required=True, help="Your order number: the same one gets the first answer again.")
@click.option("--price", required=True, help="Price, with all places of its currency, such as 49.50.")
@click.option("--currency", default="CNY", show_default=True, help="Currency of price and terms.")
@click.option("--terms", "terms_hash", required=True, metavar="HASH", help="Hash of your published terms.")
@click.option("--paid-at", type=click.IntRange(0), help="When it was paid, UTC ms since 1970.")
@click.option("--record", metavar="FILE", help="The payment's record; only its hash is sent.")
@click.option("--any", "is_any", is_flag=True, help="Sell the first of the keys that can be sold.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write receipt and order token to a new file, mode 0600, instead of the output.",
)
@key_options
@service_options
def open_(
    number: str,
    price: str,
    currency: str,
    terms_hash: str,
    paid_at: int | None,
    record: str | None,
    is_any: bool,
    out: Path | None,
    key_file: str | None,
    format_id: str | None,
    handles: tuple[str, ...],
) -> None:
    """Sell a key under warranty: sale, price, payment and terms in one step, or none of it.

    The answer holds the buyer's order token: hand it to the buyer with the key. Only where an escrow says
    when the buyer has paid, --paid-at and --record are left out.
    """
    if (paid_at is None) != (record is None):
        raise click.UsageError(say("--paid-at and --record go together"))
    shown = references(key_file, format_id, handles)
    if len(shown) > 1 and not is_any:
        raise click.UsageError(say("this takes one key"))
    body: dict[str, Any] = {"any_of": shown} if is_any else {"key": shown[0]}
    body |= {"number": number, "price": price, "currency": currency, "terms": inputs.hash_text(terms_hash)}
    if record is not None:
        body["paid"] = {"at": paid_at, "record": hash_of(record)}
    with service() as client:
        sold = client.post("/orders", body)
    _told(sold, out)


@order.command("list")
@click.option("--supplier", "is_supplier", is_flag=True, help="Orders of keys that you supplied.")
@service_options
def list_(is_supplier: bool) -> None:
    """List your newest orders."""
    with service() as client:
        told = client.get("/orders", {"side": "supplier" if is_supplier else "platform"})
    answer(told, *([_line(one) for one in told["orders"]] or [say("No order yet.")]))


@order.command("show")
@click.argument("order_id", metavar="ID")
@service_options
def show(order_id: str) -> None:
    """Show an order of yours: clocks, claims and what happened."""
    with service() as client:
        told = client.get(f"/orders/{inputs.hash_text(order_id)}")
    answer(told, *standing(told))


@order.command("events")
@click.argument("order_id", metavar="ID")
@click.argument("kind", type=click.Choice(("submitted", "arrived", "cancelled")))
@at_option
@record_option
@service_options
def events(order_id: str, kind: str, at: int, record: str) -> None:
    """Report what happened to an order outside the log: as its platform, or as the carrier.

    The first report stands; the same one again changes nothing.
    """
    body = {"kind": kind, "at": at, "record": hash_of(record)}
    with service() as client:
        told = client.post(f"/orders/{inputs.hash_text(order_id)}/events", body)
    answer(told, say("reported: {kind} at {time}", kind=kind, time=when(told["at"])))


@order.command("status")
@token_option
@service_options
def status(order_token_file: str) -> None:
    """As the buyer: days left, running clocks, claims and what happened. Needs no credential."""
    with service(needs_token=False) as client:
        told = client.post("/orders/status", {"order_token": order_token(order_token_file)})
    answer(told, *(line for one in told["orders"] for line in standing(one)))


@order.command("replacement-key")
@click.argument("order_id", metavar="ID")
@token_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="New file for the key, mode 0600; it is not shown.",
)
@service_options
def replacement_key(order_id: str, order_token_file: str, out: Path) -> None:
    """As the buyer: the key of a replacement, into a file."""
    body = {"order_token": order_token(order_token_file), "order": inputs.hash_text(order_id)}
    with service(needs_token=False) as client:
        told = client.post("/orders/replacement-key", body)
    inputs.write_secret(out, f"{told['serial']} {told['secret']}".strip().encode() + b"\n")
    answer({"format": told["format"], "file": str(out)}, say("The key is in {file}.", file=out))


@order.command("pack")
@click.argument("order_id", metavar="ID")
@token_option
@click.option(
    "--key-file",
    metavar="FILE",
    help="The key itself, to be put into the pack: who has the pack has the key.",
)
@click.option("--format", "format_id", help="Format of the key in --key-file.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="New ZIP file, mode 0600.",
)
@service_options
def pack(
    order_id: str, order_token_file: str, key_file: str | None, format_id: str | None, out: Path
) -> None:
    """As the buyer: a complaint pack for a consumer association, which opens and verifies offline.

    A PDF in Chinese, the proof, a verifier and your evidence, in one ZIP. It holds neither the order token
    nor, unless --key-file is given, the card key.
    """
    body: dict[str, Any] = {"order_token": order_token(order_token_file), "order": inputs.hash_text(order_id)}
    if key_file is not None:
        body["key"] = one_reference(key_file, format_id, ())
    with service(needs_token=False) as client:
        content = client.file("/orders/pack", body)
    inputs.write_secret(out, content)
    told = {"order": body["order"], "file": str(out), "bytes": len(content)}
    answer(told, say("The complaint pack is in {file}.", file=out))


def standing(one: dict[str, Any]) -> list[str]:
    """An order for people, line by line."""
    lines = [_line(one)]
    cover = one.get("cover")
    if cover is not None and cover["until"] is not None:
        days = cover["left_ms"] // DAY_MS
        lines.append(say("  covered until {time}, {days} days left", time=when(cover["until"]), days=days))
    for clock in one.get("clocks", ()):
        lines.append(say("  {cause}: broken after {time}", cause=clock["cause"], time=when(clock["until"])))
    lines += [f"  {claim_line(each)}" for each in one["claims"]]
    lines += [f"  {when(each['time'])}  {each['what']}" for each in one.get("timeline", ())]
    return lines


def claim_line(one: dict[str, Any]) -> str:
    """A claim for people, in one line."""
    ends = one["outcome"] or say("{state} until {time}", state=one["state"], time=when(one["deadline"]))
    return "  ".join((one["claim"], " ".join(one["causes"]), ends))


def _line(one: dict[str, Any]) -> str:
    price = f"{one['price']} {one['currency']}" if "price" in one else "–"
    return "  ".join((one["order"], when(one["created_at"]), price))


def _told(sold: dict[str, Any], out: Path | None) -> None:
    line = say("order {order}, {price} {currency}", **{n: sold[n] for n in ("order", "price", "currency")})
    if out is not None:
        inputs.write_secret(out, json.dumps(sold, ensure_ascii=False).encode() + b"\n")
        answer({"order": sold["order"], "file": str(out)}, line)
        return
    answer(sold, line, say("order token: {token}", token=sold["order_token"]))
    if not is_json():
        hint("Hand the order token to the buyer with the key. It is not stored here.")
