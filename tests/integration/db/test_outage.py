"""A database that is away for 10 s is a retryable error, and then works again through the same object."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from subprocess import Popen

import pytest
from sqlalchemy import Table, insert, text

from shared.db import Database, open_database
from shared.errors import DatabaseUnavailableError

ON_POSTGRES = pytest.mark.parametrize(
    "url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
OUTAGE_S = 10
Start = Callable[..., "Popen[str]"]
Away = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def away(request: pytest.FixtureRequest, url: str, schema: str, tmp_path: Path) -> Away:
    """Keeps the database away inside a ``with`` block: the server stopped, the file locked by another process."""
    if url.startswith("postgresql"):
        return request.getfixturevalue("postgres").stopped  # type: ignore[no-any-return]

    @contextmanager
    def locked() -> Iterator[None]:
        other = sqlite3.connect(tmp_path / "db" / f"{schema}.sqlite3", isolation_level=None, timeout=30)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")
        other.close()

    return locked


def lines_until(process: Popen[str], wanted: str) -> list[str]:
    """Read what a program says up to and with a wanted line."""
    lines = [process.stdout.readline().strip()]
    while lines[-1] != wanted:
        assert process.poll() is None, f"ended after {lines}"
        lines.append(process.stdout.readline().strip())
    return lines


@pytest.mark.fault
def test_ten_seconds_away_are_survived_by_green_and_plain_threads(
    database: Database, url: str, schema: str, notes: Table, start: Start, away: Away
) -> None:
    with database.transaction() as connection:
        connection.execute(insert(notes).values(key="a", number=0))
    writers = [start("steady.py", mode, url, schema) for mode in ("green", "threads")]
    for writer in writers:
        lines_until(writer, "ok")
    with away():
        until = time.monotonic() + OUTAGE_S
        while time.monotonic() < until:
            for writer in writers:
                lines_until(writer, "infrastructure.database")
    for writer in writers:
        assert set(lines_until(writer, "ok")) <= {"infrastructure.database", "ok"}


@ON_POSTGRES
def test_a_transaction_cut_in_the_middle_is_reported_and_rolled_back(
    database: Database, notes: Table, request: pytest.FixtureRequest
) -> None:
    postgres = request.getfixturevalue("postgres")

    def interrupted() -> None:
        with database.transaction() as connection:
            connection.execute(insert(notes).values(key="lost"))
            postgres.restart()
            connection.execute(insert(notes).values(key="never"))

    with pytest.raises(DatabaseUnavailableError):
        interrupted()
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar_one() == 0


@ON_POSTGRES
def test_a_restart_while_nothing_runs_is_not_even_noticed(
    database: Database, request: pytest.FixtureRequest
) -> None:
    database.ping()
    request.getfixturevalue("postgres").restart()
    database.ping()


@ON_POSTGRES
def test_all_connections_in_use_is_reported_as_such(
    database: Database, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr("shared.db.postgresql.POOL_TIMEOUT_S", 0.1)
    small = open_database(url, schema="demo", pool_size=1)
    caught: list[str] = []

    def second() -> None:
        try:
            small.ping()
        except DatabaseUnavailableError as error:
            caught.append(error.message)

    with small.reading():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    small.close()
    assert "pool size" in caught[0]


def test_the_file_of_a_killed_writer_is_usable_at_once(
    database: Database, url: str, schema: str, notes: Table, start: Start
) -> None:
    with database.transaction() as connection:
        connection.execute(insert(notes).values(key="a", number=0))
    writer = start("steady.py", "threads", url, schema)
    lines_until(writer, "ok")
    writer.kill()
    assert writer.wait(10) == -subprocess.signal.SIGKILL
    with database.transaction() as connection:
        assert connection.execute(text("SELECT number FROM notes")).scalar_one() >= 1
