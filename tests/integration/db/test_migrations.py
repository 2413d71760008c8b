"""Tables come into being by migrations only, once, on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, insert, inspect, select, text

from shared.db import Database, UtcDateTime, new_metadata, open_database
from shared.db.sqlite import BrokenReferenceError
from shared.errors import ConfigurationError, DatabaseUnavailableError
from shared.migrate import HistoryError, differences, draft_into, migrate

ON_POSTGRES = pytest.mark.parametrize(
    "url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
ON_SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
HISTORIES = Path(__file__).parent / "histories"
Start = Callable[..., "Popen[str]"]


def tables_after_all_steps(*, title_length: int = 200, with_index: bool = True) -> MetaData:
    """What the code of a service declares that has the migrations of ``histories/demo``."""
    metadata = new_metadata()
    books = Table(
        "books",
        metadata,
        Column("book_id", String(36), primary_key=True),
        Column("title", String(title_length), nullable=False),
        Column("read_at", UtcDateTime),
    )
    Table(
        "pages",
        metadata,
        Column("page_id", Integer, primary_key=True),
        Column("book_id", String(36), ForeignKey("books.book_id", ondelete="CASCADE"), nullable=False),
    )
    if with_index:
        Index("books_by_title", books.c.title)
    return metadata


@pytest.fixture
def first_step(tmp_path: Path) -> Path:
    """A history that is one step behind."""
    folder = tmp_path / "behind"
    folder.mkdir()
    shutil.copy(HISTORIES / "demo" / "0001_books_and_pages.py", folder)
    return folder


def test_from_empty_to_what_the_code_declares(empty_database: Database) -> None:
    migrate(empty_database, "demo", folder=HISTORIES / "demo")
    assert differences(empty_database, tables_after_all_steps()) == []


def test_migrating_twice_changes_nothing(empty_database: Database) -> None:
    migrate(empty_database, "demo", folder=HISTORIES / "demo")
    migrate(empty_database, "demo", folder=HISTORIES / "demo")
    with empty_database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [("0002",)]


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        (tables_after_all_steps(title_length=300), "modify_type"),
        (tables_after_all_steps(with_index=False), "remove_index"),
        (new_metadata(), "remove_table"),
    ],
)
def test_a_difference_from_the_code_is_named(empty_database: Database, declared: MetaData, names: str) -> None:
    migrate(empty_database, "demo", folder=HISTORIES / "demo")
    found = differences(empty_database, declared)
    assert any(difference.startswith(names) for difference in found), found


def test_a_later_step_keeps_the_rows(empty_database: Database, first_step: Path) -> None:
    migrate(empty_database, "demo", folder=first_step)
    declared = tables_after_all_steps().tables
    with empty_database.transaction() as connection:
        connection.execute(insert(declared["books"]).values(book_id="1", title="Bees"))
        connection.execute(insert(declared["pages"]).values(page_id=7, book_id="1"))
    migrate(empty_database, "demo", folder=HISTORIES / "demo")
    with empty_database.reading() as connection:
        assert connection.execute(select(declared["books"])).all() == [("1", "Bees", None)]
        # On SQLite the step drops and remakes books, whose pages must not be deleted with it.
        assert connection.execute(select(declared["pages"])).all() == [(7, "1")]


def test_a_step_that_fails_leaves_everything_as_it_was(empty_database: Database) -> None:
    migrate(empty_database, "demo", folder=HISTORIES / "demo")
    with pytest.raises(ZeroDivisionError):
        migrate(empty_database, "demo", folder=HISTORIES / "failing")
    assert differences(empty_database, tables_after_all_steps()) == []


@ON_SQLITE
def test_a_step_that_breaks_a_reference_is_undone(empty_database: Database, first_step: Path) -> None:
    migrate(empty_database, "demo", folder=first_step)
    declared = tables_after_all_steps().tables
    with empty_database.transaction() as connection:
        connection.execute(insert(declared["books"]).values(book_id="1", title="Bees"))
        connection.execute(insert(declared["pages"]).values(page_id=7, book_id="1"))
    with pytest.raises(BrokenReferenceError, match="pages"), empty_database.changing_schema() as connection:
        connection.execute(text("DELETE FROM books"))
    with empty_database.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.execute(select(declared["books"].c.book_id)).all() == [("1",)]


def test_processes_that_start_together_migrate_once(
    empty_database: Database, url: str, schema: str, start: Start
) -> None:
    processes = [start("migrator.py", url, schema, HISTORIES / "demo") for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
    assert [process.stdout.readline() for process in processes] == ["migrated\n"] * 3
    assert differences(empty_database, tables_after_all_steps()) == []


def test_tables_newer_than_the_program_are_left_alone(empty_database: Database, first_step: Path) -> None:
    migrate(empty_database, "demo", folder=HISTORIES / "demo")
    with pytest.raises(HistoryError, match="newer"):
        migrate(empty_database, "demo", folder=first_step)


def test_a_draft_has_what_the_history_lacks(empty_database: Database, first_step: Path) -> None:
    drafted = draft_into(first_step, tables_after_all_steps(), "index_titles")
    assert drafted.name == "0002_index_titles.py"
    migrate(empty_database, "demo", folder=first_step)
    assert differences(empty_database, tables_after_all_steps()) == []


def test_two_services_have_histories_of_their_own(
    url: str, schema: str, empty_database: Database, tmp_path: Path
) -> None:
    other = open_database(url, schema=f"{schema}_b")
    draft_into(tmp_path / "other", new_metadata(), "nothing_yet")
    migrate(empty_database, "demo", folder=HISTORIES / "demo")
    migrate(other, "other", folder=tmp_path / "other")
    with empty_database.reading() as mine, other.reading() as its:
        assert mine.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0002"
        assert its.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0001"
        assert inspect(its).get_table_names() == ["alembic_version"]
    other.close()


def test_an_unknown_service_is_refused(empty_database: Database) -> None:
    with pytest.raises(ConfigurationError, match="nonsense"):
        migrate(empty_database, "nonsense")


@ON_POSTGRES
def test_a_migration_waits_briefly_for_a_table_and_says_so(
    url: str, schema: str, empty_database: Database, first_step: Path
) -> None:
    migrate(empty_database, "demo", folder=first_step)
    migrating = open_database(url, schema=schema)
    with empty_database.transaction() as reader:
        reader.execute(text("SELECT * FROM books"))
        with pytest.raises(DatabaseUnavailableError, match="lock timeout"):
            migrate(migrating, "demo", folder=HISTORIES / "demo")
    migrate(migrating, "demo", folder=HISTORIES / "demo")
    assert differences(migrating, tables_after_all_steps()) == []
    migrating.close()


@ON_POSTGRES
def test_a_migration_has_time_limits_of_its_own(empty_database: Database) -> None:
    with empty_database.changing_schema() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "4s"
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "5s"
    with empty_database.transaction() as connection:
        assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "10s"
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "30s"


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"0002_gap.py": ("0002", None)}, "must be named 0001"),
        ({"0001_a.py": ("0001", None), "0003_b.py": ("0003", "0001")}, "must be named 0002"),
        ({"0001_a.py": ("0001", None), "0002_b.py": ("0002", None)}, "must follow 0001"),
        ({"0001_a.py": ("abc", None)}, "must be named 0001"),
        ({}, "no migrations"),
    ],
)
def test_a_history_that_is_not_one_numbered_line_is_refused(
    tmp_path: Path, files: dict[str, tuple[str, str | None]], names: str
) -> None:
    for name, (revision, before) in files.items():
        (tmp_path / name).write_text(f"revision = {revision!r}\ndown_revision = {before!r}\ndef upgrade(): ...\n")
    database = open_database(f"sqlite:///{tmp_path}/db", schema="demo")
    with pytest.raises(HistoryError, match=names):
        migrate(database, "demo", folder=tmp_path)
