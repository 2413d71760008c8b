from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, String, Table

from shared.db import Database, Json, UtcDateTime, new_metadata, open_database

METADATA = new_metadata()

NOTES = Table(
    "notes",
    METADATA,
    Column("key", String(50), primary_key=True),
    Column("number", Integer),
    Column("written_at", UtcDateTime),
    Column("extra", Json),
)


@pytest.fixture
def notes() -> Table:
    return NOTES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "db"


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{folder}", schema="demo", patience_s=0.2)
    with opened.changing_schema() as connection:
        METADATA.create_all(connection)
    yield opened
    opened.close()
