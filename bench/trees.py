"""Merkle roots beside the peer that everybody installs and beside Go's, on the same leaf hashes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import blockcerts_merkletools as merkletools  # type: ignore[import-untyped]  # ships no types

from bench.harness import RUNS, Result, paired, seconds
from provenance.core import lanes, merkle

_GO_MODULE = (
    "module bench\n\ngo 1.24\n\nrequire golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./xmod\n"
)


def roots(n: int = 1_000_000, runs: int = RUNS) -> list[Result]:
    """The root over *n* leaf hashes, 32 bytes each, in one process and one thread."""
    leaves = _leaves(n)
    root = merkle.root(leaves)
    if _by_merkletools(leaves) != root:
        raise AssertionError("the two trees differ; a ratio of different work means nothing")

    def ours() -> float:
        return seconds(lambda: merkle.root(leaves))

    beside = paired(
        "Merkle root",
        ours,
        lambda: seconds(lambda: _by_merkletools(leaves)),
        n=n,
        runs=runs,
        note="reference: merkletools (maintained fork), RFC hash",
    )
    joined = b"".join(leaves)  # as Go has them: one array, no object for each
    with tempfile.TemporaryDirectory() as folder, _go_program(Path(folder), n) as program:

        def peer() -> float:
            taken, found = _ask(program)
            if found != root:
                raise AssertionError("Go's tree differs; a ratio of different work means nothing")
            return taken

        return [
            beside,
            paired(
                "Merkle root, Go",
                lambda: seconds(lambda: merkle.root_of_joined(joined)),
                peer,
                n=n,
                runs=runs,
                note="reference: x/mod/sumdb/tlog",
            ),
        ]


def _leaves(n: int) -> list[bytes]:
    joined = lanes.leaf_hashes([i.to_bytes(32) for i in range(n)])
    return [joined[at : at + 32] for at in range(0, len(joined), 32)]


def _rfc_hash(data: bytes) -> hashlib._Hash:
    return hashlib.sha256(b"\x01" + data)


def _by_merkletools(leaves: list[bytes]) -> bytes:
    tools = merkletools.MerkleTools(hash_type="sha256")
    tools.hash_function = _rfc_hash
    tools.leaves = list(leaves)
    tools.make_tree()
    return bytes.fromhex(tools.get_merkle_root())


@contextmanager
def _go_program(work: Path, n: int) -> Iterator[subprocess.Popen[str]]:
    """Go's own package, built without a network from the toolchain's copy of it, waiting for work."""
    import go

    home = Path(go.__file__).parent
    shutil.copytree(home / "src/cmd/vendor/golang.org/x/mod", work / "xmod")
    (work / "xmod/go.mod").write_text("module golang.org/x/mod\n\ngo 1.24\n")
    (work / "go.mod").write_text(_GO_MODULE)
    shutil.copy(Path(__file__).parent / "go/main.go", work / "main.go")
    offline = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOTELEMETRY": "off"}
    environment = {**os.environ, **offline, "GOROOT": str(home), "CGO_ENABLED": "0", "HOME": str(work)}
    subprocess.run([home / "bin/go", "build", "-o", "roots", "."], cwd=work, env=environment, check=True)
    program = subprocess.Popen(
        [work / "roots", str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield program
    finally:
        program.communicate()


def _ask(program: subprocess.Popen[str]) -> tuple[float, bytes]:
    if program.stdin is None or program.stdout is None:
        raise AssertionError("the program has no pipes")
    program.stdin.write("go\n")
    program.stdin.flush()
    taken, root = program.stdout.readline().split()
    return float(taken), bytes.fromhex(root)
