"""What every command that speaks to the API shares: address, credential, keys and their order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from provenance.cli import inputs
from provenance.cli.language import current, say
from provenance.cli.output import json_option

if TYPE_CHECKING:
    from provenance.client import ProvenanceClient

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_URL = "http://127.0.0.1:8080"


def service_options(command: F) -> F:
    """``--url``, ``--token-file``, ``--allow-http`` and ``--json``."""
    for option in (
        json_option,
        click.option("--allow-http", is_flag=True, expose_value=False, callback=_remember,
                     help="Send the credential over plain http; on a network you trust."),
        click.option("--token-file", metavar="FILE", expose_value=False, callback=_remember,
                     help="File of your token, or -; PROVENANCE_TOKEN by default."),
        click.option("--url", expose_value=False, callback=_remember,
                     help=f"The service; PROVENANCE_URL or {DEFAULT_URL} by default."),
    ):  # fmt: skip
        command = option(command)
    return command


def key_options(command: F) -> F:
    """``--key-file`` with ``--format``, or ``--handle``: the keys meant, never in an argument."""
    for option in (
        click.option("--handle", "handles", multiple=True, metavar="BATCH/INDEX",
                     help="A key by its place; may be repeated."),
        click.option("--format", "format_id", help="Format of the keys in --key-file."),
        click.option("--key-file", metavar="FILE", help="File of keys, one a line; - for standard input."),
    ):  # fmt: skip
        command = option(command)
    return command


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    context.meta[f"provenance.{parameter.name}"] = value


@contextmanager
def service(*, needs_token: bool = True) -> Iterator[ProvenanceClient]:
    """A client of the service that the options and the environment name."""
    from provenance.client import ProvenanceClient, Transport

    meta = click.get_current_context().meta
    token = inputs.token(meta.get("provenance.token_file"), required=needs_token)
    url = meta.get("provenance.url") or os.environ.get("PROVENANCE_URL") or DEFAULT_URL
    transport = Transport(url, token, language=current(), allow_http=bool(meta.get("provenance.allow_http")))
    try:
        yield ProvenanceClient(transport)
    finally:
        transport.close()


def references(key_file: str | None, format_id: str | None, handles: tuple[str, ...]) -> list[dict[str, Any]]:
    """The keys that the options name, as the API takes them."""
    if key_file is None and not handles:
        raise click.UsageError(say("name the keys with --key-file and --format, or with --handle"))
    if (key_file is None) != (format_id is None):
        raise click.UsageError(say("--key-file and --format go together"))
    shown: list[dict[str, Any]] = [_handle(text) for text in handles]
    if key_file is not None and format_id is not None:
        if inputs.stdin_is_taken(key_file, click.get_current_context().meta.get("provenance.token_file")):
            raise click.UsageError(say("only one file can come from standard input"))
        shown += inputs.card_keys(key_file, format_id)
    return shown


def one_reference(key_file: str | None, format_id: str | None, handles: tuple[str, ...]) -> dict[str, Any]:
    """The one key that the options name."""
    found = references(key_file, format_id, handles)
    if len(found) != 1:
        raise click.UsageError(say("this takes one key"))
    return found[0]


def keys_member(shown: list[dict[str, Any]]) -> dict[str, Any]:
    """``key`` for one, ``keys`` for many."""
    return {"key": shown[0]} if len(shown) == 1 else {"keys": shown}


def _handle(text: str) -> dict[str, Any]:
    batch, _, index = text.partition("/")
    is_handle = len(batch) == 64 and all(digit in "0123456789abcdef" for digit in batch) and index.isdecimal()
    if not is_handle:
        # What was given may be a key: it is not repeated.
        raise click.UsageError(say("a handle is the batch id, a slash and the index; a key goes into a file"))
    return {"batch": batch, "index": int(index)}
