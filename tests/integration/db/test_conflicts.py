"""Of two transactions that wait for each other one is undone, and says that it may be repeated at once."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Table, insert, select, update

from shared.db import Database
from shared.errors import TransactionConflictError

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_one_of_two_that_wait_for_each_other_is_undone_and_the_other_commits(
    database: Database, notes: Table
) -> None:
    with database.transaction() as connection:
        connection.execute(insert(notes), [{"key": "a", "number": 0}, {"key": "b", "number": 0}])
    both_hold_one = threading.Barrier(2)
    undone: list[TransactionConflictError] = []

    def count_up(*keys: str) -> None:
        try:
            with database.transaction() as connection:
                for key in keys:
                    row = update(notes).where(notes.c.key == key)
                    connection.execute(row.values(number=notes.c.number + 1))
                    if key == keys[0]:
                        both_hold_one.wait(30)
        except TransactionConflictError as error:
            undone.append(error)

    threads = [threading.Thread(target=count_up, args=keys) for keys in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    with database.reading() as connection:
        assert list(connection.scalars(select(notes.c.number))) == [1, 1]
    assert [error.code for error in undone] == ["infrastructure.database.conflict"]
    assert undone[0].retryable
