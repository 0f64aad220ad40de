"""``provenance transfer``: handing keys over, two-sided."""

from __future__ import annotations

import re
from typing import Any

import click

from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.output import answer, when
from provenance.cli.remote import key_options, references, service, service_options

_RANGE = re.compile(r"([0-9a-f]{64})/([0-9]{1,10})-([0-9]{1,10})")


@click.group("transfer", cls=Group)
def transfer() -> None:
    """Hand keys over. An offer closes its keys to your sales until it is settled, or 7 days old."""


@transfer.command("offer")
@click.argument("recipient", metavar="0x…")
@click.option(
    "--range",
    "spans",
    multiple=True,
    metavar="BATCH/FIRST-LAST",
    help="Keys of a batch, both ends included; may be repeated.",
)
@click.option("--repeat-key", metavar="TEXT", help="Idempotency-Key: the same text makes a repetition safe.")
@key_options
@service_options
def offer(
    recipient: str,
    spans: tuple[str, ...],
    repeat_key: str | None,
    key_file: str | None,
    format_id: str | None,
    handles: tuple[str, ...],
) -> None:
    """Offer keys of one batch to the party at an address."""
    if spans and (key_file or handles):
        raise click.UsageError(say("give either --range or keys"))
    body: dict[str, Any] = {"recipient": recipient.lower()}
    if spans:
        pieces = [batch_range(span) for span in spans]
        if len({batch for batch, _ in pieces}) != 1:
            raise click.UsageError(say("a transfer is of keys of one batch; make one for each"))
        body |= {"batch": pieces[0][0], "ranges": [piece for _, piece in pieces]}
    else:
        body["keys"] = references(key_file, format_id, handles)
    with service() as client:
        told = client.post("/transfers", body, key=repeat_key)
    answer(told, _line(told))


@transfer.command("accept")
@click.argument("transfer_id", metavar="ID")
@service_options
def accept(transfer_id: str) -> None:
    """Take offered keys over. From here on only you may sell them."""
    _settle(transfer_id, "accept")


@transfer.command("refuse")
@click.argument("transfer_id", metavar="ID")
@service_options
def refuse(transfer_id: str) -> None:
    """Refuse an offer; the sender may sell again."""
    _settle(transfer_id, "refuse")


@transfer.command("withdraw")
@click.argument("transfer_id", metavar="ID")
@service_options
def withdraw(transfer_id: str) -> None:
    """Take an open offer of yours back."""
    _settle(transfer_id, "withdraw")


@transfer.command("list")
@service_options
def list_transfers() -> None:
    """List the newest offers that you made or got."""
    with service() as client:
        told = client.get("/transfers")
    found = told["transfers"]
    answer(told, *([_line(one) for one in found] or [say("No transfer yet.")]))


def batch_range(text: str) -> tuple[str, dict[str, int]]:
    """Batch id, and first and count, of ``BATCH/FIRST-LAST``."""
    found = _RANGE.fullmatch(text)
    if found is None or int(found[3]) < int(found[2]):
        raise click.UsageError(say("a range is the batch id, a slash, the first index, a dash, the last"))
    first, last = int(found[2]), int(found[3])
    return found[1], {"first": first, "count": last - first + 1}


def _settle(transfer_id: str, step: str) -> None:
    if not re.fullmatch(r"[0-9a-f]{32}", transfer_id):
        raise click.UsageError(say("a transfer's id has 32 hex digits"))
    with service() as client:
        told = client.settle_transfer(transfer_id, step)
    answer(told, _line(told))


def _line(told: dict[str, Any]) -> str:
    ranges = ", ".join(f"{r['first']}-{r['first'] + r['count'] - 1}" for r in told.get("ranges", ()))
    return say(
        "Transfer {id}: {status}, batch {batch} keys {ranges}, from {sender} to {recipient}, until {until}",
        id=told.get("id", ""),
        status=told.get("status", ""),
        batch=told.get("batch", ""),
        ranges=ranges,
        sender=told.get("sender", ""),
        recipient=told.get("recipient", ""),
        until=when(told.get("until")),
    )
