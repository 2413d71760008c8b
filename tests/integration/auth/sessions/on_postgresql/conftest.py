"""The tests of the same names in tests/unit, on PostgreSQL."""

from __future__ import annotations

import pytest

from shared.db import open_database
from shared.migrate import migrate


@pytest.fixture
def database_url(postgres_url: str) -> str:
    database = open_database(postgres_url, schema="auth")
    migrate(database, "auth")
    database.close()
    return postgres_url
