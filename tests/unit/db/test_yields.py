"""A wait inside a SQLite transaction is caught and named."""

from __future__ import annotations

import greenlet
import pytest

from shared.db import Database
from shared.db.yields import YieldInTransactionError, trap


def resumed(function: object) -> None:
    """Run ``function`` in a greenlet, going on whenever it yields."""
    running = greenlet.greenlet(function)
    while not running.dead:
        running.switch()


def wait() -> None:
    greenlet.getcurrent().parent.switch()


def test_a_yield_inside_a_transaction_is_named_with_its_line(database: Database) -> None:
    def careless_writer() -> None:
        with database.transaction():
            wait()

    with pytest.raises(YieldInTransactionError, match=r"careless_writer(.|\n)*wait\(\)"), trap():
        resumed(careless_writer)


def test_yields_around_a_transaction_and_while_reading_are_fine(database: Database) -> None:
    def careful_writer() -> None:
        wait()
        with database.transaction():
            pass
        with database.reading():
            wait()

    with trap():
        resumed(careful_writer)


def test_callbacks_after_the_commit_may_yield(database: Database) -> None:
    def writer() -> None:
        with database.transaction() as connection:
            database.after_commit(connection, wait)

    with trap():
        resumed(writer)
