"""Compare the tables a database has with the tables a service's code declares."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData

from shared.db import Database


def differences(database: Database, metadata: MetaData) -> list[str]:
    """Name what differs between the migrated tables and the declared ones; empty if they agree.

    Compares tables, columns, types, nullability, indexes, unique and foreign keys.
    """
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [_described(difference) for difference in _flat(compare_metadata(context, metadata))]


def _flat(found: list[Any]) -> list[tuple[Any, ...]]:
    """Alembic puts the changes of one column into a list of their own."""
    return [single for entry in found for single in (entry if isinstance(entry, list) else [entry])]


def _described(difference: tuple[Any, ...]) -> str:
    return " ".join(str(part) for part in difference)
