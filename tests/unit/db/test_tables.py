"""Times and JSON values keep their meaning in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Table, func, insert, select, update

from shared.db import Database, NaiveDateTimeError, insert_if_absent

INDIA = timezone(timedelta(hours=5, minutes=30))


def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database, notes: Table) -> None:
    moment = datetime(2030, 1, 1, 2, 3, 4, 567890, tzinfo=INDIA)
    with database.transaction() as connection:
        connection.execute(insert(notes).values(key="a", written_at=moment))
        back = connection.execute(select(notes.c.written_at)).scalar_one()
    assert back == moment
    assert back.tzinfo is UTC
    assert back.hour == 20


def test_times_sort_by_moment_not_by_how_they_were_written(database: Database, notes: Table) -> None:
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    moments = {
        "second": noon,
        "first": (noon - timedelta(microseconds=1)).astimezone(INDIA),
        "third": (noon + timedelta(microseconds=1)).astimezone(timezone(timedelta(hours=-8))),
        "zeroth": datetime(998, 1, 1, tzinfo=UTC),
    }
    with database.transaction() as connection:
        for key, moment in moments.items():
            insert_if_absent(connection, notes, key=key, written_at=moment)
        in_order = connection.scalars(select(notes.c.key).order_by(notes.c.written_at)).all()
        earlier = connection.scalars(select(notes.c.key).where(notes.c.written_at < noon.astimezone(INDIA))).all()
        last = connection.execute(select(func.max(notes.c.written_at))).scalar_one()
    assert in_order == ["zeroth", "first", "second", "third"]
    assert set(earlier) == {"zeroth", "first"}
    assert last == moments["third"]


@pytest.mark.parametrize("use", ["insert", "update", "where"])
def test_a_naive_time_is_refused_wherever_it_is_used(database: Database, notes: Table, use: str) -> None:
    naive = datetime(2030, 1, 1)  # noqa: DTZ001
    statement = {
        "insert": insert(notes).values(key="a", written_at=naive),
        "update": update(notes).values(written_at=naive),
        "where": select(notes).where(notes.c.written_at < naive),
    }[use]
    with pytest.raises(NaiveDateTimeError), database.transaction() as connection:
        connection.execute(statement)


def test_a_json_value_comes_back_and_none_is_null(database: Database, notes: Table) -> None:
    value = {"words": ["a", "ü", None, 1.5], "deep": {"yes": True}}
    with database.transaction() as connection:
        insert_if_absent(connection, notes, key="a", extra=value, written_at=None)
        insert_if_absent(connection, notes, key="b", extra=None)
        assert connection.scalars(select(notes.c.extra).where(notes.c.key == "a")).one() == value
        assert connection.scalars(select(notes.c.key).where(notes.c.extra.is_(None))).all() == ["b"]
        assert connection.scalars(select(notes.c.written_at)).all() == [None, None]


def test_insert_if_absent_keeps_the_first_row(database: Database, notes: Table) -> None:
    with database.transaction() as connection:
        assert insert_if_absent(connection, notes, key="a", number=1)
        assert not insert_if_absent(connection, notes, key="a", number=2)
        assert insert_if_absent(connection, notes, key="b", number=3)
        assert connection.scalars(select(notes.c.number).order_by(notes.c.key)).all() == [1, 3]
