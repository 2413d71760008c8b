"""Messages are stored with the change they report, and forgotten when they have arrived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from shared.bus.outbox import DURABLE, Outbox, outbox_table
from shared.bus.outgoing import OutgoingMessage, command, fact
from shared.clock import FixedClock
from shared.contracts.envelope import MAX_BODY_BYTES, Envelope
from shared.db import Database, new_metadata, open_database
from shared.db.database import NoTransactionError
from shared.errors import InvalidMessageError
from shared.ids import new_id

METADATA = new_metadata()
OUTBOX = outbox_table(METADATA)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def outbox(clock: FixedClock) -> Outbox:
    return Outbox(OUTBOX, clock)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path}", schema="demo")
    with opened.changing_schema() as connection:
        METADATA.create_all(connection)
    yield opened
    opened.close()


def message(clock: FixedClock, *, number: int = 0, data: dict[str, object] | None = None) -> Envelope:
    return Envelope(
        id=new_id(),
        source="/studiomatic/demo",
        type="job.started.v1",
        time=clock.now(),
        jobid=new_id(),
        subject=str(number),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        data=data or {"number": number, "text": "Bienen 🐝"},
    )


def add(database: Database, outbox: Outbox, *messages: OutgoingMessage) -> None:
    with database.transaction() as connection:
        for outgoing in messages:
            outbox.add(connection, outgoing)


def unsent(database: Database, outbox: Outbox) -> list[OutgoingMessage]:
    with database.reading() as connection:
        return [stored.outgoing for stored in outbox.unsent(connection, 100)]


def mark_sent(database: Database, outbox: Outbox, *, epoch: str = DURABLE) -> None:
    with database.transaction() as connection:
        outbox.mark_sent(connection, outbox.unsent(connection, 100), epoch=epoch)


def test_a_message_comes_out_as_it_went_in(database: Database, outbox: Outbox, clock: FixedClock) -> None:
    signed = OutgoingMessage(
        envelope=message(clock),
        exchange="x",
        routing_key="y",
        mandatory=True,
        persistent=False,
        headers={"kid": "1"},
    )
    add(database, outbox, signed)
    assert unsent(database, outbox) == [signed]
    assert unsent(database, outbox)[0].envelope.encode() == signed.envelope.encode(), "signatures cover the bytes"


def test_messages_come_out_in_the_order_they_went_in(
    database: Database, outbox: Outbox, clock: FixedClock
) -> None:
    messages = [fact(message(clock, number=number), "demo") for number in (3, 1, 2)]
    add(database, outbox, *messages)
    assert unsent(database, outbox) == messages


def test_a_message_of_a_transaction_that_fails_does_not_exist(
    database: Database, outbox: Outbox, clock: FixedClock
) -> None:
    once = fact(message(clock), "demo")
    with pytest.raises(IntegrityError):
        add(database, outbox, once, once)
    assert unsent(database, outbox) == []


def test_a_message_outside_a_transaction_is_refused(database: Database, outbox: Outbox, clock: FixedClock) -> None:
    with pytest.raises(NoTransactionError), database.changing_schema() as connection:
        outbox.add(connection, fact(message(clock), "demo"))
    assert unsent(database, outbox) == []


def test_a_message_too_large_for_the_bus_is_refused_at_once(
    database: Database, outbox: Outbox, clock: FixedClock
) -> None:
    large = fact(message(clock, data={"text": "x" * MAX_BODY_BYTES}), "demo")
    with pytest.raises(InvalidMessageError, match="limit"):
        add(database, outbox, large)


def test_a_postponed_message_lets_others_pass_and_comes_back(
    database: Database, outbox: Outbox, clock: FixedClock
) -> None:
    first, second = (fact(message(clock, number=number), "demo") for number in (1, 2))
    add(database, outbox, first, second)
    with database.transaction() as connection:
        outbox.postpone(connection, outbox.unsent(connection, 1), timedelta(seconds=10))
    assert unsent(database, outbox) == [second]
    clock.advance(10)
    assert unsent(database, outbox) == [first, second]


def test_discarding_forgets_one_exchange_only(database: Database, outbox: Outbox, clock: FixedClock) -> None:
    kept = fact(message(clock), "demo")
    add(database, outbox, command(message(clock), "renderer"), kept, command(message(clock), "renderer"))
    with database.transaction() as connection:
        assert outbox.discard(connection, exchange="studio.commands") == 2
    assert unsent(database, outbox) == [kept]


def test_what_an_earlier_memory_broker_held_is_sent_again(
    database: Database, outbox: Outbox, clock: FixedClock
) -> None:
    messages = [fact(message(clock, number=number), "demo") for number in range(3)]
    add(database, outbox, *messages)
    mark_sent(database, outbox, epoch="first life")
    with database.transaction() as connection:
        assert outbox.reopen_lost(connection, epoch="first life") == 0
        assert outbox.reopen_lost(connection, epoch="second life") == 3
    assert unsent(database, outbox) == messages


def test_what_a_durable_broker_held_is_not_sent_again(
    database: Database, outbox: Outbox, clock: FixedClock
) -> None:
    add(database, outbox, fact(message(clock), "demo"))
    mark_sent(database, outbox, epoch=DURABLE)
    with database.transaction() as connection:
        assert outbox.reopen_lost(connection, epoch=DURABLE) == 0
        assert outbox.reopen_lost(connection, epoch="first life") == 0


def test_what_has_arrived_is_not_sent_again(database: Database, outbox: Outbox, clock: FixedClock) -> None:
    arrived, on_its_way = (fact(message(clock, number=number), "demo") for number in (1, 2))
    add(database, outbox, arrived)
    mark_sent(database, outbox, epoch="first life")
    empty_at = clock.now()
    clock.advance(1)
    add(database, outbox, on_its_way)
    mark_sent(database, outbox, epoch="first life")
    with database.transaction() as connection:
        outbox.settle(connection, epoch="first life", sent_before=empty_at)
        outbox.reopen_lost(connection, epoch="second life")
    assert unsent(database, outbox) == [on_its_way]


def test_the_age_of_the_backlog_is_that_of_its_oldest_message(
    database: Database, outbox: Outbox, clock: FixedClock
) -> None:
    with database.reading() as connection:
        assert (outbox.oldest_unsent_age(connection), outbox.unsent_count(connection)) == (None, 0)
    add(database, outbox, fact(message(clock), "demo"))
    clock.advance(90)
    add(database, outbox, fact(message(clock), "demo"))
    with database.reading() as connection:
        assert outbox.oldest_unsent_age(connection) == timedelta(seconds=90)
        assert outbox.unsent_count(connection) == 2
    mark_sent(database, outbox)
    with database.reading() as connection:
        assert outbox.oldest_unsent_age(connection) is None


def test_purging_deletes_what_was_sent_long_ago_and_never_what_was_not(
    database: Database, outbox: Outbox, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.outbox._PURGED_AT_ONCE", 2)
    add(database, outbox, *(fact(message(clock), "demo") for _ in range(5)))
    mark_sent(database, outbox)
    waiting = fact(message(clock), "demo")
    add(database, outbox, waiting)
    clock.advance(60)
    assert outbox.purge(database, timedelta(seconds=60)) == 0
    assert outbox.purge(database, timedelta(seconds=59)) == 5
    assert unsent(database, outbox) == [waiting]
