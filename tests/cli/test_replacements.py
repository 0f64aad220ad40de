"""Keys put aside by the command line: streamed, named line by line, taken back."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from provenance.cli import replacements
from tests.cli import files
from tests.cli.conftest import World, served_copy


@pytest.fixture
def world(shelved: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """A service with a batch of 6 keys, of which 0 to 4 are the shop's."""
    with served_copy(shelved[0], tmp_path, monkeypatch) as made:
        yield made


def shop(world: World) -> tuple[object, ...]:
    return ("--format", files.FORMAT, "--token-file", world.token("Shop"))


def listed(world: World) -> list[dict[str, object]]:
    told: list[dict[str, object]] = world.shell.json(
        "replacements", "list", "--token-file", world.token("Shop")
    )["products"]
    return told


def test_a_file_is_put_aside_shown_and_taken_back(world: World, shelved: tuple[Path, str]) -> None:
    file = files.write(world.folder / "spare.txt", 5)
    first = world.shell.json("replacements", "deposit", file, *shop(world))
    assert first == {"kept": 5, "again": 0, "refused": []}
    assert world.shell.json("replacements", "deposit", file, *shop(world))["again"] == 5
    (product,) = listed(world)
    assert (product["free"], product["taken"], product["format"]) == (5, 0, files.FORMAT)
    token = ("--token-file", world.token("Shop"))
    place = f"{shelved[1]}/2"
    assert len(world.shell.json("replacements", "withdraw", "--handle", place, *token)["withdrawn"]) == 1
    wanted = ("--product", product["id"], "--count", 3)
    assert len(world.shell.json("replacements", "withdraw", *wanted, *token)["withdrawn"]) == 3
    said = world.shell.run("replacements", "list", *token).stdout
    assert "1 free, 0 taken" in said


def test_every_line_that_is_refused_has_its_reason_and_no_key(world: World) -> None:
    file = files.write(world.folder / "spare.txt", 6, "no key at all", files.key_line(1), files.key_line(90))
    told = world.shell.json("replacements", "deposit", file, *shop(world), code=1)
    assert told["kept"] == 5
    assert [(one["line"], one["code"]) for one in told["refused"][:2]] == [
        (7, told["refused"][0]["code"]),
        (8, "duplicate_key"),
    ]
    assert [(one["line"], one["code"]) for one in told["refused"][2:]] == [(6, "not_holder"), (9, "unknown")]
    said = world.shell.run("replacements", "deposit", file, *shop(world), code=1)
    assert "[unknown]" in said.stdout and "5 lay there before" in said.stdout
    assert not any(files.secret(number) in said.output for number in (*range(6), 90))


def test_packed_files_and_standard_input_are_files_too(world: World) -> None:
    packed = world.folder / "spare.txt.gz"
    packed.write_bytes(gzip.compress(f"{files.key_line(0)}\n".encode()))
    assert world.shell.json("replacements", "deposit", packed, *shop(world))["kept"] == 1
    piped = world.shell.json("replacements", "deposit", "-", *shop(world), stdin=files.key_line(1) + "\n")
    assert piped["kept"] == 1


def test_a_long_file_is_sent_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacements, "CHUNK", 2)
    file = files.write(world.folder / "spare.txt", 5)
    assert world.shell.json("replacements", "deposit", file, *shop(world))["kept"] == 5


HANDLE = ("--handle", "00" * 32 + "/0")


@pytest.mark.parametrize("asked", [(), ("--product", "00" * 32, *HANDLE), (*HANDLE, "--count", "1")])
def test_a_withdrawal_says_what_it_means(world: World, asked: tuple[str, ...]) -> None:
    world.shell.run("replacements", "withdraw", *asked, "--token-file", world.token("Shop"), code=2)


def test_a_file_that_is_not_there_is_named(world: World) -> None:
    refused = world.shell.run("replacements", "deposit", "nowhere.txt", *shop(world), code=1)
    assert "error[file_missing]: nowhere.txt" in refused.stderr
