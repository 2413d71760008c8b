"""A message is handled once by each consumer, however often it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.bus import inbox as module
from shared.bus import outbox
from shared.bus.inbox import Inbox, inbox_table
from shared.clock import FixedClock
from shared.db import Database, new_metadata, open_database

METADATA = new_metadata()
INBOX = inbox_table(METADATA)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def inbox(clock: FixedClock) -> Inbox:
    return Inbox(INBOX, clock)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}", schema="demo")
    with opened.changing_schema() as connection:
        METADATA.create_all(connection)
    yield opened
    opened.close()


def handled(database: Database, inbox: Inbox, message_id: str, *, consumer: str = "listener") -> bool:
    with database.transaction() as connection:
        return inbox.first_time(connection, consumer, message_id)


def test_a_copy_is_recognised_per_consumer(database: Database, inbox: Inbox) -> None:
    assert handled(database, inbox, "m1")
    assert not handled(database, inbox, "m1")
    assert handled(database, inbox, "m2")
    assert handled(database, inbox, "m1", consumer="another")


def test_a_message_whose_effect_is_rolled_back_was_not_handled(database: Database, inbox: Inbox) -> None:
    def fail() -> None:
        with database.transaction() as connection:
            assert inbox.first_time(connection, "listener", "m1")
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert handled(database, inbox, "m1")


def test_looking_remembers_nothing(database: Database, inbox: Inbox) -> None:
    with database.reading() as connection:
        assert not inbox.seen(connection, "listener", "m1")
    assert handled(database, inbox, "m1")
    with database.reading() as connection:
        assert inbox.seen(connection, "listener", "m1")
        assert not inbox.seen(connection, "another", "m1")


def test_old_messages_are_forgotten_in_small_steps(
    database: Database, inbox: Inbox, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PURGED_AT_ONCE", 2)
    for number in range(5):
        handled(database, inbox, f"old {number}")
    clock.advance(60)
    handled(database, inbox, "new")
    assert inbox.purge(database, timedelta(seconds=59)) == 5
    assert not handled(database, inbox, "new")
    assert handled(database, inbox, "old 1")


def test_receivers_remember_longer_than_senders_can_repeat() -> None:
    assert outbox.KEPT_FOR < module.KEPT_FOR
