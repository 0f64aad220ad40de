"""``provenance init``: key files, database, the log's name, the first operator. Twice is once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from provenance.cli.group import TranslatedCommand
from provenance.cli.language import say
from provenance.cli.local import operator_address
from provenance.cli.output import answer, hint, json_option
from provenance.errors import Unavailable

if TYPE_CHECKING:
    from provenance.config import Settings
    from provenance.store.database import Database

KEY_FILES: Final = ("tag-1.key", "master.key", "receipt.key", "log.key")
_KEY_SIZE: Final = 32


@click.command("init", cls=TranslatedCommand)
@json_option
def init() -> None:
    """Make what a service needs: key files, database, the first operator.

    Settings come from PROVENANCE_* in the environment. Run again it changes nothing, and refuses
    if the database belongs to another log, or if key files of a database in use are gone.
    """
    from provenance.config import load_settings
    from provenance.store.database import Database, create_schema

    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.head_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _create_private(settings)
    create_schema(settings.url)
    database = Database(settings.url)
    try:
        created = _create_key_files(settings, is_used=_remembered(database, "origin") is not None)
    finally:
        database.dispose()
    operator = _admit_operator(settings)
    _tell(settings, created, operator)


def _create_private(settings: Settings) -> None:
    """An empty file of SQLite that its owner alone reads; its journals take after it."""
    if settings.database_url is None:
        os.close(os.open(settings.home / "provenance.sqlite", os.O_RDWR | os.O_CREAT, 0o600))


def _create_key_files(settings: Settings, *, is_used: bool) -> list[str]:
    from provenance import keyfiles

    folder = settings.secrets_folder
    missing = [name for name in KEY_FILES if not (folder / name).exists()]
    if is_used and missing:
        # New keys beside old data would lose every look-up and every sealed byte, silently.
        raise Unavailable(
            f"the database is in use but its key files are gone ({', '.join(missing)}); restore them to "
            f"{folder} from your backup, new ones would open nothing",
            code="key_file_missing",
        )
    return [name for name in KEY_FILES if keyfiles.create(folder, os.urandom(_KEY_SIZE), name)]


def _remembered(database: Database, name: str) -> str | None:
    from provenance.store import identity

    with database.read() as connection:
        return identity.recall(connection, name)


def _admit_operator(settings: Settings) -> bytes:
    from provenance.bootstrap import build_services
    from provenance.core.entries import PartyReason
    from provenance.services.warranty.desk import operator_id

    # The first services over a database are what writes down whose it is.
    services = build_services(settings)
    try:
        by = operator_address(settings)
        named = operator_id(settings.origin)
        services.parties.admit(by, "operator", PartyReason.OPERATOR, party_id=named)
    finally:
        services.context.database.dispose()
    return by


def _tell(settings: Settings, created: list[str], operator: bytes) -> None:
    data = {
        "home": str(settings.home),
        "secrets": str(settings.secrets_folder),
        "head_file": str(settings.head_path),
        "origin": settings.origin,
        "chain_id": settings.chain_id,
        "operator": "0x" + operator.hex(),
        "created": created,
    }
    first = say("Ready: {origin} in {home}.", origin=settings.origin, home=settings.home)
    answer(data, first, say("Operator: {address}", address="0x" + operator.hex()))
    if created:
        hint(
            "Back up the key files in {folder} now, apart from the database.", folder=settings.secrets_folder
        )
        hint("Losing tag-1.key loses every look-up, losing master.key every sealed detail: nobody can help.")
    hint("Next: `provenance party admit`, `provenance credential issue`, then `serve` and `worker`.")
