"""A moment stays the same moment on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Table, insert, select

from shared.db import Database, NaiveDateTimeError, insert_if_absent

ON_POSTGRES = pytest.mark.parametrize(
    "url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
KATHMANDU = timezone(timedelta(hours=5, minutes=45))
MOMENT = datetime(2030, 3, 31, 2, 30, 0, 1, tzinfo=KATHMANDU)


def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database, notes: Table) -> None:
    with database.transaction() as connection:
        insert_if_absent(connection, notes, key="a", written_at=MOMENT)
        insert_if_absent(connection, notes, key="b", written_at=MOMENT.astimezone(UTC) + timedelta(microseconds=1))
    with database.reading() as connection:
        rows = connection.execute(select(notes.c.key, notes.c.written_at).order_by(notes.c.written_at)).all()
    assert [row.key for row in rows] == ["a", "b"]
    assert rows[0].written_at == MOMENT
    assert rows[0].written_at.tzinfo is UTC


@ON_POSTGRES
def test_a_server_in_another_time_zone_changes_nothing(database: Database, notes: Table) -> None:
    with database.transaction() as connection:
        connection.exec_driver_sql("SET LOCAL timezone = 'Asia/Kathmandu'")
        insert_if_absent(connection, notes, key="a", written_at=MOMENT)
        back = connection.execute(select(notes.c.written_at)).scalar_one()
    assert (back, back.tzinfo) == (MOMENT, UTC)


def test_a_naive_time_is_refused(database: Database, notes: Table) -> None:
    with pytest.raises(NaiveDateTimeError), database.transaction() as connection:
        connection.execute(insert(notes).values(key="a", written_at=MOMENT.replace(tzinfo=None)))
