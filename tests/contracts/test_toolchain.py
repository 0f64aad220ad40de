"""Finding Node, and knowing whether what the lock file names is installed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from provenance.chain.toolchain import (
    OLDEST_NODE,
    ensure_node_modules,
    hardhat_environment,
    is_installed,
    node_executable,
)
from provenance.errors import ChainUnavailable

LOCKED: dict[str, Any] = {
    "": {"name": "project"},
    "node_modules/a": {"version": "1.0.0", "integrity": "sha512-a"},
    "node_modules/b": {"version": "2.0.0", "integrity": "sha512-b", "optional": True},
}


def write(project: Path, locked: dict[str, Any], installed: dict[str, Any] | None) -> Path:
    (project / "package-lock.json").write_text(json.dumps({"packages": locked}))
    if installed is not None:
        (project / "node_modules").mkdir()
        (project / "node_modules" / ".package-lock.json").write_text(json.dumps({"packages": installed}))
    return project


def test_all_that_is_locked_is_installed(tmp_path: Path) -> None:
    assert is_installed(write(tmp_path, LOCKED, {name: LOCKED[name] for name in LOCKED if name}))


def test_a_package_for_another_platform_may_be_missing(tmp_path: Path) -> None:
    assert is_installed(write(tmp_path, LOCKED, {"node_modules/a": LOCKED["node_modules/a"]}))


@pytest.mark.parametrize(
    "installed",
    [
        None,
        {},
        {"node_modules/b": LOCKED["node_modules/b"]},
        {"node_modules/a": {"version": "0.9.0", "integrity": "sha512-old"}},
    ],
    ids=["nothing", "an interrupted installation", "a package missing", "an older version"],
)
def test_anything_less_is_not_installed(tmp_path: Path, installed: dict[str, Any] | None) -> None:
    assert not is_installed(write(tmp_path, LOCKED, installed))


def test_an_unreadable_record_counts_as_nothing_installed(tmp_path: Path) -> None:
    write(tmp_path, LOCKED, {})
    (tmp_path / "node_modules" / ".package-lock.json").write_text("{")
    assert not is_installed(tmp_path)


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    write(tmp_path, LOCKED, {"node_modules/a": LOCKED["node_modules/a"]})
    ensure_node_modules(tmp_path)
    assert not (tmp_path / "node_modules" / "a").exists()


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChainUnavailable, match="checkout") as refused:
        ensure_node_modules(tmp_path)
    assert refused.value.code == "not_a_checkout"


@pytest.mark.node
def test_npm_that_fails_is_an_error_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "package-lock.json").write_text("not a lock file")
    with pytest.raises(ChainUnavailable, match="npm failed") as refused:
        ensure_node_modules(tmp_path)
    assert refused.value.code == "npm_failed"


@pytest.mark.node
def test_what_is_missing_is_installed_by_the_packaged_npm(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "package.json").write_text('{"name": "inner", "version": "1.0.0"}')
    (tmp_path / "package.json").write_text('{"name": "outer", "dependencies": {"inner": "file:inner"}}')
    link = {"resolved": "inner", "link": True}
    packages = {
        "": {"name": "outer", "dependencies": {"inner": "file:inner"}},
        "inner": {"version": "1.0.0"},
        "node_modules/inner": link,
    }
    lock = {"name": "outer", "lockfileVersion": 3, "requires": True, "packages": packages}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    ensure_node_modules(tmp_path)
    assert (tmp_path / "node_modules" / "inner" / "package.json").is_file()
    assert is_installed(tmp_path)


@pytest.mark.node
def test_the_node_found_is_new_enough() -> None:
    answer = subprocess.run([node_executable(), "--version"], capture_output=True, text=True, check=True)
    major, minor = answer.stdout.removeprefix("v").split(".")[:2]
    assert (int(major), int(minor)) >= OLDEST_NODE


@pytest.mark.node
def test_hardhat_reports_to_nobody_and_stays_in_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--inspect")
    monkeypatch.setenv("HARDHAT_DISABLE_TELEMETRY", "false")
    environment = hardhat_environment(tmp_path / "home")
    assert environment["HARDHAT_DISABLE_TELEMETRY"] == "true"
    assert "NODE_OPTIONS" not in environment
    assert environment["HOME"] == str(tmp_path / "home")
