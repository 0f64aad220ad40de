"""Help reads well for a stranger, in both languages, and comes fast."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from provenance.cli import main
from provenance.cli.commands import COMMANDS, SECTIONS
from provenance.core.proofs import STEP_TITLES

ROOT = Path(__file__).resolve().parents[2]
SPEAKERS = ("say", "hint", "progress")
HEAVY = ("web3", "eth_account", "sqlalchemy", "flask", "pydantic", "requests", "rich", "granian", "coincurve")


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command and group below *group*, as the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = [path for path in commands() if path[0] != "demo"]
each = pytest.mark.parametrize("path", ALL, ids=" ".join)


def command_of(path: tuple[str, ...]) -> click.Command:
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    return command


@each
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_command_explains_itself(path: tuple[str, ...], language: str) -> None:
    result = CliRunner().invoke(main, ["--lang", language, *path, "--help"])
    assert result.exit_code == 0
    assert " ".join(path) in result.stdout


@each
def test_every_command_and_option_has_words(path: tuple[str, ...]) -> None:
    command = command_of(path)
    assert command.help
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []


@each
def test_every_command_speaks_json(path: tuple[str, ...]) -> None:
    command = command_of(path)
    if not isinstance(command, click.Group):
        assert any("--json" in one.opts for one in command.params)


@each
def test_no_option_takes_a_secret_itself(path: tuple[str, ...]) -> None:
    if path == ("sample",):
        return  # its seed makes worthless keys
    named = [opt for one in command_of(path).params if isinstance(one, click.Option) for opt in one.opts]
    secret = re.compile(r"--(token|password|key|secret|seed|use|order-token|private-key)")
    assert [name for name in named if secret.fullmatch(name)] == []


def test_the_overview_names_every_command_under_who_uses_it() -> None:
    text = CliRunner().invoke(main, ["--help"], terminal_width=100).stdout
    at = [text.index(title) for title in SECTIONS.values()]
    assert at == sorted(at)
    for name in ("register", "sell", "init", "proof", "doctor"):
        assert re.search(rf"^  {name} +\S", text, re.MULTILINE)


def test_the_overview_speaks_chinese_when_the_environment_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "供货商" in CliRunner().invoke(main, ["--help"]).stdout


def test_a_chosen_language_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_LANG", "zh-CN")
    assert "For suppliers" in CliRunner().invoke(main, ["--lang", "en", "--help"]).stdout


def test_the_overview_imports_nothing_heavy() -> None:
    assert loaded_by("--help") & set(HEAVY) == set()


def test_verifying_a_proof_imports_no_service_no_store_and_no_api() -> None:
    loaded = loaded_by("proof", "verify", "tests/vectors/golden.provenance.json", "--json")
    assert loaded & {"sqlalchemy", "flask", "web3", "requests", "pydantic", "granian"} == set()
    ours = {"provenance.services", "provenance.store", "provenance.chain", "provenance.client", "api"}
    assert loaded & ours == set()


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a call of the command line has imported by its end; our rooms by their names."""
    code = (
        "import sys\n"
        "from provenance.cli import main\n"
        f"main({list(arguments)!r}, standalone_mode=False)\n"
        "print('LOADED', *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = done.stdout.rpartition("LOADED ")[2].split()
    tops = {name.partition(".")[0] for name in names}
    return tops | {".".join(name.split(".")[:2]) for name in names if name.startswith("provenance.")}


def sentences() -> set[str]:
    """Every English sentence for people: in helps, and where the code says one."""
    found = {*SECTIONS.values(), *(entry.help for entry in COMMANDS.values()), *STEP_TITLES}
    for command in [main, *map(command_of, ALL)]:
        paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
        found |= {" ".join(paragraph.split()) for paragraph in paragraphs}
        options = command.get_params(click.Context(command))
        found |= {one.help for one in options if isinstance(one, click.Option) and one.help}
    for path in (ROOT / "provenance" / "cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and isinstance(called, ast.Name) and called.id in SPEAKERS:
                words = [one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)]
                found |= {word for word in words if isinstance(word, str)}
    return found | promises()


def promises() -> set[str]:
    """Every sentence of the demo."""
    found: set[str] = set()
    for path in (ROOT / "provenance" / "demo").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and isinstance(called, ast.Attribute) and node.args:
                first = node.args[0]
                if called.attr in ("act", "step", "tell") and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def test_every_sentence_is_told_in_chinese_too() -> None:
    tables = tomllib.loads((ROOT / "provenance" / "cli" / "texts" / "zh-CN.toml").read_text("utf-8"))
    known = {english for table in tables.values() for english in table}
    assert sorted(sentences() - known - {" ", ""}) == []


def test_a_translation_has_the_places_of_its_sentence() -> None:
    tables = tomllib.loads((ROOT / "provenance" / "cli" / "texts" / "zh-CN.toml").read_text("utf-8"))
    pairs = [pair for table in tables.values() for pair in table.items()]
    places = re.compile(r"\{(\w+)\}")
    assert [one for one, other in pairs if set(places.findall(one)) != set(places.findall(other))] == []


def test_what_it_knows_it_can_import() -> None:
    missing = [name for name in COMMANDS if name != "demo" and (name,) not in ALL]
    assert missing == []


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["sell"], ["proof", "verify"], ["party", "admit", "A"], ["--lang", "fr"]]
)
def test_a_wrong_call_ends_with_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "nonsense"],
        ["nonsense", "--json"],
        ["--json", "sell"],
        ["proof", "verify", "--json"],
        ["proof", "verify", "--no-such-option", "--json"],
        ["proof", "verify", "x", "--chain-id", "one", "--json"],
        ["proof", "verify", "tests/vectors/golden.provenance.json", "--json", "--chain-id", "1"],
        ["--lang", "fr", "--json", "sell"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_one_json_document_for_who_asks_for_json(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "usage"
    assert error["message"] in result.stderr


def test_a_secret_in_a_wrong_call_is_not_repeated_as_data_either() -> None:
    result = CliRunner().invoke(main, ["proof", "verify", "x", "4111-2222-3333-4444", "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "usage"
    assert "4111-2222" not in result.output


def test_a_wrong_call_without_json_leaves_standard_output_empty() -> None:
    assert CliRunner().invoke(main, ["proof", "verify"]).stdout == ""
