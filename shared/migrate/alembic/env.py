"""Run by Alembic for every upgrade: uses the connection and transaction that ``shared.migrate`` gives it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
