"""Transactions, reads and callbacks on one SQLite file."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from shared.config import Settings
from shared.db import Database, insert_if_absent, open_database, open_service_database
from shared.db.database import NestedTransactionError, NoTransactionError
from shared.errors import ConfigurationError, DatabaseUnavailableError


def count(database: Database, table: Table) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def raising_in_a_transaction(database: Database, table: Table) -> None:
    with database.transaction() as connection:
        connection.execute(insert(table).values(key="lost"))
        raise RuntimeError("on purpose")


def test_a_transaction_that_raises_leaves_nothing(database: Database, notes: Table) -> None:
    with pytest.raises(RuntimeError, match="on purpose"):
        raising_in_a_transaction(database, notes)
    assert count(database, notes) == 0


def test_a_transaction_that_ends_is_seen_by_others(database: Database, notes: Table) -> None:
    with database.transaction() as connection:
        connection.execute(insert(notes).values(key="a"))
        assert count(database, notes) == 0
    assert count(database, notes) == 1


def test_reading_cannot_write(database: Database, notes: Table) -> None:
    with pytest.raises(OperationalError, match="readonly"), database.reading() as connection:
        connection.execute(insert(notes).values(key="a"))


def test_reading_sees_one_moment(database: Database, notes: Table) -> None:
    with database.reading() as before:
        with database.transaction() as connection:
            connection.execute(insert(notes).values(key="a"))
        assert before.execute(select(func.count()).select_from(notes)).scalar_one() == 0


def test_the_file_is_in_wal_mode_and_commits_reach_the_disk(database: Database) -> None:
    with database.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_write_transaction_holds_the_file_from_its_start(database: Database, folder: Path) -> None:
    other = sqlite3.connect(folder / "demo.sqlite3", timeout=0)
    with database.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_nested_transaction_is_refused_not_waited_for(database: Database) -> None:
    with database.transaction(), pytest.raises(NestedTransactionError), database.transaction():
        pass


def test_broken_rules_of_a_table_are_not_an_outage(database: Database, notes: Table) -> None:
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(insert(notes), [{"key": "a"}, {"key": "a"}])


def test_a_file_locked_too_long_is_an_outage_that_ends_by_itself(
    database: Database, notes: Table, folder: Path
) -> None:
    other = sqlite3.connect(folder / "demo.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailableError, match="locked"), database.transaction():
        pass
    assert count(database, notes) == 0, "reading must not wait for a writer"
    other.execute("COMMIT")
    with database.transaction() as connection:
        assert insert_if_absent(connection, notes, key="a")
    other.close()


def test_a_turn_that_does_not_come_is_an_outage(database: Database) -> None:
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with database.transaction():
            holding.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(10)
    with pytest.raises(DatabaseUnavailableError, match=r"demo\.sqlite3"), database.transaction():
        pass
    release.set()
    holder.join()


def test_two_databases_on_one_file_take_turns(database: Database, folder: Path) -> None:
    second = open_database(f"sqlite:///{folder}/../db", schema="demo", patience_s=0.1)
    done: list[type[Exception]] = []

    def write() -> None:
        try:
            with second.transaction():
                pass
        except DatabaseUnavailableError as error:
            done.append(type(error.__cause__))

    with database.transaction():
        writer = threading.Thread(target=write)
        writer.start()
        writer.join()
    assert done == [type(None)], "the second must wait for its turn, not run into the locked file"


def test_a_full_disk_is_an_outage_and_leaves_nothing(database: Database, notes: Table) -> None:
    rows = [{"key": str(key), "extra": "x" * 500} for key in range(1000)]
    with database.transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 10")
    with pytest.raises(DatabaseUnavailableError, match="full"), database.transaction() as connection:
        connection.execute(insert(notes), rows)
    assert count(database, notes) == 0


def test_a_damaged_file_is_not_reported_as_an_outage(folder: Path) -> None:
    folder.mkdir()
    (folder / "demo.sqlite3").write_bytes(b"this is no database at all" * 100)
    damaged = open_database(f"sqlite:///{folder}", schema="demo")
    with pytest.raises(Exception, match="not a database") as raised, damaged.reading():
        pass
    assert not isinstance(raised.value, DatabaseUnavailableError)


def test_after_commit_is_called_once_and_outside_the_transaction(database: Database) -> None:
    calls: list[str] = []

    def nudge() -> None:
        with database.transaction():
            calls.append("nudged")

    with database.transaction() as connection:
        database.after_commit(connection, nudge)
        database.after_commit(connection, nudge)
        assert calls == []
    assert calls == ["nudged"]
    with database.transaction():
        pass
    assert calls == ["nudged"], "a callback belongs to one transaction"


def test_after_commit_is_not_called_after_a_rollback(database: Database) -> None:
    calls: list[str] = []

    def fail() -> None:
        with database.transaction() as connection:
            database.after_commit(connection, lambda: calls.append("nudged"))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert calls == []


def test_a_callback_that_raises_does_not_make_the_commit_fail(database: Database, notes: Table) -> None:
    calls: list[str] = []
    with database.transaction() as connection:
        insert_if_absent(connection, notes, key="a")
        database.after_commit(connection, lambda: [][0])
        database.after_commit(connection, lambda: calls.append("second"))
    assert count(database, notes) == 1
    assert calls == ["second"]


def test_after_commit_outside_a_transaction_is_refused(database: Database) -> None:
    with database.reading() as connection, pytest.raises(NoTransactionError):
        database.after_commit(connection, lambda: None)


def test_watchers_hear_of_commits_that_announced_their_topic(database: Database) -> None:
    heard: list[str] = []
    database.watch("orders", lambda: heard.append("orders"))
    database.watch("stock", lambda: heard.append("stock"))
    with database.transaction() as connection:
        database.announce(connection, "orders")
        database.announce(connection, "orders")
        database.announce(connection, "nobody")
    assert heard == ["orders"]


def test_ping_needs_no_table_and_no_file(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'new' / 'folder'}", schema="demo").ping()


def test_the_folder_is_private(database: Database, folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_settings_each_service_has_a_file_in_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=None)
    open_service_database(settings, "content").ping()
    assert (tmp_path / "db" / "content.sqlite3").exists()


@pytest.mark.parametrize(
    ("url", "schema", "names"),
    [
        ("mysql://me:hunter2@host/db", "demo", "mysql"),
        ("not a url hunter2", "demo", "cannot be read"),
        ("sqlite://", "demo", "folder"),
        ("sqlite:///:memory:", "demo", "folder"),
        ("sqlite:///x", "de mo", "de mo"),
        ("sqlite:///x", "demo; drop schema other", "drop"),
    ],
)
def test_a_url_that_cannot_work_is_refused_without_showing_it(url: str, schema: str, names: str) -> None:
    with pytest.raises(ConfigurationError, match=names) as refused:
        open_database(url, schema=schema)
    assert "hunter2" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"file/db"):
        open_database(f"sqlite:///{tmp_path}/file/db", schema="demo")


def test_a_patched_process_with_an_unpatched_driver_is_refused() -> None:
    program = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "import eventlet; eventlet.monkey_patch(psycopg=False)\n"
        "from shared.db import open_database\n"
        "open_database('postgresql://nobody@localhost/none', schema='demo')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "ConfigurationError: psycopg2 does not yield" in ended.stderr
