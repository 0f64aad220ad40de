"""Commands that only look: verify, custody, events, alerts."""

from __future__ import annotations

from typing import Any

import click

from provenance.cli import inputs
from provenance.cli.group import TranslatedCommand
from provenance.cli.language import say
from provenance.cli.output import answer, when
from provenance.cli.remote import key_options, one_reference, references, service, service_options

_limit = click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many."
)
_after = click.option("--after", metavar="TIME/ID", help="Continue behind the last one seen.")


@click.command("verify", cls=TranslatedCommand)
@click.option("--order-token-file", metavar="FILE", help="As the buyer: your order token, no credential.")
@key_options
@service_options
def verify(
    key_file: str | None, format_id: str | None, handles: tuple[str, ...], order_token_file: str | None
) -> None:
    """Ask for the verdict on keys, up to 1,000 at once.

    A verdict is a look, not a claim: only `provenance sell` makes sure that nobody else sells the key.
    """
    shown = references(key_file, format_id, handles)
    token = inputs.read_line(order_token_file, "order token") if order_token_file else None
    with service(needs_token=token is None) as client:
        told = client.verify(shown, token)
    answer(told, *(_verdict(number, one) for number, one in enumerate(told["verdicts"], 1)))


@click.command("custody", cls=TranslatedCommand)
@click.argument("handle", metavar="BATCH/INDEX")
@service_options
def custody(handle: str) -> None:
    """Show every recorded step of one key, as far as you are entitled to see it."""
    place = one_reference(None, None, (handle,))
    with service() as client:
        told = client.custody(place["batch"], place["index"])
    answer(told, *(_event(one) for one in told["custody"]))


@click.command("events", cls=TranslatedCommand)
@_after
@_limit
@service_options
def events(after: str | None, limit: int) -> None:
    """List what was recorded under your address, oldest first: nothing is done in your name unseen."""
    with service() as client:
        told = client.get("/me/events", _page(after, limit))
    answer(told, *(_event(one) for one in told.get("events", [])))


@click.command("alerts", cls=TranslatedCommand)
@_after
@_limit
@service_options
def alerts(after: str | None, limit: int) -> None:
    """List warnings for you, oldest first: keys of yours that others tried to register, and the like."""
    with service() as client:
        told = client.get("/me/alerts", _page(after, limit))
    answer(told, *(_alert(one) for one in told.get("alerts", [])))


def _page(after: str | None, limit: int) -> dict[str, Any]:
    if after is None:
        return {"limit": limit}
    time, _, last = after.partition("/")
    if not time.isdecimal():
        raise click.UsageError(say("--after is the time in ms, a slash, and the id of the last one seen"))
    return {"limit": limit, "after_time": int(time), "after_id": last}


def _verdict(number: int, one: dict[str, Any]) -> str:
    if problem := one.get("error"):
        return f"{number}: [{problem.get('code')}] {problem.get('detail', '')}"
    facts = one.get("facts") or {}
    place = f"  {facts['batch']}/{facts['index']}" if facts.get("batch") else ""
    last = facts.get("last_event")
    told = ""
    if isinstance(last, dict):
        told = f"  {last['type']} {when(last['time'])} ({_bracket(last)})  {last['event']}"
    return f"{number}: {one.get('verdict')}{place}{told}"


def _event(one: dict[str, Any]) -> str:
    index = one.get("log_index", one.get("index"))
    place = say("not yet in the log") if index is None else f"#{index}"
    time = f"{when(one.get('time'))} ({_bracket(one)})"
    parts = (place, one.get("type"), time, one.get("actor"), one.get("event"))
    return "  ".join(str(part) for part in parts if part)


def _bracket(one: dict[str, Any]) -> str:
    """Between which block and which anchor an event lies, by the service's word; a proof shows it."""
    after, before = one.get("after"), one.get("before")
    if after is None:
        lower = say("after no beacon")
    else:
        lower = say("after block {number} ({time})", number=after["number"], time=_seconds(after))
    if before is None:
        return f"{lower}, {say('not anchored yet')}"
    if before["block"] is None:  # anchored by a transaction that is not ours: the size names it
        upper = say("before anchor {number} ({time})", number=before["number"], time=_seconds(before))
    else:
        upper = say("before block {number} ({time})", number=before["block"], time=_seconds(before))
    return f"{lower}, {upper}"


def _seconds(bound: dict[str, Any]) -> str:
    return say("time unknown") if bound["time"] is None else when(bound["time"] * 1000)


def _alert(one: dict[str, Any]) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in (one.get("facts") or {}).items())
    return f"{when(one.get('time'))}  {one.get('kind', '')}  {facts}"
