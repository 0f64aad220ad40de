"""What the migrations make is what the code believes the tables to be, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Index, Integer, MetaData, Text

from provenance.store import schema, schema_issuer, schema_log, schema_state, schema_warranty, schema_webhooks
from provenance.store.database import Database


def differences(url: str, expected: MetaData) -> list[Any]:
    database = Database(url)
    with database.read() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), expected)
    database.dispose()
    return found


def copied() -> MetaData:
    copy = MetaData(naming_convention=schema.metadata.naming_convention)
    for table in schema.metadata.tables.values():
        table.to_metadata(copy)
    return copy


def test_the_migrations_make_every_table_that_the_code_expects_and_no_other(database_url: str) -> None:
    known = set(schema.metadata.tables)
    assert {
        schema.party.name,
        schema_log.anchor.name,
        schema_state.state_tile.name,
        schema_warranty.claim.name,
        schema_issuer.issuer_report.name,
        schema_webhooks.webhook_endpoint.name,
    } <= known
    assert differences(database_url, schema.metadata) == []


@pytest.mark.parametrize("what", ["table", "column", "type", "index", "nullable"])
def test_a_table_that_no_migration_knows_of_is_noticed(database_url: str, what: str) -> None:
    expected = copied()
    party = expected.tables["party"]
    if what == "table":
        expected.remove(party)
    elif what == "column":
        party.append_column(Column("forgotten", Text))
    elif what == "type":
        party.c.name.type = Integer()
    elif what == "index":
        Index("ix_forgotten", party.c.name)
    else:
        party.c.name.nullable = True
    assert differences(database_url, expected) != []
