"""``provenance sell`` and what follows a sale: deliver, redeem, reinstate, void, reissue."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from provenance.cli import failures, inputs
from provenance.cli.group import TranslatedCommand
from provenance.cli.language import say
from provenance.cli.output import answer, hint, is_json, when
from provenance.cli.remote import (
    key_options,
    keys_member,
    one_reference,
    references,
    service,
    service_options,
)
from provenance.errors import InputRefused

if TYPE_CHECKING:
    from provenance.core.entries import Entry

F = TypeVar("F", bound=Callable[..., Any])

_proceed = click.option("--proceed", is_flag=True, help="Do what can be done, instead of all or nothing.")
_details = click.option("--details", metavar="FILE", help="JSON sealed beside the event: money, people.")
_repeat = click.option(
    "--repeat-key", metavar="TEXT", help="Idempotency-Key: the same text makes a repetition safe."
)
_out = click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write receipts and order tokens to a new file, mode 0600, instead of the output.",
)


def act_options(command: F) -> F:
    """What every act on keys takes."""
    for option in (
        service_options,
        _out,
        _repeat,
        _proceed,
        _details,
        click.option("--reason", type=click.IntRange(0, 0xFFFF), default=0, help="Enumerated reason."),
        click.option(
            "--use-file", metavar="FILE", help="Which sale of a shared key: its use, 64 hex digits."
        ),
        key_options,
    ):
        command = option(command)
    return command


@click.command("sell", cls=TranslatedCommand)
@click.option(
    "--order", required=True, help="Your order number: the same order and key get the first answer again."
)
@click.option("--any", "is_any", is_flag=True, help="Sell the first of the keys that can be sold.")
@click.option(
    "--unit", type=click.IntRange(1), default=1, show_default=True, help="Unit of the order, with --any."
)
@click.option("--reservation", metavar="ID", help="The reservation these keys are held by.")
@_details
@_proceed
@_repeat
@_out
@key_options
@service_options
def sell(
    order: str,
    is_any: bool,
    unit: int,
    reservation: str | None,
    key_file: str | None,
    format_id: str | None,
    handles: tuple[str, ...],
    **how: Any,
) -> None:
    """Sell keys you hold: checked and claimed in one step, at most once.

    The answer holds the buyer's order token: hand it to the buyer with the key. A refusal names the
    earlier event that stands in the way, and ends with exit code 1.
    """
    shown = references(key_file, format_id, handles)
    body: dict[str, Any] = {"order": order, "unit": unit}
    body |= {"any_of": shown} if is_any else keys_member(shown)
    if reservation:
        body["reservation"] = reservation
    _do("sell", body, how)


@click.command("deliver", cls=TranslatedCommand)
@act_options
def deliver(**options: Any) -> None:
    """Record that sold keys were shown to their buyer."""
    _act("deliver", **options)


@click.command("redeem", cls=TranslatedCommand)
@act_options
@click.option("--order-token-file", metavar="FILE", help="As the buyer: your order token, no credential.")
def redeem(order_token_file: str | None, **options: Any) -> None:
    """Record that keys were used: by the seller, an issuer, or the buyer with the order token."""
    if order_token_file is None:
        _act("redeem", **options)
        return
    shown = one_reference(options.pop("key_file"), options.pop("format_id"), options.pop("handles"))
    if options.pop("use_file") or options["details"]:
        raise click.UsageError(say("with an order token, give the key alone"))
    options.pop("reason")
    token = inputs.read_line(order_token_file, "order token")
    _do("redeem", {"key": shown, "order_token": token}, options, needs_token=False)


@click.command("reinstate", cls=TranslatedCommand)
@act_options
def reinstate(**options: Any) -> None:
    """Undo your own sale or redemption, within 10 days. The next buyer is told that it was sold before."""
    _act("reinstate", **options)


@click.command("void", cls=TranslatedCommand)
@click.option(
    "--range", "span", metavar="BATCH/FIRST-LAST", help="As the supplier: recall a range of a batch."
)
@act_options
def void(span: str | None, **options: Any) -> None:
    """End keys for good. A supplier may recall a whole range."""
    if span is None:
        _act("void", **options)
        return
    if options["key_file"] or options["handles"]:
        raise click.UsageError(say("give either --range or keys"))
    from provenance.cli.transfer import batch_range

    batch, piece = batch_range(span)
    for name in ("key_file", "format_id", "handles", "use_file"):
        options.pop(name)
    _do("void", {"range": {"batch": batch, **piece}, "reason": options.pop("reason")}, options)


@click.command("reissue", cls=TranslatedCommand)
@click.option("--replacement-file", metavar="FILE", help="The key given instead, one line.")
@click.option("--replacement-format", metavar="FORMAT", help="Its format.")
@click.option("--replacement", metavar="BATCH/INDEX", help="Or its handle.")
@click.option("--use-file", metavar="FILE", help="Which sale of a shared key: its use, 64 hex digits.")
@click.option("--reason", type=click.IntRange(0, 0xFFFF), default=0, help="Enumerated reason.")
@_repeat
@_out
@key_options
@service_options
def reissue(
    replacement_file: str | None,
    replacement_format: str | None,
    replacement: str | None,
    key_file: str | None,
    format_id: str | None,
    handles: tuple[str, ...],
    use_file: str | None,
    reason: int,
    **how: Any,
) -> None:
    """Record that the buyer of a void or used key got another one instead. Once a sale."""
    body = {
        "key": one_reference(key_file, format_id, handles),
        "replacement": one_reference(
            replacement_file, replacement_format, (replacement,) if replacement else ()
        ),
        "reason": reason,
    }
    if use_file:
        body["use"] = inputs.read_line(use_file, "use")
    _do("reissue", body, {"details": None, "proceed": False, **how})


def _act(
    name: str,
    *,
    key_file: str | None,
    format_id: str | None,
    handles: tuple[str, ...],
    use_file: str | None,
    reason: int,
    **how: Any,
) -> None:
    body = keys_member(references(key_file, format_id, handles)) | {"reason": reason}
    if use_file:
        body["use"] = inputs.read_line(use_file, "use")
    _do(name, body, how)


def _do(name: str, body: dict[str, Any], how: dict[str, Any], *, needs_token: bool = True) -> None:
    """Send one act, and tell what became of it."""
    out: Path | None = how.get("out")
    if out is not None and out.exists():
        raise InputRefused("exists already; name another file", code="file_exists", file=str(out))
    if how.get("details"):
        body["details"] = inputs.read_json(how["details"])
    if how.get("proceed"):
        body["on_error"] = "proceed"
    with service(needs_token=needs_token) as client:
        told = client.act(name, body, key=how.get("repeat_key"))
    if out is not None:
        inputs.write_secret(out, json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")
        told = _without_secrets(told)
    answer(told, *_lines(told))
    if _is_all_refused(told):
        # Each was allowed to fail alone, but nothing at all was done.
        click.get_current_context().exit(failures.REFUSED)
    if name == "sell" and out is None and not is_json():
        hint("The order token is the buyer's: hand it over with the key, and keep no copy.")


def _without_secrets(told: Any) -> Any:
    secret = {"order_token", "use"}
    if isinstance(told, dict):
        return {name: _without_secrets(value) for name, value in told.items() if name not in secret}
    return [_without_secrets(one) for one in told] if isinstance(told, list) else told


def _lines(told: dict[str, Any]) -> list[str]:
    many = told.get("results") or told.get("events")
    return [_line(one) for one in (many if isinstance(many, list) else [told])]


def _is_all_refused(told: dict[str, Any]) -> bool:
    results = told.get("results")
    return bool(results) and all("error" in one for one in results or ())


def _line(one: dict[str, Any]) -> str:
    if problem := one.get("error"):
        return f"✘ [{problem.get('code')}] {problem.get('detail', '')}"
    parts = ["✔ " + say("event {event}", event=one.get("event", ""))]
    if place := one.get("key"):
        parts.append(f"{place['batch']}/{place['index']}")
    entry = _entry(one)
    if entry is not None:
        parts += [entry.type.name, when(entry.time)]
    if one.get("order_token"):
        parts.append(say("order token {token}", token=one["order_token"]))
    return "  ".join(parts)


def _entry(one: dict[str, Any]) -> Entry | None:
    """The entry that the receipt promises."""
    from provenance.core.canonical import decode_base64
    from provenance.core.entries import Entry

    receipt = one.get("receipt")
    return Entry.decode(decode_base64(receipt["entry"])) if isinstance(receipt, dict) else None
