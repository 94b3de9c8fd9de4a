"""Alembic's entry: run migrations on the connection, and in the transaction, of ``fomrepo.catalog.schema``."""

from alembic import context

from fomrepo.catalog.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making a new one
)
with context.begin_transaction():
    context.run_migrations()
