"""Alembic's entry: the migrations run in the transaction that `calsync.store.migrate` opened."""

from __future__ import annotations

from alembic import context

from calsync.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
