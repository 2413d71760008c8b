"""What a publisher is told about its messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amqp.exceptions import AMQPError, MessageNacked, NotFound, PreconditionFailed
from kombu import Connection
from nameko.amqp.publish import Publisher as NamekoPublisher
from nameko.amqp.publish import UndeliverableMessage


def test_a_message_in_its_queue_is_confirmed(client: Any) -> None:
    client.queue("inbox", quorum=True)
    sent = client.publish("hello", "inbox", mandatory=True)
    assert sent.confirmed
    assert sent.returned is None


def test_a_message_that_nobody_wants_is_confirmed(client: Any) -> None:
    sent = client.publish("hello", "nowhere")
    assert sent.confirmed
    assert sent.returned is None


def test_a_mandatory_message_without_a_queue_is_returned_and_then_confirmed(client: Any) -> None:
    sent = client.send("hello", "nowhere", mandatory=True)
    client.pump(lambda: sent.returned is not None)
    assert "(312) NO_ROUTE" in sent.returned
    client.pump(lambda: sent.confirmed is True)


def test_every_message_of_many_is_confirmed(client: Any) -> None:
    client.queue("inbox")
    sent = [client.send(str(number), "inbox") for number in range(200)]
    client.pump(lambda: all(one.confirmed for one in sent))
    client.settle("inbox", 200)


def test_confirms_of_two_channels_are_apart(client: Any) -> None:
    client.queue("inbox")
    client.publish("one", "inbox")
    client.new_channel()
    assert client.publish("two", "inbox").confirmed


@pytest.mark.parametrize(("quorum", "accepted"), [(False, 3), (True, 4)], ids=["classic", "quorum"])
def test_a_full_queue_that_refuses_says_so(client: Any, quorum: bool, accepted: int) -> None:
    """A quorum queue notices one message late that it is full."""
    client.queue("small", quorum=quorum, arguments={"x-max-length": 3, "x-overflow": "reject-publish"})
    results = [client.publish(str(number), "small").confirmed for number in range(6)]
    assert results == [number < accepted for number in range(6)]
    client.settle("small", accepted)


def test_a_queue_that_refused_takes_messages_when_there_is_room(client: Any) -> None:
    client.queue("small", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    client.publish("one", "small")
    assert not client.publish("two", "small").confirmed
    client.ack(client.get("small"))
    client.pump(lambda: client.publish("three", "small").confirmed)


def test_a_missing_exchange_closes_the_channel(client: Any) -> None:
    client.send("hello", exchange="missing", key="x")
    with pytest.raises(NotFound, match="no exchange 'missing'"):
        client.pump()


def test_an_expiration_that_is_no_number_closes_the_channel(client: Any) -> None:
    client.queue("inbox")
    client.send("hello", "inbox", expiration="soon")
    with pytest.raises(PreconditionFailed, match="invalid expiration"):
        client.pump()


def test_a_message_beyond_the_size_limit_closes_the_channel(client: Any, broker: Any) -> None:
    client.queue("inbox")
    client.send(bytes(broker.max_message_bytes + 1), "inbox")
    with pytest.raises(PreconditionFailed, match="larger than"):
        client.pump()
    assert client.ready("inbox") == 0


def test_a_header_that_amqp_cannot_carry_is_refused_before_it_is_sent(client: Any) -> None:
    client.queue("inbox")
    with pytest.raises(AMQPError):
        client.send("hello", "inbox", application_headers={"x": object()})


@pytest.mark.parametrize("exchange", ["", "amq.topic"])
def test_namekos_publisher_learns_that_nobody_gets_its_message(broker: Any, exchange: str) -> None:
    publisher = NamekoPublisher(broker.url, mandatory=True)
    with pytest.raises(UndeliverableMessage):
        publisher.publish({"a": 1}, exchange=exchange, routing_key="nowhere")


def test_namekos_publisher_delivers(broker: Any, client: Any) -> None:
    client.queue("inbox")
    NamekoPublisher(broker.url, mandatory=True).publish({"a": 1}, exchange="", routing_key="inbox")
    message = client.get("inbox")
    assert message.properties["content_type"] == "application/json"
    assert message.properties["delivery_mode"] == 2


def test_kombus_confirming_publisher_learns_of_a_refusal(broker: Any, client: Any) -> None:
    client.queue("small", arguments={"x-max-length": 0, "x-overflow": "reject-publish"})
    with Connection(broker.url, transport_options={"confirm_publish": True}) as connection:
        producer = connection.Producer()
        with pytest.raises(MessageNacked):
            producer.publish({"a": 1}, routing_key="small", retry=False)


def test_one_connection_may_publish_what_it_consumes(connect: Callable[[], Any]) -> None:
    client = connect()
    client.queue("inbox")
    subscription = client.consume("inbox")
    for number in range(5):
        client.publish(str(number), "inbox")
    client.pump(lambda: len(subscription.messages) == 5)
    assert subscription.bodies == ["0", "1", "2", "3", "4"]
