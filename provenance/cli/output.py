"""What a command says: one answer on standard output, progress and hints on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from provenance.cli.language import say

F = TypeVar("F", bound=Callable[..., Any])


def _remember(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.find_root().meta["provenance.json"] = True


json_option: Callable[[F], F] = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    callback=_remember,
    is_eager=True,
    help="Print one JSON document instead of words.",
)


def is_json() -> bool:
    """Whether this call is to print JSON."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().meta.get("provenance.json"))


def answer(data: Any, *lines: str) -> None:
    """The command's answer: *data* with ``--json``, else *lines* for people."""
    if is_json():
        click.echo(json.dumps(data, ensure_ascii=False))
    else:
        for line in lines:
            click.echo(line)


def hint(text: str, **values: object) -> None:
    """A remark beside the answer, on standard error, in the caller's language."""
    click.echo(say(text, **values), err=True)


@contextmanager
def progress(text: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where that is a terminal; yields ``advance(steps)``."""
    if not sys.stderr.isatty():
        yield lambda steps: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say(text), total=total)
        yield lambda steps: bar.advance(task, steps)


def when(milliseconds: int | None) -> str:
    """A time for people: UTC, ISO 8601."""
    from provenance.core.proofcheck.evidence import iso_time

    return "–" if milliseconds is None else iso_time(milliseconds)
