"""Files replaced whole: what is seen meanwhile, what a power cut leaves, what a failure leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provenance import durable, keyfiles
from provenance.audit.findings import Findings
from provenance.audit.replay import Replay
from provenance.audit.snapshot import save
from provenance.cli import journal
from provenance.cli.journal import Journal
from provenance.services.alarm import Alarm
from provenance.services.headfile import FiledHead, HeadFile
from provenance.witness.state import Remembered, WitnessState


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    """What was flushed to disk, in order, and which names its folder had at that moment."""
    seen: list[tuple[str, tuple[str, ...]]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        folder = path if path.is_dir() else path.parent
        seen.append((path.name, tuple(sorted(one.name for one in folder.iterdir()))))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return seen


def test_the_content_is_flushed_before_it_has_the_name_and_the_name_after(
    tmp_path: Path, flushed: list[tuple[str, tuple[str, ...]]]
) -> None:
    durable.replace(tmp_path / "file", b"new")
    assert flushed == [("file.new", ("file.new",)), (tmp_path.name, ("file",))]
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_folder_that_is_made_is_flushed_into_the_one_above_it(
    tmp_path: Path, flushed: list[tuple[str, tuple[str, ...]]]
) -> None:
    durable.replace(tmp_path / "one" / "two" / "file", b"new")
    assert [name for name, _ in flushed] == [tmp_path.name, "one", "file.new", "two"]


REPLAY = Replay(Findings(), manifests={}.get, entry_at=[].__getitem__)
WRITERS: dict[str, Callable[[Path], object]] = {
    "head file": lambda folder: HeadFile(folder / "head.json").move(None, FiledHead("log", 0, bytes(32), 1)),
    "witness": lambda folder: WitnessState(folder / "state.json").write(Remembered()),
    "alarm": lambda folder: Alarm(folder / "alarm.json").sound([], 1),
    "snapshot": lambda folder: save(REPLAY, folder / "snapshot", {}),
    "journal": lambda folder: journal.write(folder / "keys.csv", Journal("f", "uploading")),
    "new key": lambda folder: keyfiles.create(folder, bytes(32), "log.key"),
    "next key": lambda folder: keyfiles.stage(folder, bytes(32), "log.key")(),
}


@pytest.mark.parametrize("name", WRITERS)
def test_everything_that_must_outlive_a_power_cut_flushes_its_folder_last(
    tmp_path: Path, flushed: list[tuple[str, tuple[str, ...]]], name: str
) -> None:
    WRITERS[name](tmp_path)
    last, names = flushed[-1]
    assert last == tmp_path.name
    assert sorted(one.name for one in tmp_path.iterdir()) == list(names)
    assert not [one for one in names if one.endswith((".new", ".next"))]


def test_a_content_that_breaks_off_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    durable.replace(path, b"old")

    def parts() -> Iterator[bytes]:
        yield b"new"
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        durable.replace(path, parts())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_crash_left_open_to_all_does_not_decide_who_may_read(tmp_path: Path) -> None:
    left = tmp_path / "file.new"
    left.write_bytes(b"left")
    left.chmod(0o666)
    durable.replace(tmp_path / "file", [b"two ", b"parts"], mode=0o600)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "file").read_bytes() == b"two parts"
