"""A damaged SQLite file is named with what to do, and is not waited for."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from shared.db import Database, open_database
from shared.db.failures import DatabaseDamagedError


@pytest.fixture(params=["no database", "malformed"])
def damaged(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A file that never was a database, and one of which only the first page is left."""
    path = tmp_path / "demo.sqlite3"
    if request.param == "no database":
        path.write_bytes(b"I am no database. " * 500)
    else:
        sound = open_database(f"sqlite:///{tmp_path}", schema="demo")
        with sound.transaction() as connection:
            connection.execute(text("CREATE TABLE walls (name TEXT)"))
            connection.execute(text("INSERT INTO walls VALUES ('north')"))
        sound.close()
        body = path.read_bytes()
        path.write_bytes(body[:4096] + b"\x07" * (len(body) - 4096))
    return open_database(f"sqlite:///{tmp_path}", schema="demo")


@pytest.mark.parametrize("door", ["transaction", "reading", "changing_schema"])
def test_a_damaged_file_is_named_with_its_remedy(damaged: Database, tmp_path: Path, door: str) -> None:
    with pytest.raises(DatabaseDamagedError) as caught, getattr(damaged, door)() as connection:
        connection.execute(text("SELECT * FROM walls")).all()
    assert str(tmp_path / "demo.sqlite3") in caught.value.message
    assert "backup" in caught.value.message
    assert not caught.value.retryable
    damaged.close()
