"""A process with other key files or settings than its database was made with does not start."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.core.manifest import Domain
from provenance.errors import Unavailable
from provenance.services.context import Context
from provenance.services.identity import require_open_epoch, verify_identity
from provenance.services.vault import Vault
from provenance.store.database import Database
from tests.services.ledger_world import World

MASTER = bytes(range(32))


@pytest.fixture
def context(database_url: str, tmp_path: Path) -> Iterator[Context]:
    database = Database(database_url)
    yield World(database, tmp_path).context
    database.dispose()


def keyed(context: Context, tag_keys: dict[int, bytes], master: bytes = MASTER) -> Context:
    return dataclasses.replace(context, vault=Vault(tag_keys, master, secrets.token_bytes))


def code_of(context: Context) -> str:
    with pytest.raises(Unavailable) as caught:
        verify_identity(context)
    return caught.value.code


def test_the_same_keys_and_settings_start_again_and_again(context: Context) -> None:
    for _ in range(3):
        verify_identity(keyed(context, {1: bytes(32)}))


def test_another_tag_key_or_master_key_is_found_before_it_does_harm(context: Context) -> None:
    verify_identity(keyed(context, {1: bytes(32)}))
    assert code_of(keyed(context, {1: b"\x01" * 32})) == "wrong_key_file"
    assert code_of(keyed(context, {1: bytes(32)}, b"\x07" * 32)) == "wrong_key_file"


def test_another_origin_or_chain_is_refused(context: Context) -> None:
    verify_identity(context)
    assert code_of(dataclasses.replace(context, origin="other.example/log")) == "other_service"
    assert code_of(dataclasses.replace(context, domain=Domain(1, bytes(20)))) == "other_service"


def test_a_new_epoch_closes_the_old_one_to_registrations(context: Context) -> None:
    old = keyed(context, {1: bytes(32)})
    new = keyed(context, {1: bytes(32), 2: b"\x02" * 32})
    verify_identity(old)
    with context.database.write() as connection:
        require_open_epoch(old, connection)
    verify_identity(new)
    with context.database.write() as connection:
        require_open_epoch(new, connection)
        with pytest.raises(Unavailable, match="old tag key"):
            require_open_epoch(old, connection)


def test_a_tag_key_that_is_gone_is_missed(context: Context) -> None:
    verify_identity(keyed(context, {1: bytes(32), 2: b"\x02" * 32}))
    assert code_of(keyed(context, {2: b"\x02" * 32})) == "tag_key_missing"
    assert code_of(keyed(context, {1: bytes(32)})) == "tag_key_missing"
