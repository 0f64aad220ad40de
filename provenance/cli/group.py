"""The tree of commands. A command's module is imported only when that command is asked for."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Mapping
from typing import Any, Final

import click

from provenance.cli import failures
from provenance.cli.commands import COMMANDS, SECTIONS
from provenance.cli.language import LANGUAGES, choose, say
from provenance.cli.output import json_option
from provenance.errors import ProvenanceError


class TranslatedCommand(click.Command):
    """A command whose help speaks the caller's language, and whose complaints repeat no argument."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if any(one in error.message for one in given if not one.startswith("-") and len(one) >= _SECRET):
                # It may be a key that somebody put where none is taken.
                raise click.UsageError(say(_NO_SUCH_ARGUMENT), ctx) from None
            raise

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_help(self.help, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)


class Group(click.Group):
    """A group of translated commands; errors of the tree leave it as one line and an exit code."""

    command_class = TranslatedCommand
    group_class = type

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_help(self.help, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                rows.append((name, _short_help(command)))
        if rows:
            with formatter.section(say("Commands")):
                formatter.write_dl(rows)


class DefaultGroup(Group):
    """A group whose first command, *default*, need not be named: whatever names no other is for it."""

    def __init__(self, *args: Any, default: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        if args and not named:
            args = [self._default, *args]
        return super().parse_args(ctx, args)


class RootGroup(Group):
    """The outermost group: commands by who uses them, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if _is_present(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS or not _is_present(cmd_name):
            return None
        module, attribute = COMMANDS[cmd_name].target.split(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, title in SECTIONS.items():
            rows = [
                (name, say(entry.help))
                for name, entry in COMMANDS.items()
                if entry.section == section and _is_present(name)
            ]
            if rows:
                with formatter.section(say(title)):
                    formatter.write_dl(rows)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        # A call too wrong to be parsed has no options yet: whether it wants JSON is read off its words.
        wants_json = "--json" in args
        try:
            context = super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            if wants_json:
                failures.tell_usage(error)
            raise
        context.meta[_WANTS_JSON] = wants_json
        return context

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if ctx.meta.get(_WANTS_JSON):
                failures.tell_usage(error)
            raise
        except ProvenanceError as error:
            failure = error
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except OSError as error:
            failure = failures.from_os(error)
        except Exception as error:  # the last border: no traceback may leave
            failure = failures.unexpected(error)
        failures.tell(failure)
        ctx.exit(failures.exit_code(failure))


_WANTS_JSON: Final = "provenance.wants_json"
_SECRET: Final = 8
"""Shorter arguments are no keys: an option's misspelt choice may be repeated."""
_NO_SUCH_ARGUMENT: Final = (
    "an argument does not fit here (it is not repeated: it may be a secret); see --help"
)
_CONTEXT: Final[Mapping[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=RootGroup, context_settings=_CONTEXT)
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    expose_value=False,
    is_eager=True,
    callback=choose,
    help="Language of the words; PROVENANCE_LANG or LANG by default.",
)
@click.version_option(package_name="card-key-provenance", prog_name="provenance")
@json_option
def main() -> None:
    """Prove where a card key came from, who held it, and that it was sold once.

    Exit codes: 0 done, 1 refused, 2 called wrongly, 3 a part is unavailable (nothing was done), 4 a proof
    is consistent but its origin was not checked.

    Secrets come from files, standard input or the environment, never from arguments.
    """


def _is_present(name: str) -> bool:
    """Whether the module behind a command is installed: the demo is not in every installation."""
    module = COMMANDS[name].target.split(":")[0]
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _short_help(command: click.Command) -> str:
    """The first sentence of a command's help."""
    first = " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
    told = say(first)
    for end in ("。", ". "):
        told = told.partition(end)[0]
    return told.rstrip(".")


def _write_help(text: str | None, formatter: click.HelpFormatter) -> None:
    if text:
        formatter.write_paragraph()
        with formatter.indentation():
            for paragraph in inspect.cleandoc(text).split("\n\n"):
                formatter.write_text(say(" ".join(paragraph.split())))
                formatter.write_paragraph()


def _write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    rows = []
    for parameter in command.get_params(ctx):
        english = parameter.help if isinstance(parameter, click.Option) else None
        record = parameter.get_help_record(ctx)
        if record is not None:
            told = record[1].replace(english, say(english), 1) if english else record[1]
            rows.append((record[0], told))
    if rows:
        with formatter.section(say("Options")):
            formatter.write_dl(rows)
