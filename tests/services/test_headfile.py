"""The head file: forward only, by compare-and-swap, whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provenance.errors import Conflict, Unavailable
from provenance.services.headfile import FiledHead, HeadFile
from tests.support.pipes import held_pipe

ONE = FiledHead("log.example", 1, bytes([1]) * 32, 1)
TWO = FiledHead("log.example", 2, bytes([2]) * 32, 1)


@pytest.fixture
def file(tmp_path: Path) -> HeadFile:
    return HeadFile(tmp_path / "deep" / "head.json")


def test_there_is_none_before_the_first_move(file: HeadFile) -> None:
    assert file.read() is None


def test_it_says_what_it_was_moved_to(file: HeadFile) -> None:
    file.move(None, ONE)
    file.move(ONE, TWO)
    assert file.read() == TWO
    assert [path.name for path in file.path.parent.iterdir() if path.suffix == ".new"] == []


@pytest.mark.parametrize("expected", [None, TWO])
def test_it_moves_only_from_what_was_expected(file: HeadFile, expected: FiledHead | None) -> None:
    file.move(None, ONE)
    with pytest.raises(Conflict) as refused:
        file.move(expected, FiledHead("log.example", 3, bytes(32), 1))
    assert refused.value.code == "head_moved"
    assert file.read() == ONE


@pytest.mark.parametrize(("size", "term"), [(1, 1), (2, 0)])
def test_it_never_moves_back(file: HeadFile, size: int, term: int) -> None:
    file.move(None, TWO)
    with pytest.raises(ValueError, match="forward"):
        file.move(TWO, FiledHead("log.example", size, bytes(32), term))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"origin":"x","size":"1","root":"00","term":1}',
        b"[" * 10_000,
        b" " * 70_000,
    ],
)
def test_a_damaged_file_is_refused_not_guessed(file: HeadFile, content: bytes) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(content)
    with pytest.raises(Unavailable) as refused:
        file.read()
    assert refused.value.code == "head_file_malformed"


def test_a_pipe_in_its_place_stops_the_log_and_keeps_nobody_waiting(file: HeadFile) -> None:
    file.path.parent.mkdir()
    with held_pipe(file.path), pytest.raises(Unavailable) as refused:
        file.read()
    assert refused.value.code == "head_file_malformed"


def test_of_many_movers_exactly_one_wins(file: HeadFile) -> None:
    file.move(None, ONE)

    def move(number: int) -> bool:
        try:
            file.move(ONE, FiledHead("log.example", 2 + number, bytes([number]) * 32, 1))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(move, range(32)))
    assert won.count(True) == 1
    moved = file.read()
    assert moved is not None
    assert moved.size == 2 + won.index(True)
