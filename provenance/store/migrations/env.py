"""Alembic's entry: runs the migrations on the URL that ``create_schema`` was given."""

from alembic import context
from sqlalchemy import create_engine

from provenance.store import (  # noqa: F401 - their tables are part of the metadata
    schema_disclosure,
    schema_escrow,
    schema_issuer,
    schema_log,
    schema_presale,
    schema_reports,
    schema_risk,
    schema_state,
    schema_warranty,
    schema_webhooks,
)
from provenance.store.schema import metadata

url = context.config.attributes["url"]
engine = create_engine(url, hide_parameters=True)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
