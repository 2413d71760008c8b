"""Both services on PostgreSQL."""

from __future__ import annotations

import pytest

from shared.db import open_database
from shared.migrate import migrate


@pytest.fixture
def database_url(postgres_url: str) -> str:
    for service in ("auth", "keyvault"):
        database = open_database(postgres_url, schema=service)
        migrate(database, service)
        database.close()
    return postgres_url
