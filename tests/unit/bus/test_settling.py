"""Outbox rows are settled only when the in-memory broker has delivered everything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from shared.bus import memory
from shared.bus.connection import broker_connection
from shared.bus.declare import declare
from shared.bus.outgoing import command
from shared.bus.publisher import Publisher
from shared.bus.settling import Settler
from shared.bus.topology import COMMON, pool
from shared.clock import FixedClock
from shared.errors import DatabaseUnavailableError

URL = "memory://settling"
NOW = datetime(2030, 1, 1, tzinfo=UTC)


class FakeRelay:
    """Notes until when it was settled."""

    def __init__(self) -> None:
        self.settled: list[datetime] = []
        self.sent = 0
        self.away = False

    def settle(self, sent_before: datetime) -> None:
        if self.away:
            raise DatabaseUnavailableError
        self.settled.append(sent_before)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with broker_connection(URL) as connection:
        declare(connection, COMMON + pool("mason"))
    publisher = Publisher(URL)
    yield publisher
    publisher.close()
    memory.discard("settling")


@pytest.fixture
def relay() -> FakeRelay:
    return FakeRelay()


@pytest.fixture
def settler(relay: FakeRelay) -> Settler:
    return Settler(URL, [relay], FixedClock(NOW))


def consume(connection):
    """Read the queue; returns the messages as they come."""
    held: list = []
    channel = connection.channel()
    channel.basic_qos(0, 1, False)
    channel.basic_consume("mason", callback=held.append)
    return held


def wait_for(connection, held: list, count: int) -> None:
    while len(held) < count:
        connection.drain_events(timeout=5)


def test_what_a_consumer_still_holds_is_not_settled(settler, relay, publisher, command) -> None:
    with broker_connection(URL) as connection:
        held = consume(connection)
        send(publisher, relay, command)
        wait_for(connection, held, 1)
        assert not settler.settle()
        assert relay.settled == []
        held[0].channel.basic_ack(held[0].delivery_tag)
        assert settler.settle()
        assert relay.settled == [NOW]


def test_what_waits_in_a_queue_that_is_read_is_not_settled(settler, relay, publisher, command) -> None:
    with broker_connection(URL) as connection:
        held = consume(connection)
        send(publisher, relay, command, 2)
        wait_for(connection, held, 1)
        held[0].channel.basic_ack(held[0].delivery_tag)
        wait_for(connection, held, 2)
        assert not settler.settle()


def test_what_nobody_reads_does_not_hold_up_the_rest(settler, relay, publisher, command) -> None:
    send(publisher, relay, command)
    assert settler.settle()
    assert relay.settled == [NOW]


def test_what_is_marked_late_is_settled_the_next_time(settler, relay, publisher, command) -> None:
    """The broker may run empty between the confirm of a message and the mark on its row."""
    send(publisher, relay, command)
    relay.sent -= 1
    assert settler.settle()
    relay.sent += 1
    assert settler.settle()
    assert relay.settled == [NOW]


def test_what_its_reader_left_behind_when_it_ended_is_not_settled(settler, relay, publisher, command) -> None:
    with broker_connection(URL) as connection:
        consume(connection)
        assert settler.settle()
    send(publisher, relay, command)
    assert not settler.settle()
    assert relay.settled == []


def test_nothing_new_costs_no_transaction(settler, relay, publisher, command) -> None:
    send(publisher, relay, command)
    settler.settle()
    settler.settle()
    assert len(relay.settled) == 1


def test_a_database_away_is_asked_again(settler, relay, publisher, command) -> None:
    send(publisher, relay, command)
    relay.away = True
    assert not settler.settle()
    relay.away = False
    assert settler.settle()
    assert len(relay.settled) == 1


def send(publisher: Publisher, relay: FakeRelay, make, count: int = 1) -> None:
    """What a relay does with ``count`` commands."""
    publisher.publish([command(make(), "mason") for _ in range(count)])
    relay.sent += count
