"""Every service's migrations make, from an empty database, exactly the tables its code declares."""

from __future__ import annotations

import importlib
from importlib.resources import files

import pytest
from sqlalchemy import inspect, text

from shared.db import Database
from shared.migrate import differences, migrate, services_with_history

SERVICES_WITH_TABLES = sorted(
    folder.name for folder in files("services").iterdir() if folder.joinpath("tables.py").is_file()
)


def test_every_service_with_tables_has_migrations() -> None:
    assert services_with_history() == SERVICES_WITH_TABLES
    assert SERVICES_WITH_TABLES, "found none at all"


@pytest.mark.parametrize("service", SERVICES_WITH_TABLES)
def test_migrations_from_empty_end_at_what_the_code_declares(empty_database: Database, service: str) -> None:
    declared = importlib.import_module(f"services.{service}.tables").METADATA
    migrate(empty_database, service)
    assert differences(empty_database, declared) == []
    migrate(empty_database, service)
    with empty_database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
        assert set(inspect(connection).get_table_names()) == {*declared.tables, "alembic_version"}
