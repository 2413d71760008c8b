"""Reading writes nothing, and leaves the connection fit for writing."""

from __future__ import annotations

import pytest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.exc import DBAPIError

from shared.db import Database, insert_if_absent, open_database


def test_an_attempt_to_write_while_reading_fails_and_the_next_transaction_writes(
    database: Database, url: str, schema: str, notes: Table
) -> None:
    single = open_database(url, schema=schema, pool_size=1)
    with pytest.raises(DBAPIError, match=r"read-?only"), single.reading() as connection:
        connection.execute(insert(notes).values(key="a"))
    with single.transaction() as connection:
        assert insert_if_absent(connection, notes, key="b")
    with single.reading() as connection:
        assert connection.execute(select(func.count()).select_from(notes)).scalar_one() == 1
    single.close()
