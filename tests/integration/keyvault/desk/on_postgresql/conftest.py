"""The tests of the same names in tests/unit, on PostgreSQL, and races. All of a file share a database, one by one."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text


@pytest.fixture
def database_url(postgres_module_url: str) -> str:
    """Nothing is left of the test before; a schema is dropped faster than a database is made."""
    engine = create_engine(postgres_module_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS keyvault CASCADE"))
    engine.dispose()
    return postgres_module_url
