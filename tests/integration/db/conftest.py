from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table

from shared.bus.inbox import inbox_table
from shared.bus.outbox import outbox_table
from shared.db import Database, UtcDateTime, new_metadata, open_database

PROGRAMS = Path(__file__).parent / "programs"

METADATA = new_metadata()
NOTES = Table(
    "notes",
    METADATA,
    Column("key", String(50), primary_key=True),
    Column("number", Integer),
    Column("written_at", UtcDateTime),
)
outbox_table(METADATA)
inbox_table(METADATA)


@pytest.fixture
def notes() -> Table:
    return NOTES


@pytest.fixture
def inbox() -> Table:
    return METADATA.tables["inbox"]


@pytest.fixture
def metadata() -> MetaData:
    return METADATA


@pytest.fixture
def schema() -> str:
    return "demo"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of both kinds, one after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def empty_database(url: str, schema: str) -> Iterator[Database]:
    opened = open_database(url, schema=schema, pool_size=20)
    yield opened
    opened.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """With tables."""
    with empty_database.changing_schema() as connection:
        METADATA.create_all(connection)
    return empty_database


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts programs of this folder in processes of their own; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start_program(name: str, *arguments: Any) -> subprocess.Popen[str]:
        command = [sys.executable, str(PROGRAMS / name), *map(str, arguments)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        started.append(process)
        return process

    yield start_program
    for process in started:
        process.kill()
        process.communicate()
