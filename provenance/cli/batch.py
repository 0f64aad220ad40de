"""``provenance batch``: a batch as it stands, its rejected lines, giving it up."""

from __future__ import annotations

import json
from typing import Any

import click

from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.output import answer, is_json
from provenance.cli.remote import service, service_options
from provenance.errors import InputRefused

_id = click.argument("batch_id", metavar="BATCH")


@click.group("batch", cls=Group)
def batch() -> None:
    """Look at a batch and its rejected lines; give a staged one up."""


@batch.command("show")
@_id
@service_options
def show(batch_id: str) -> None:
    """Show a batch: status, counts, and how far it is anchored."""
    with service() as client:
        told = client.batch(checked_id(batch_id))
    answer(told, line(told))


@batch.command("rejects")
@_id
@service_options
def rejects(batch_id: str) -> None:
    """List the rejected lines of a batch's file, with the reason for each; never with the key."""
    with service() as client:
        found = list(client.rejects(checked_id(batch_id)))
    if is_json():
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        click.echo(reject_line(one))


@batch.command("abandon")
@_id
@service_options
def abandon(batch_id: str) -> None:
    """Give a staged batch up: its keys are free again. A live batch stays."""
    with service() as client:
        client.abandon_batch(checked_id(batch_id))
    answer({"batch": batch_id, "status": "abandoned"}, say("Batch {batch} is given up.", batch=batch_id))


def checked_id(batch_id: str) -> str:
    """A batch id as the API writes it; raises ``InputRefused`` (``invalid_batch_id``)."""
    text = batch_id.lower().removeprefix("0x")
    if len(text) != 64 or not all(digit in "0123456789abcdef" for digit in text):
        raise InputRefused("a batch id has 64 hex digits", code="invalid_batch_id")
    return text


def line(told: dict[str, Any]) -> str:
    """One line about a batch."""
    return say(
        "Batch {batch}: {status}, {size} keys, anchor {anchor}",
        batch=told.get("batch", ""),
        status=str(told.get("status", "")).lower(),
        size=(told.get("manifest") or {}).get("size", "?"),
        anchor=told.get("anchor") or "–",
    )


def reject_line(one: dict[str, Any]) -> str:
    """One rejected line of a file."""
    column = f":{one['column']}" if one.get("column") is not None else ""
    return f"{one.get('line')}{column}  [{one.get('code')}] {one.get('message', '')}"
