"""Alembic's environment: runs the steps on the connection that `models.migrating` hands over."""

from alembic import context

from models.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
