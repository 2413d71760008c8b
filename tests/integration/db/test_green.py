"""In a monkey-patched process waiting for the database lets all other green threads run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from shared.db import Database

ON_POSTGRES = pytest.mark.parametrize(
    "url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
Start = Callable[..., "Popen[str]"]


@ON_SQLITE
def test_waiting_for_a_locked_file_does_not_stop_the_hub(
    tmp_path: Path, database: Database, url: str, schema: str, start: Start
) -> None:
    other = sqlite3.connect(tmp_path / "db" / f"{schema}.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiter = start("hub.py", url, schema, 20)
    assert waiter.stdout.readline() == "waiting\n"  # 50 ticks have passed while the file was locked
    other.execute("COMMIT")
    other.close()
    assert int(waiter.stdout.readline()) >= 50
    assert waiter.wait(10) == 0


@ON_POSTGRES
def test_ten_slow_statements_take_the_time_of_one(database: Database, url: str, schema: str, start: Start) -> None:
    waiter = start("hub.py", url, schema, 10)
    assert waiter.stdout.readline() == "waiting\n"
    assert 50 <= int(waiter.stdout.readline()) <= 500  # 10 s if the statements ran one after the other
    assert waiter.wait(10) == 0


def test_a_sleep_inside_a_transaction_is_trapped_and_named(tmp_path: Path, start: Start) -> None:
    output, _ = start("careless.py", tmp_path).communicate(timeout=30)
    assert "waited inside a SQLite transaction" in output
    assert "in careless_handler" in output


def test_a_green_thread_killed_while_it_waits_takes_nothing_with_it(
    database: Database, url: str, schema: str, start: Start
) -> None:
    output, _ = start("killed.py", url, schema).communicate(timeout=60)
    assert output == "usable\n"
