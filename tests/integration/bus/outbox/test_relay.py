"""What is in the outbox reaches the broker at least once and in order, whatever stops on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import insert

from shared.bus.errors import UnroutableError
from shared.bus.outbox import DURABLE, Outbox
from shared.bus.outgoing import OutgoingMessage
from shared.bus.relay import Relay
from shared.db import Database
from shared.errors import BrokerUnavailableError

ON_POSTGRES = pytest.mark.parametrize(
    "url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.bus.relay.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("shared.bus.relay.LAST_RETRY_S", 0.05)


@pytest.fixture
def relay(database: Database, outbox: Outbox, broker: Any) -> Iterator[Relay]:
    relay = Relay(database, outbox, broker.publish, DURABLE)
    yield relay
    relay.stop(grace_s=1)


def unsent(database: Database, outbox: Outbox) -> int:
    with database.reading() as connection:
        return outbox.unsent_count(connection)


def numbers(received: Sequence[Any], job: str = "job") -> list[int]:
    return [envelope.data["number"] for envelope in received if envelope.jobid == job]


def test_a_commit_wakes_the_relay(
    broker: Any, relay: Relay, store: Any, make_message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.relay.POLL_S", 3600.0)
    store(make_message(1))
    relay.start()
    broker.wait_for(1)
    for number in range(2, 10):
        store(make_message(number))
        broker.wait_for(number)


def test_what_was_stored_without_a_nudge_is_found_by_asking(
    database: Database,
    outbox: Outbox,
    broker: Any,
    relay: Relay,
    make_message: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.bus.relay.POLL_S", 0.05)
    relay.start()
    with database.transaction() as connection:
        connection.execute(insert(outbox.table).values(outbox._row(make_message())))
    broker.wait_for(1)


def test_the_order_within_each_job_is_kept_while_many_write(
    broker: Any, relay: Relay, store: Any, make_message: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.relay.BATCH", 7)
    relay.start()
    jobs = [f"job {index}" for index in range(5)]

    def write(job: str) -> None:
        store(*(make_message(number, job=job) for number in range(30)))

    writers = [threading.Thread(target=write, args=(job,)) for job in jobs]
    for writer in writers:
        writer.start()
    received = broker.wait_for(150)
    for writer in writers:
        writer.join()
    assert len(received) == 150
    for job in jobs:
        assert numbers(received, job) == list(range(30))


def test_a_broker_that_is_away_costs_time_but_no_message(
    database: Database, outbox: Outbox, broker: Any, relay: Relay, store: Any, make_message: Any
) -> None:
    failures: list[int] = []
    many = threading.Event()

    def away(batch: Sequence[OutgoingMessage]) -> None:
        failures.append(len(batch))
        if len(failures) >= 3:
            many.set()
        raise BrokerUnavailableError("on purpose")

    broker.refuse = away
    store(make_message(1), make_message(2))
    relay.start()
    assert many.wait(10)
    assert unsent(database, outbox) == 2
    store(make_message(3))
    broker.refuse = lambda batch: None
    assert numbers(broker.wait_for(3)) == [1, 2, 3]


def test_a_part_that_arrived_before_the_broker_went_away_is_sent_again(
    broker: Any, relay: Relay, store: Any, make_message: Any
) -> None:
    def confirm_is_lost(batch: Sequence[OutgoingMessage]) -> None:
        broker.refuse = lambda batch: None
        broker.publish(batch[:1])
        raise BrokerUnavailableError("on purpose")

    broker.refuse = confirm_is_lost
    store(make_message(1), make_message(2))
    relay.start()
    assert numbers(broker.wait_for(3)) == [1, 1, 2]


def test_a_message_that_was_set_aside_keeps_its_place(
    database: Database, outbox: Outbox, broker: Any, relay: Relay, store: Any, make_message: Any
) -> None:
    store(*(make_message(number) for number in range(5)))
    with database.transaction() as connection:
        outbox.postpone(connection, outbox.unsent(connection, 2), timedelta(0))
    relay.send_pending()
    assert numbers(broker.received) == [0, 1, 2, 3, 4]


def test_a_bug_in_the_way_is_logged_and_does_not_end_the_relay(
    broker: Any, relay: Relay, store: Any, make_message: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def bug(batch: Sequence[OutgoingMessage]) -> None:
        broker.refuse = lambda batch: None
        raise ZeroDivisionError("on purpose")

    broker.refuse = bug
    store(make_message(1))
    relay.start()
    assert numbers(broker.wait_for(1)) == [1]
    assert "relay_failed" in "".join(capsys.readouterr())


def test_a_message_no_queue_takes_is_set_aside_named_and_tried_again(
    broker: Any,
    relay: Relay,
    store: Any,
    make_message: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("shared.bus.relay.UNROUTABLE_PAUSE", timedelta(seconds=0.2))
    monkeypatch.setattr("shared.bus.relay.POLL_S", 0.05)
    refused: list[str] = []

    def nobody_listens(batch: Sequence[OutgoingMessage]) -> None:
        unheard = [outgoing.envelope.id for outgoing in batch if outgoing.routing_key == "job.unheard"]
        if unheard and len(refused) < 4:
            refused.extend(unheard)
            raise UnroutableError("on purpose")

    broker.refuse = nobody_listens
    strange = make_message(2, name="unheard")
    store(make_message(1), strange, make_message(3))
    relay.start()
    assert numbers(broker.wait_for(3)) == [1, 3, 2]
    assert set(refused) == {strange.envelope.id}
    assert "message_unroutable" in "".join(capsys.readouterr())


def test_stopping_sends_what_is_left(
    database: Database, outbox: Outbox, broker: Any, relay: Relay, store: Any, make_message: Any
) -> None:
    relay.start()
    store(*(make_message(number) for number in range(20)))
    assert relay.stop(grace_s=20)
    assert numbers(broker.received) == list(range(20))
    assert unsent(database, outbox) == 0


def test_stopping_does_not_wait_for_ever_for_a_broker_that_is_away(
    database: Database, outbox: Outbox, broker: Any, relay: Relay, store: Any, make_message: Any
) -> None:
    def away(batch: Sequence[OutgoingMessage]) -> None:
        raise BrokerUnavailableError("on purpose")

    broker.refuse = away
    store(make_message(1))
    relay.start()
    assert not relay.stop(grace_s=0.1)
    assert unsent(database, outbox) == 1
    assert relay._thread is not None
    relay._thread.join(10)
    assert not relay._thread.is_alive()


def test_what_an_earlier_memory_broker_held_is_sent_first(
    database: Database, outbox: Outbox, broker: Any, store: Any, make_message: Any
) -> None:
    first = Relay(database, outbox, broker.publish, "first life")
    store(make_message(1), make_message(2))
    assert first.send_pending() == 2
    store(make_message(3))
    second = Relay(database, outbox, broker.publish, "second life")
    second.start()
    assert second.stop(grace_s=20)
    assert numbers(broker.received) == [1, 2, 1, 2, 3]


def test_after_a_clean_stop_nothing_is_sent_again(
    database: Database, outbox: Outbox, broker: Any, store: Any, make_message: Any
) -> None:
    first = Relay(database, outbox, broker.publish, "first life")
    store(make_message(1), make_message(2))
    first.send_pending()
    first.settle(make_message().envelope.time)
    second = Relay(database, outbox, broker.publish, "second life")
    second.reopen_lost()
    assert second.send_pending() == 0


@ON_POSTGRES
def test_of_several_relays_one_sends_at_a_time(
    database: Database,
    outbox: Outbox,
    broker: Any,
    store: Any,
    make_message: Callable[..., OutgoingMessage],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.bus.relay.BATCH", 5)
    sending = threading.Lock()
    together: list[int] = []

    def publish(batch: Sequence[OutgoingMessage]) -> None:
        if not sending.acquire(blocking=False):
            together.append(len(batch))
            return
        broker.publish(batch)
        sending.release()

    relays = [Relay(database, outbox, publish, DURABLE) for _ in range(3)]
    for relay in relays:
        relay.start()
    store(*(make_message(number) for number in range(200)))
    received = broker.wait_for(200)
    for relay in relays:
        assert relay.stop(grace_s=20)
    assert together == []
    assert numbers(received) == list(range(200)), "each once and in order"


@ON_POSTGRES
def test_a_database_restart_does_not_end_the_relay(
    broker: Any, relay: Relay, store: Any, make_message: Any, postgres: Any
) -> None:
    relay.start()
    store(make_message(1))
    broker.wait_for(1)
    postgres.restart()
    store(make_message(2))
    # Message 1 comes twice if the restart was quicker than its mark.
    assert numbers(broker.wait_until(lambda received: 2 in numbers(received)))[0] == 1


@pytest.mark.parametrize("mode", ["green", "threads"])
def test_a_relay_killed_between_publish_and_mark_sends_again(
    database: Database, outbox: Outbox, url: str, store: Any, make_message: Any, run: Any, mode: str
) -> None:
    store(*(make_message(number, job=f"job {number % 3}") for number in range(50)))
    killed = run("relaying.py", mode, url, "demo", "kill-in-batch-3")
    assert killed.returncode == -9
    first = [int(line) for line in killed.stdout.split()]
    assert first == list(range(30))
    finished = run("relaying.py", mode, url, "demo", "never")
    assert finished.returncode == 0, finished.stderr
    second = [int(line) for line in finished.stdout.split()]
    assert second == list(range(20, 50)), "the third batch again, the marked ones not"
    assert all(earlier < later for earlier, later in pairwise(second))
    assert unsent(database, outbox) == 0
