"""Whether anything was written is told for next to nothing, so that nobody looks for work where there can be none."""

from __future__ import annotations

import pytest
from sqlalchemy import Table, insert
from sqlalchemy.exc import IntegrityError

from shared.db import Database, open_database


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_version_changes_with_every_commit_of_anybody_and_with_nothing_else(
    database: Database, url: str, schema: str, notes: Table
) -> None:
    another = open_database(url, schema=schema)
    versions = [database.version()]
    for writer, key in ((database, "a"), (another, "b"), (database, "c")):
        with writer.transaction() as connection:
            connection.execute(insert(notes).values(key=key))
            assert database.version() == versions[-1], "nothing is committed yet"
        versions.append(database.version())
    with database.reading() as connection:
        connection.execute(notes.select()).all()
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(insert(notes).values(key="a"))

    assert None not in versions
    assert len(set(versions)) == 4
    assert database.version() == versions[-1]
    another.close()


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_server_is_not_asked(database: Database) -> None:
    assert database.version() is None
