"""Insert a row unless it exists, atomically, on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_if_absent(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one of the table's unique keys is taken.

    On PostgreSQL it waits for a rival that inserted the same key and has not committed yet, so of any
    number of callers exactly one wins.

    Returns:
        Whether the row was inserted.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return connection.execute(insert(table).values(values).on_conflict_do_nothing()).rowcount == 1
