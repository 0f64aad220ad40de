"""``provenance webhook``: addresses that are told of events, by the Standard Webhooks specification."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from provenance.cli.group import Group
from provenance.cli.inputs import write_secret
from provenance.cli.language import say
from provenance.cli.output import answer, hint, when
from provenance.cli.remote import service, service_options
from provenance.errors import InputRefused

_END: Final = 2**53 - 1
_FORMS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]
_id = click.argument("webhook_id", metavar="ID")
_out = click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the secret to a new file, mode 0600.",
)


@click.group("webhook", cls=Group)
def webhook() -> None:
    """Be told of alerts and claims instead of asking. Needs a credential with the scope admin."""


@webhook.command("create")
@click.argument("address", metavar="URL")
@click.option("--type", "types", multiple=True, help="alert.*, claim.closed, …; repeatable; all by default.")
@_out
@service_options
def create(address: str, types: tuple[str, ...], out: Path | None) -> None:
    """Send events to URL from now on. The secret that signs them is shown this once."""
    _must_be_new(out)
    with service() as client:
        made = client.post("/webhooks", {"url": address, "types": list(types) or ["*"]})
    _show_secret(made, out)


@webhook.command("list")
@service_options
def list_webhooks() -> None:
    """List your webhooks, and how many messages wait for each; never their secrets."""
    with service() as client:
        told = client.get("/webhooks")
    answer(told, *([_line(one) for one in told["webhooks"]] or [say("No webhook yet.")]))


@webhook.command("delete")
@_id
@service_options
def delete(webhook_id: str) -> None:
    """Forget a webhook, with the messages that wait for it."""
    with service() as client:
        client.delete(f"/webhooks/{webhook_id}")
    answer({"id": webhook_id, "deleted": True}, say("Webhook {id} is deleted.", id=webhook_id))


@webhook.command("disable")
@_id
@service_options
def disable(webhook_id: str) -> None:
    """Send nothing more to a webhook; what waits for it goes on waiting."""
    _act(webhook_id, "disable")


@webhook.command("enable")
@_id
@service_options
def enable(webhook_id: str) -> None:
    """Send to a webhook again. What it missed comes by `provenance webhook replay`."""
    _act(webhook_id, "enable")


@webhook.command("rotate")
@_id
@_out
@service_options
def rotate(webhook_id: str, out: Path | None) -> None:
    """Make a new secret. For a day the old one signs as well, so that the receiver can change."""
    _must_be_new(out)
    with service() as client:
        changed = client.post(f"/webhooks/{webhook_id}/rotate")
    _show_secret(changed, out)


@webhook.command("test")
@_id
@service_options
def test(webhook_id: str) -> None:
    """Send a message of type webhook.test; `provenance webhook attempts` says what came of it."""
    with service() as client:
        told = client.post(f"/webhooks/{webhook_id}/test")
    answer(told, say("Message {id} is on its way.", id=told["message"]))


@webhook.command("replay")
@_id
@click.option("--message", metavar="ID", help="One message.")
@click.option("--since", type=click.DateTime(_FORMS), help="All from this time on, UTC; kept for 30 days.")
@click.option("--until", type=click.DateTime(_FORMS), help="All before this time, UTC; now by default.")
@service_options
def replay(webhook_id: str, message: str | None, since: datetime | None, until: datetime | None) -> None:
    """Send one message again, or all of a time: also what came while the webhook was disabled."""
    if (message is None) == (since is None) or (until is not None and since is None):
        raise click.UsageError(say("give --message, or --since and perhaps --until"))
    body: dict[str, Any] = {"message": message}
    if since is not None:
        body = {"since": _ms(since), "until": _END if until is None else _ms(until)}
    with service() as client:
        told = client.post(f"/webhooks/{webhook_id}/replay", body)
    answer(told, say("{count} messages are on their way.", count=told["messages"]))


@webhook.command("attempts")
@_id
@click.option("--before", type=click.IntRange(0), default=_END, help="Time in ms of the last one seen.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, help="How many, at most 1000.")
@service_options
def attempts(webhook_id: str, before: int, limit: int) -> None:
    """List what was sent and what came of it, newest first; never what was in it."""
    with service() as client:
        told = client.get(f"/webhooks/{webhook_id}/attempts", {"before": before, "limit": limit})
    answer(told, *(_attempt(one) for one in told["attempts"]))


def _act(webhook_id: str, step: str) -> None:
    with service() as client:
        told = client.post(f"/webhooks/{webhook_id}/{step}")
    answer(told, _line(told))


def _must_be_new(out: Path | None) -> None:
    if out is not None and out.exists():
        raise InputRefused("exists already; name another file", code="file_exists", file=str(out))


def _show_secret(told: dict[str, Any], out: Path | None) -> None:
    if out is None:
        answer(told, _line(told), told["secret"])
        hint("Keep the secret where your receiver finds it. It is not shown again.")
        return
    write_secret(out, told["secret"].encode() + b"\n")
    shown = {name: value for name, value in told.items() if name != "secret"}
    answer(shown | {"file": str(out)}, _line(told), say("The secret is in {file}.", file=out))


def _line(one: dict[str, Any]) -> str:
    ended = (
        say("disabled {time} ({why})", time=when(one["disabled_at"]), why=one["disabled_by"])
        if one["disabled_at"] is not None
        else ""
    )
    waits = say("{count} waiting", count=one["waiting"]) if one.get("waiting") else ""
    return "  ".join(part for part in (one["id"], one["url"], " ".join(one["types"]), waits, ended) if part)


def _attempt(one: dict[str, Any]) -> str:
    told = one["error"] or say("delivered")
    status = "–" if one["status"] is None else str(one["status"])
    return "  ".join((when(one["time"]), one["type"], one["message"], f"#{one['number']}", status, told))


def _ms(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)
