"""Copies of one message that are handled at the same moment have one effect."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Table, func, select

from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.db import Database
from shared.errors import DatabaseUnavailableError

COPIES = 10


def test_copies_handled_together_have_one_effect(
    database: Database, outbox: Outbox, inbox_rows: Table, make_message: object
) -> None:
    together = threading.Barrier(COPIES)
    answers: list[bool] = []

    def handle() -> None:
        together.wait(10)
        with database.transaction() as connection:
            first = Inbox(inbox_rows).first_time(connection, "listener", "m1")
            if first:
                outbox.add(connection, make_message())  # type: ignore[operator]
        answers.append(first)

    handlers = [threading.Thread(target=handle) for _ in range(COPIES)]
    for handler in handlers:
        handler.start()
    for handler in handlers:
        handler.join(20)
    assert sorted(answers) == [False] * (COPIES - 1) + [True]
    with database.reading() as connection:
        assert outbox.unsent_count(connection) == 1
        assert connection.execute(select(func.count()).select_from(inbox_rows)).scalar_one() == 1


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_a_copy_waits_for_the_first_handler_and_takes_over_if_it_fails(
    database: Database, inbox_rows: Table
) -> None:
    inbox = Inbox(inbox_rows)
    answers: list[bool] = []

    def take_over() -> None:
        with database.transaction() as connection:
            answers.append(inbox.first_time(connection, "listener", "m1"))

    copy = threading.Thread(target=take_over)

    def fail() -> None:
        with database.transaction() as connection:
            assert inbox.first_time(connection, "listener", "m1")
            copy.start()
            raise DatabaseUnavailableError("on purpose")

    with pytest.raises(DatabaseUnavailableError):
        fail()
    copy.join(20)
    assert answers == [True]
