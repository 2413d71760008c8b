"""When the publisher returns, the broker has every message; when it cannot, it says so in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from shared.bus.connection import broker_connection
from shared.bus.declare import declare
from shared.bus.errors import UnroutableError
from shared.bus.outgoing import OutgoingMessage
from shared.bus.publisher import Publisher
from shared.bus.topology import Binding, Exchange, ExchangeKind, Queue, QueueKind, Topology
from shared.contracts.envelope import CONTENT_TYPE, Envelope, decode, enclose
from shared.contracts.jobs import JobCancelling
from shared.errors import BrokerUnavailableError, InvalidMessageError

PLACE = Topology(
    exchanges=(Exchange(name="place", kind=ExchangeKind.DIRECT),),
    queues=(Queue(name="place", kind=QueueKind.QUORUM),),
    bindings=(Binding(exchange="place", queue="place", routing_key="known"),),
)


@pytest.fixture
def publisher(broker) -> Iterator[Publisher]:
    with broker_connection(broker.url) as connection:
        declare(connection, PLACE)
    publisher = Publisher(broker.url, timeout_s=10.0)
    yield publisher
    publisher.close()


def a_message(key: str = "known", exchange: str = "place", job_id: str = "job") -> OutgoingMessage:
    envelope = enclose(JobCancelling(job_id=job_id, project_id="p"), source="/studiomatic/test")
    return OutgoingMessage(envelope=envelope, exchange=exchange, routing_key=key, mandatory=True)


def arrived(broker) -> list[Envelope]:
    """All that the queue holds, in order; empties it."""
    with broker_connection(broker.url) as connection:
        channel = connection.channel()
        found = []
        while (message := channel.basic_get("place", no_ack=True)) is not None:
            body = message.body
            found.append(decode(body if isinstance(body, str | bytes) else bytes(body)))
    return found


def test_messages_arrive_in_order_when_it_returns(broker, publisher) -> None:
    messages = [a_message() for _ in range(50)]
    publisher.publish(messages)
    assert [envelope.id for envelope in arrived(broker)] == [message.envelope.id for message in messages]


def test_a_message_tells_any_amqp_program_what_it_is(broker, publisher) -> None:
    message = a_message()
    publisher.publish([message])
    with broker_connection(broker.url) as connection:
        got = connection.channel().basic_get("place", no_ack=True)
    assert got.properties["content_type"] == CONTENT_TYPE
    assert got.properties["message_id"] == message.envelope.id
    assert got.properties["delivery_mode"] == 2


def test_a_message_that_no_queue_takes_is_an_error_and_its_neighbours_arrive(broker, publisher) -> None:
    before, after = a_message(), a_message()
    with pytest.raises(UnroutableError, match="nowhere"):
        publisher.publish([before, a_message("nowhere"), after])
    publisher.publish([last := a_message()])
    assert [e.id for e in arrived(broker)] == [m.envelope.id for m in (before, after, last)]


def test_an_unroutable_message_of_one_sender_does_not_disturb_another(broker, publisher) -> None:
    good = [a_message() for _ in range(20)]
    errors: list[Exception] = []

    def send_badly() -> None:
        for _ in range(20):
            with pytest.raises(UnroutableError):
                publisher.publish([a_message("nowhere")])

    def send_well() -> None:
        try:
            for message in good:
                publisher.publish([message])
        except BrokerUnavailableError as error:
            errors.append(error)

    run_together(send_badly, send_well)
    assert errors == []
    assert len(arrived(broker)) == 20


def test_senders_in_many_threads_lose_and_repeat_nothing(broker, publisher) -> None:
    sent: list[str] = []

    def send() -> None:
        for _ in range(10):
            message = a_message()
            publisher.publish([message])
            sent.append(message.envelope.id)

    run_together(*[send] * 8)
    found = [envelope.id for envelope in arrived(broker)]
    assert sorted(found) == sorted(sent)
    assert publisher.sent == 80


def test_it_connects_again_after_its_connection_was_closed(broker, publisher) -> None:
    publisher.publish([a_message()])
    broker.close_all_connections()
    publisher.publish([a_message()])
    assert len({envelope.id for envelope in arrived(broker)}) == 2


def test_it_waits_for_a_broker_that_restarts(broker, publisher) -> None:
    publisher.publish([a_message()])
    broker.restart()
    publisher.publish([a_message()])
    assert len({envelope.id for envelope in arrived(broker)}) == 2


def test_a_broker_that_blocks_publishers_is_reported_in_time(broker) -> None:
    with broker_connection(broker.url) as connection:
        declare(connection, PLACE)
    publisher = Publisher(broker.url, timeout_s=1.0)
    publisher.publish([a_message()])
    broker.raise_alarm()
    began = time.monotonic()
    with pytest.raises(BrokerUnavailableError):
        publish_three(publisher)
    assert time.monotonic() - began < 10
    broker.clear_alarm()
    publisher.publish([a_message()])
    publisher.close()


def test_an_exchange_that_does_not_exist_is_an_error_and_the_next_message_arrives(broker) -> None:
    with broker_connection(broker.url) as connection:
        declare(connection, PLACE)
    publisher = Publisher(broker.url, timeout_s=1.0)
    with pytest.raises(BrokerUnavailableError, match="NOT_FOUND"):
        publisher.publish([a_message(exchange="missing")])
    publisher.publish([a_message()])
    assert len(arrived(broker)) == 1
    publisher.close()


def test_a_message_too_large_to_send_stops_its_batch_before_anything_is_sent(broker, publisher) -> None:
    with pytest.raises(InvalidMessageError):
        publisher.publish([a_message(), a_message(job_id="x" * 300_000)])
    assert arrived(broker) == []


def test_it_can_be_used_again_after_it_was_closed(broker, publisher) -> None:
    publisher.publish([a_message()])
    publisher.close()
    publisher.publish([a_message()])
    assert len(arrived(broker)) == 2


def test_nobody_listening_is_a_refusal_without_the_password(publisher) -> None:
    away = Publisher("amqp://user:hunter2@127.0.0.1:1/", timeout_s=0.3)
    began = time.monotonic()
    with pytest.raises(BrokerUnavailableError) as caught:
        away.publish([a_message()])
    assert time.monotonic() - began < 1.5
    assert "hunter2" not in str(caught.value)


def publish_three(publisher: Publisher) -> None:
    """RabbitMQ takes one more message after an alarm before it blocks the connection."""
    for _ in range(3):
        publisher.publish([a_message()])


def run_together(*actions) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
