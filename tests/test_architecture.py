"""The house keeps its shape: who may import whom, what the core may touch, how long things get."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("provenance", "api")

_BELOW_SERVICES = {"store", "chain", "intake", "net", "core", "errors"}
_BELOW_BOOTSTRAP = {"services", "issuer", "config", "keyfiles", "audit", "durable", *_BELOW_SERVICES}

# Which rooms a room may import, besides itself. What is not here does not exist yet: add it with care.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "durable": set(),
    "core": {"errors"},
    # Settings are built into the services' own value types; the services never look up at settings.
    "config": {"services", "core", "errors"},
    "keyfiles": {"durable", "core", "errors"},
    # Everything that goes out to other people's web servers goes through here.
    "net": {"errors"},
    # Other people's services about keys; the protocol they fulfil is the services', which know none of them.
    "issuer": {"net", "core", "errors"},
    "store": {"core", "errors"},
    "chain": {"net", "core", "errors"},
    "intake": {"core", "errors"},
    # Papers for people; it is told what to print, and looks nothing up.
    "print": set(),
    "sample": {"core", "intake", "errors"},
    # The auditor and the witness are other people: they know the formats and no service of ours.
    "audit": {"net", "durable", "core", "errors"},
    "witness": {"audit", "net", "durable", "core", "errors"},
    "services": {"audit", "durable", "print", *_BELOW_SERVICES},
    "bootstrap": set(_BELOW_BOOTSTRAP),
    "worker": {"bootstrap", *_BELOW_BOOTSTRAP},
    # The API reaches store and chain through services only.
    "api": {"door", "bootstrap", "services", "config", "intake", "core", "errors"},
    # The demo is a client over HTTP and a starter of processes.
    "demo": {"door", "cli", "worker", "sample", "bootstrap", *_BELOW_BOOTSTRAP},
    # The client of our own API knows the formats and nothing of the service behind it.
    "client": {"net", "core", "errors"},
    "__main__": {"cli"},
    "cli": {"door", "client", "witness", "api", "demo", "worker", "sample", "bootstrap", *_BELOW_BOOTSTRAP},
    # The public door shows pure things: importing the package starts nothing.
    "door": {"core", "intake", "errors"},
}

# Libraries that have one home, so that changing them is work in one room.
HOMES: dict[str, set[str]] = {
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "psycopg": {"store"},
    "psycopg_pool": {"store"},
    "sqlite3": {"store"},
    "web3": {"chain"},
    "flask": {"api"},
    "flask_openapi": {"api"},
    "werkzeug": {"api"},
    "granian": {"api"},
    "llvmlite": {"core"},
    "typst": {"print"},
    "segno": {"print"},
    "pylopdf_fonts_zh_cn": {"print"},
}

# The core is pure: no file, socket, process, clock or randomness, no framework.
# llvmlite computes the hashes that hashlib computes, or is not used (core.lanes.machine).
CORE_LIBRARIES = {"cryptography", "coincurve", "eth_hash", "rfc8785", "llvmlite"}
CORE_FORBIDDEN = {
    *("asyncio", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib", "platform", "random"),
    *("secrets", "select", "shutil", "signal", "socket", "sqlite3", "subprocess", "tempfile", "threading"),
    *("time", "urllib", "uuid"),
}
CORE_FORBIDDEN_CALLS = {"open", "print", "input", "exec", "eval"}
CORE_FORBIDDEN_ATTRIBUTES = {"now", "utcnow", "today", "urandom", "token_bytes"}

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
# path (or path::function) → why it is right as it is. Each entry must still be needed.
LONG_FOR_A_REASON: dict[str, str] = {}


def python_files() -> list[Path]:
    found = (path for top in CODE for path in sorted((ROOT / top).rglob("*.py")))
    return [path for path in found if "migrations" not in path.relative_to(ROOT).parts]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room_of_module(module: str) -> str | None:
    """The room of a dotted module of ours, ``None`` for other people's."""
    parts = module.split(".")
    if parts[0] == "api":
        return "api"
    if parts[0] != "provenance":
        return None
    return parts[1] if len(parts) > 1 else "door"


def room_of_file(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    room = room_of_module(module)
    assert room is not None
    return room


def imported_modules(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of every import in *path*, those inside functions included."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                # `from provenance import store` imports the room, not only the door.
                is_room = module == "provenance" and alias.name in MAY_IMPORT
                yield node.lineno, f"{module}.{alias.name}" if is_room else module


FILES = python_files()
each_file = pytest.mark.parametrize("path", FILES, ids=name_of)


@each_file
def test_imports_point_down_only(path: Path) -> None:
    room = room_of_file(path)
    assert room in MAY_IMPORT, f"a new room, {room}: say in MAY_IMPORT what it may import"
    wrong = [
        f"{name_of(path)}:{line} ({room}) imports {module}"
        for line, module in imported_modules(path)
        if (target := room_of_module(module)) is not None
        and target != room
        and target not in MAY_IMPORT[room]
    ]
    assert wrong == []


@each_file
def test_a_library_is_imported_in_its_home_only(path: Path) -> None:
    room = room_of_file(path)
    wrong = [
        f"{name_of(path)}:{line} imports {module}, at home in {sorted(HOMES[top])}"
        for line, module in imported_modules(path)
        if (top := module.partition(".")[0]) in HOMES and room not in HOMES[top]
    ]
    assert wrong == []


@pytest.mark.parametrize("path", [p for p in FILES if room_of_file(p) == "core"], ids=name_of)
def test_the_core_is_pure(path: Path) -> None:
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for line, module in imported_modules(path)
        if (top := module.partition(".")[0]) in CORE_FORBIDDEN
        or (
            top not in sys.stdlib_module_names
            and top not in CORE_LIBRARIES
            and room_of_module(module) is None
        )
    ]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in CORE_FORBIDDEN_CALLS:
            wrong.append(f"{name_of(path)}:{node.lineno} calls {called.id}()")
        if isinstance(called, ast.Attribute) and called.attr in CORE_FORBIDDEN_ATTRIBUTES:
            wrong.append(f"{name_of(path)}:{node.lineno} calls .{called.attr}()")
    assert wrong == []


def too_long(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length of what is too long in *path*; a function's docstring does not count."""
    text = path.read_text(encoding="utf-8")
    if (lines := len(text.splitlines())) > MAX_FILE_LINES:
        yield name_of(path), lines
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            length -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
        if length > MAX_FUNCTION_LINES:
            yield f"{name_of(path)}::{node.name}", length


@each_file
def test_files_and_functions_stay_short(path: Path) -> None:
    assert [(name, lines) for name, lines in too_long(path) if name not in LONG_FOR_A_REASON] == []


def test_every_exception_to_length_is_still_needed() -> None:
    long_now = {name for path in FILES for name, _ in too_long(path)}
    assert set(LONG_FOR_A_REASON) <= long_now


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import provenance.store.schema", "provenance.store.schema"),
        ("from provenance import chain", "provenance.chain"),
        ("from provenance.store import schema", "provenance.store"),
        ("from ..store import schema", "provenance.store"),
        ("from .. import store", "provenance.store"),
        ("def f():\n    import provenance.store", "provenance.store"),
    ],
)
def test_the_import_reader_sees_every_form(
    source: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "provenance" / "core" / "some.py"
    file.parent.mkdir(parents=True)
    file.write_text(source, encoding="utf-8")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert [module for _, module in imported_modules(file)] == [expected]
