"""The tests of the same names in tests/unit, on PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from services.auth.tables import METADATA
from shared.db import open_database
from shared.migrate import migrate


@pytest.fixture(scope="module")
def migrated_url(postgres_module_url: str) -> str:
    database = open_database(postgres_module_url, schema="auth")
    migrate(database, "auth")
    database.close()
    return postgres_module_url


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """Auth's tables, empty."""
    database = open_database(migrated_url, schema="auth")
    with database.transaction() as connection:
        for table in METADATA.sorted_tables:
            connection.execute(delete(table))
    database.close()
    return migrated_url
