"""What the repository promises as a whole: nothing of one machine in it, exact locks, targets that exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.support.network import OutsideWorld, is_loopback

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")

# Spelled in pieces, or this file would be the first to fail.
REGISTRIES = [
    "py" + "pi.org",
    "pythonhosted" + ".org",
    "npm" + "js.org",
    "npm" + "js.com",
    "yarn" + "pkg.com",
]
MACHINE_PATHS = [
    "/wo" + "rk/main",
    "/wo" + "rk/shared",
    "/wo" + "rk/.library",
    "/ro" + "ot/",
    "/opt/" + "pypi",
]
MACHINE_PATHS += ["/tmp/" + "bash_jobs", "/ho" + "me/runner", "/Us" + "ers/"]


def tracked_files() -> list[Path]:
    """The files under version control, new ones that are not ignored included."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return [
            p
            for p in ROOT.rglob("*")
            if p.is_file() and ".venv" not in p.parts and "node_modules" not in p.parts
        ]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def mentions(needles: list[str]) -> list[str]:
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)} names {needle}" for needle in needles if needle in text]
    return found


def locked(name: str) -> dict[str, tuple[str, str]]:
    """Of each requirement in lock file *name*: its version, and the text of its whole entry."""
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8"))
    found = {}
    for entry in entries:
        if match := re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", entry):
            found[match[1].lower().replace("_", "-")] = (match[2], entry.rstrip())
        else:
            assert entry.startswith("#") or not entry.strip(), f"{name} has a line that is no pin: {entry}"
    return found


def test_no_file_names_a_package_registry() -> None:
    assert mentions(REGISTRIES) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert mentions(MACHINE_PATHS) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(name: str) -> None:
    entries = locked(name)
    assert len(entries) > 40
    assert [package for package, (_, text) in entries.items() if "--hash=sha256:" not in text] == []


def test_the_locks_answer_every_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = list(project["project"]["dependencies"])
    for extra in project["project"]["optional-dependencies"].values():
        runtime += extra
    wanted = {
        "requirements.lock": runtime,
        "requirements-dev.lock": runtime + project["dependency-groups"]["dev"],
    }
    missing = []
    for name, lines in wanted.items():
        entries = locked(name)
        for requirement in map(Requirement, lines):
            version = entries.get(requirement.name.lower().replace("_", "-"), ("0", ""))[0]
            if not requirement.specifier.contains(Version(version), prereleases=True):
                missing.append(f"{name}: {requirement} (run make lock)")
    assert missing == []


def test_both_locks_agree_on_what_they_share() -> None:
    runtime, everything = (locked(name) for name in LOCKS)
    assert {package: everything.get(package) for package in runtime} == runtime


def test_the_npm_lock_pins_by_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    unpinned = [name for name, package in packages.items() if name and "integrity" not in package]
    assert unpinned == []


def test_make_help_tells_of_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony is not None
    answer = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told = set(re.findall(r"^  make ([a-z-]+) ", answer.stdout, re.MULTILINE))
    assert told == set(phony[1].split())


def test_the_ci_script_is_executable_bash() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_a_socket_to_the_outside_is_refused() -> None:
    # A datagram socket: even if the guard were gone, its connect would send nothing.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside, pytest.raises(OutsideWorld):
        outside.connect(("192.0.2.1", 9))


def test_listening_to_every_interface_is_refused() -> None:
    with socket.socket() as everywhere, pytest.raises(OutsideWorld):
        everywhere.bind(("", 0))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", b"127.0.0.1"])
def test_loopback_in_all_its_spellings_is_allowed(host: object) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "10.0.0.1", "example.test", "::", "fe80::1%eth0", "127.0.0.1.example.test"]
)
def test_everything_else_is_outside(host: object) -> None:
    assert not is_loopback(host)


def run_of_one_test(folder: Path, body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A pytest of its own, under this repository's rules, over one test with *body*."""
    file = folder / "test_one.py"
    file.write_text(
        f"import pytest\nfrom tests.support.parts import missing_part\n\n\ndef test_one():\n    {body}\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir"]
    command += [str(folder), "-c", os.devnull, str(file)]
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "PYTEST"))}
    # Other people's plugins have no part in this and take five times as long to import as the rest.
    variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return subprocess.run(
        command, cwd=ROOT, env=variables | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "body", ["pytest.skip('for no good reason')", "missing_part('A browser', 'install it')"]
)
def test_a_skip_fails_continuous_integration(tmp_path: Path, body: str) -> None:
    done = run_of_one_test(tmp_path, body, CI="true")
    assert done.returncode == 1, done.stdout


@pytest.mark.slow
def test_a_missing_part_is_said_loudly_by_hand(tmp_path: Path) -> None:
    done = run_of_one_test(tmp_path, "missing_part('A browser', 'install it')")
    assert done.returncode == 0
    assert "NOT TESTED" in done.stdout
    assert "A browser is missing: install it" in done.stdout


@pytest.mark.slow
def test_a_run_without_skips_passes_continuous_integration(tmp_path: Path) -> None:
    assert run_of_one_test(tmp_path, "assert True", CI="true").returncode == 0


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/check_docs.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
