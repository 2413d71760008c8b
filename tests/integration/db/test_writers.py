"""Many writers at once: nobody is told "locked" and nothing is lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from subprocess import Popen

import pytest
from sqlalchemy import Connection, Table, func, select

from shared.db import Database, insert_if_absent

WRITERS = 20
WRITES = 10
Start = Callable[..., "Popen[str]"]


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Run ``work`` in so many threads that start together."""
    together = threading.Barrier(count)

    def run(number: int) -> None:
        together.wait(10)
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


@pytest.mark.parametrize("modes", [("green", "green"), ("threads", "green")], ids="-".join)
def test_two_processes_with_20_writers_each_lose_nothing(
    database: Database, url: str, schema: str, notes: Table, start: Start, modes: tuple[str, str]
) -> None:
    with database.transaction() as connection:
        insert_if_absent(connection, notes, key="total", number=0)
    processes = [
        start("writers.py", mode, url, schema, prefix, WRITERS, WRITES)
        for prefix, mode in zip("ab", modes, strict=True)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
    assert [json.loads(process.stdout.readline()) for process in processes] == [[], []]
    with database.reading() as connection:
        total = connection.execute(select(notes.c.number).where(notes.c.key == "total")).scalar_one()
        rows = connection.execute(select(func.count()).select_from(notes)).scalar_one()
    assert total == 2 * WRITERS * WRITES
    assert rows == total + 1


def test_of_many_who_insert_one_key_one_wins(database: Database, notes: Table) -> None:
    won: list[int] = []

    def insert(number: int) -> None:
        with database.transaction() as connection:
            if insert_if_absent(connection, notes, key="the one", number=number):
                won.append(number)

    in_threads(12, insert)
    with database.reading() as connection:
        assert connection.scalars(select(notes.c.number)).all() == won
    assert len(won) == 1


def test_a_winner_that_rolls_back_leaves_the_key_to_the_next(database: Database, notes: Table) -> None:
    won: list[bool] = []

    def insert(connection: Connection) -> bool:
        return insert_if_absent(connection, notes, key="the one")

    def next_one() -> None:
        with database.transaction() as connection:
            won.append(insert(connection))

    waiting = threading.Thread(target=next_one)

    def first_one() -> None:
        with database.transaction() as connection:
            assert insert(connection)
            waiting.start()
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        first_one()
    waiting.join(10)
    assert won == [True]
