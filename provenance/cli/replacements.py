"""``provenance replacements``: keys put aside, sealed, that replace faulty ones by themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from provenance.cli import inputs
from provenance.cli.batch import checked_id, reject_line
from provenance.cli.failures import REFUSED
from provenance.cli.group import Group
from provenance.cli.language import say
from provenance.cli.output import answer, is_json, progress
from provenance.cli.remote import references, service, service_options

if TYPE_CHECKING:
    from provenance.client import ProvenanceClient
    from provenance.intake import Accepted

CHUNK: Final = 1_000
"""Keys of one request, which is the API's bound."""


@click.group("replacements", cls=Group)
def replacements() -> None:
    """Put keys aside that replace faulty ones; see what lies there; take them back."""


@replacements.command("deposit")
@click.argument("file", metavar="FILE")
@click.option("--format", "format_id", required=True, help="Key format, such as cmcc-national.")
@service_options
def deposit(file: str, format_id: str) -> None:
    """Put the keys in FILE aside: any supplier file, or - for standard input.

    You must hold them, unsold. Lines that cannot be taken are named with the reason; the others are kept.
    Interrupted, run the same command again: what lies there already stays as it is.
    """
    from provenance.core.keyformats import format_by_id
    from provenance.intake import Accepted, read_upload

    key_format = format_by_id(format_id)
    with service() as client, _opened(file) as (stream, name):
        work = _Depositing(client)
        for row in read_upload(stream, format=key_format, filename=name):
            if isinstance(row, Accepted):
                work.add(row)
            else:
                work.refuse(row.line, row.code, row.message, row.column)
        work.send()
    answer(
        {"kept": work.kept, "again": work.again, "refused": work.refused},
        say(
            "{kept} keys put aside, {again} lay there before, {refused} lines refused",
            kept=work.kept, again=work.again, refused=work.refusals,
        ),
    )  # fmt: skip
    if work.refusals:
        click.get_current_context().exit(REFUSED)


@replacements.command("list")
@service_options
def list_() -> None:
    """Show what lies aside, by product: how many can be taken, and how many were."""
    with service() as client:
        told = client.get("/reserve")
    answer(told, *[_product_line(one) for one in told.get("products", [])])


@replacements.command("withdraw")
@click.option(
    "--handle", "handles", multiple=True, metavar="BATCH/INDEX", help="A key by its place; may be repeated."
)
@click.option("--product", metavar="ID", help="Id of a product, as list shows it.")
@click.option("--count", type=click.IntRange(1, CHUNK), help="How many of the product; 1000 by default.")
@service_options
def withdraw(handles: tuple[str, ...], product: str | None, count: int | None) -> None:
    """Take keys back that were not taken yet; their sealed copies are erased."""
    if bool(handles) == (product is not None) or (handles and count is not None):
        raise click.UsageError(say("give --handle, or --product and --count"))
    if product is None:
        body: dict[str, Any] = {"keys": references(None, None, handles)}
    else:
        body = {"product": checked_id(product)} | ({} if count is None else {"count": count})
    with service() as client:
        told = client.post("/reserve/withdraw", body)
    answer(told, say("{count} keys taken back", count=len(told.get("withdrawn", []))))


@dataclass(slots=True)
class _Depositing:
    """Sends keys a thousand at a time and remembers what became of them; no key is kept here for longer."""

    client: ProvenanceClient
    kept: int = 0
    again: int = 0
    refusals: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    _waiting: dict[bytes, Accepted] = field(default_factory=dict, repr=False)

    def add(self, row: Accepted) -> None:
        """One more key; one that waits already is refused here, or the service would refuse all of them."""
        if row.key.identity in self._waiting:
            self.refuse(row.line, "duplicate_key", say("this key stands in an earlier line"))
            return
        self._waiting[row.key.identity] = row
        if len(self._waiting) == CHUNK:
            self.send()

    def send(self) -> None:
        """Deposit what waits."""
        rows = list(self._waiting.values())
        self._waiting.clear()
        if not rows:
            return
        keys = [_shown(row) for row in rows]
        told = self.client.post("/reserve", {"keys": keys, "on_error": "proceed"})
        for row, one in zip(rows, told["results"], strict=True):
            if one["status"] == "refused":
                self.refuse(row.line, one["error"]["code"], one["error"]["detail"])
            elif one["again"]:
                self.again += 1
            else:
                self.kept += 1

    def refuse(self, line: int, code: str, message: str, column: int | None = None) -> None:
        """Tell of one line: at once to people, at the end to programs."""
        self.refusals += 1
        told = {"line": line, "column": column, "code": code, "message": message}
        if is_json():
            self.refused.append(told)
        else:
            click.echo(reject_line(told))


def _shown(row: Accepted) -> dict[str, Any]:
    key = row.key
    return {"format": key.format_id, "serial": key.serial or None, "secret": key.secret}


class _Counted:
    """A stream that says how far it was read."""

    def __init__(self, stream: BinaryIO, advance: Callable[[int], None]) -> None:
        self._stream, self._advance = stream, advance

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._advance(len(data))
        return data


@contextmanager
def _opened(file: str) -> Iterator[tuple[Any, str | None]]:
    """The file to read, under a progress bar, and its name."""
    if file == "-":
        if inputs.stdin_is_taken(file, click.get_current_context().meta.get("provenance.token_file")):
            raise click.UsageError(say("only one file can come from standard input"))
        yield sys.stdin.buffer, None
        return
    with (
        inputs.opened(file) as stream,
        progress("Putting keys aside", Path(file).stat().st_size) as advance,
    ):
        yield _Counted(stream, advance), Path(file).name


def _product_line(one: dict[str, Any]) -> str:
    return say(
        "{id}: {product} {value} {currency} ({format}): {free} free, {taken} taken",
        id=one.get("id", ""), product=one.get("product", ""), value=one.get("face_value", ""),
        currency=one.get("currency", ""), format=one.get("format", ""),
        free=one.get("free", 0), taken=one.get("taken", 0),
    )  # fmt: skip
