"""A reader outlives whatever happens to its connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deploy.local.rabbitmq import RabbitMQ
from shared.bus.connection import broker_connection
from shared.bus.declare import declare
from shared.bus.delivery import BrokerDelivery
from shared.bus.outgoing import command
from shared.bus.publisher import Publisher
from shared.bus.reader import QueueReader, existing
from shared.bus.topology import COMMON, pool
from shared.contracts.envelope import decode, enclose
from shared.contracts.jobs import JobCancelling

Begin = Callable[..., QueueReader]


@pytest.fixture
def taken() -> list[BrokerDelivery]:
    """What the reader handed over."""
    return []


@pytest.fixture
def begin(rabbitmq_vhost: str, taken: list[BrokerDelivery]) -> Iterator[Begin]:
    """Starts a reader of the mason's queue in a thread."""
    readers: list[tuple[QueueReader, threading.Thread]] = []

    def start(**options: Any) -> QueueReader:
        reader = QueueReader(
            rabbitmq_vhost, existing("mason"), taken.append, **{"queue": "mason", "prefetch": 1, **options}
        )
        thread = threading.Thread(target=reader.run_for_ever, daemon=True)
        thread.start()
        readers.append((reader, thread))
        return reader

    yield start
    for reader, thread in readers:
        reader.close()
        thread.join(10)
        assert not thread.is_alive()


def declared(url: str) -> None:
    with broker_connection(url) as connection:
        declare(connection, COMMON + pool("mason"))


def send(url: str) -> str:
    """Send a message; returns its id."""
    publisher = Publisher(url)
    envelope = enclose(JobCancelling(job_id="j", project_id="p"), source="/test")
    publisher.publish([command(envelope, "mason")])
    publisher.close()
    return envelope.id


def wait_for(taken: list[BrokerDelivery], message_id: str, deliveries: int = 1) -> BrokerDelivery:
    """The newest delivery of a message, when there were that many."""
    patience = threading.Event()
    for _ in range(600):
        found = [delivery for delivery in taken if decode(delivery.body).id == message_id]
        if len(found) >= deliveries:
            return found[-1]
        patience.wait(0.05)
    raise AssertionError(f"{len(found)} deliveries of {message_id}")


def test_a_queue_that_does_not_exist_yet_is_waited_for(rabbitmq_vhost: str, begin: Begin, taken: list) -> None:
    begin()
    declared(rabbitmq_vhost)
    wait_for(taken, send(rabbitmq_vhost)).ack()


def test_a_frozen_broker_is_given_up_and_found_again(
    rabbitmq_vhost: str, rabbitmq: RabbitMQ, begin: Begin, taken: list
) -> None:
    """A farewell to a frozen broker would never be answered, so the reader must hang up."""
    declared(rabbitmq_vhost)
    reader = begin(heartbeat_s=1)
    first = send(rabbitmq_vhost)
    wait_for(taken, first)
    losses = reader.connections_lost
    with rabbitmq.paused():
        patience = threading.Event()
        while reader.connections_lost == losses:
            patience.wait(0.1)
    wait_for(taken, first, deliveries=2).ack()
    wait_for(taken, send(rabbitmq_vhost)).ack()


def test_an_answer_on_a_lost_connection_harms_nobody(
    rabbitmq_vhost: str, rabbitmq: RabbitMQ, begin: Begin, taken: list
) -> None:
    declared(rabbitmq_vhost)
    begin()
    first = send(rabbitmq_vhost)
    lost = wait_for(taken, first)
    rabbitmq.close_all_connections()
    newest = wait_for(taken, first, deliveries=2)
    for answer in (lost.ack, lost.requeue, lost.dead_letter):
        answer()
    newest.ack()
    wait_for(taken, send(rabbitmq_vhost)).ack()


def test_a_reader_that_stops_consuming_still_answers_what_it_holds(
    rabbitmq_vhost: str, rabbitmq: RabbitMQ, begin: Begin, taken: list
) -> None:
    declared(rabbitmq_vhost)
    others = rabbitmq.connections()
    reader = begin(prefetch=2)
    held = wait_for(taken, send(rabbitmq_vhost))
    reader.stop_consuming()
    other = send(rabbitmq_vhost)
    patience = threading.Event()
    vhost = rabbitmq_vhost.rsplit("/", 1)[1]
    held.ack()
    reader.close()
    while rabbitmq.connections() > others:
        patience.wait(0.05)
    assert rabbitmq.queues(vhost)["mason"].ready == 1
    assert all(decode(delivery.body).id != other for delivery in taken)


def test_a_reader_tells_when_its_connection_breaks_and_is_back(
    rabbitmq_vhost: str, rabbitmq: RabbitMQ, begin: Begin, eventually: Callable[..., None]
) -> None:
    declared(rabbitmq_vhost)
    told: list[bool] = []
    begin(on_connection=told.append)
    eventually(lambda: told == [True])
    rabbitmq.close_all_connections()
    eventually(lambda: told == [True, False, True])
