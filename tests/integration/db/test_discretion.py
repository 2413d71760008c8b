"""Values that a server was given are told by no error and in no log, and text it cannot hold never reaches it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import Table, insert, select, text

from shared.config import LogFormat
from shared.db import Database
from shared.errors import InvalidInputError
from shared.logging import configure_logging

PLANTED = "hunter2"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged from here on."""
    before, written = structlog.get_config(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logging(LogFormat.JSON, "info", service="test")
    yield written
    structlog.configure(**before)


def told_of(database: Database, log: io.StringIO, statement: str, **values: Any) -> str:
    """What the log says when a statement fails."""
    logger = structlog.get_logger("test_discretion")
    try:
        with database.transaction() as connection:
            connection.execute(text(statement), values)
    except Exception:
        logger.exception("it_failed")
    return log.getvalue()


def test_a_taken_key_is_told_without_its_value(database: Database, notes: Table, log: io.StringIO) -> None:
    with database.transaction() as connection:
        connection.execute(insert(notes).values(key=PLANTED))

    told = told_of(database, log, "INSERT INTO notes (key) VALUES (:key)", key=PLANTED)

    assert "IntegrityError" in told
    assert "notes" in told
    assert PLANTED not in told


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT CAST(:value AS jsonb)",
        "SELECT CAST(:value AS integer)",
        "INSERT INTO notes (key) VALUES (:value || repeat('x', 60))",
        "INSERT INTO notes (key, number) VALUES (NULL, length(:value)), (:value, 1)",
        "SELECT :value FROM nowhere",
        "SELECT :value nonsense nonsense",
    ],
    ids=["not json", "not a number", "too long", "a row without key", "no such table", "no sql"],
)
def test_a_value_the_server_refuses_is_not_repeated(database: Database, log: io.StringIO, statement: str) -> None:
    value = '{"narration": "' + PLANTED + ' \\u0000"}'

    told = told_of(database, log, statement, value=value)

    assert "SQLSTATE" in told
    assert PLANTED not in told


@pytest.mark.parametrize("unstorable", ["a\0b", "a\ud83db"], ids=["nul", "half a pair"])
def test_text_that_cannot_be_stored_is_bad_input_on_both(
    database: Database, notes: Table, unstorable: str
) -> None:
    with pytest.raises(InvalidInputError), database.reading() as connection:
        connection.execute(select(notes.c.number).where(notes.c.key == unstorable))
    with pytest.raises(InvalidInputError), database.transaction() as connection:
        connection.execute(insert(notes), [{"key": "fine"}, {"key": unstorable}])
    with database.reading() as connection:
        assert connection.execute(select(notes.c.key)).all() == []
