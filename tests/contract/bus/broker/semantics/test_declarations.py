"""Declaring, finding, emptying and deleting exchanges and queues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amqp.exceptions import AccessRefused, AMQPError, NotFound, PreconditionFailed, ResourceLocked

QUORUM = {"x-queue-type": "quorum"}


def test_a_missing_queue_is_not_found(client: Any) -> None:
    with pytest.raises(NotFound, match="no queue 'missing'"):
        client.channel.queue_declare("missing", passive=True)


def test_a_missing_exchange_is_not_found(client: Any) -> None:
    with pytest.raises(NotFound, match="no exchange 'missing'"):
        client.channel.exchange_declare("missing", "topic", passive=True)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.bind("missing", "amq.topic", "#"),
        lambda client: client.bind("there", "missing", "#"),
        lambda client: client.consume("missing"),
        lambda client: client.channel.basic_get("missing"),
        lambda client: client.channel.queue_purge("missing"),
    ],
    ids=["bind queue", "bind to exchange", "consume", "get", "purge"],
)
def test_what_is_missing_cannot_be_used(client: Any, ask: Callable[[Any], object]) -> None:
    client.queue("there")
    with pytest.raises(NotFound):
        ask(client)


def test_a_channel_can_be_used_again_after_an_error(client: Any) -> None:
    with pytest.raises(NotFound):
        client.channel.queue_declare("missing", passive=True)
    client.queue("there")
    assert client.ready("there") == 0


def test_a_declaration_tells_messages_and_consumers(client: Any) -> None:
    client.queue("inbox")
    client.publish("one", "inbox")
    client.publish("two", "inbox")
    client.prefetch(1)
    subscription = client.consume("inbox")
    client.pump(lambda: len(subscription.messages) == 1)
    client.settle("inbox", 1)
    assert client.queue("inbox").consumer_count == 1


@pytest.mark.parametrize(
    "arguments",
    [
        QUORUM | {"x-delivery-limit": 3, "x-dead-letter-exchange": "dead"},
        {"x-message-ttl": 60_000, "x-max-length": 10, "x-overflow": "drop-head"},
    ],
)
def test_an_equal_second_declaration_is_accepted(client: Any, arguments: dict[str, Any]) -> None:
    client.queue("inbox", arguments=arguments)
    assert client.queue("inbox", arguments=arguments).queue == "inbox"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"x-message-ttl": 1000}, {"x-message-ttl": 2000}),
        ({}, {"x-message-ttl": 2000}),
        ({"x-max-length": 5}, {}),
        ({"x-dead-letter-exchange": "a"}, {"x-dead-letter-exchange": "b"}),
        ({"x-dead-letter-exchange": "a"}, {"x-dead-letter-exchange": "a", "x-dead-letter-routing-key": "k"}),
        ({}, QUORUM),
        ({"x-expires": 60_000}, {"x-expires": 90_000}),
        ({"x-overflow": "reject-publish"}, {"x-overflow": "drop-head"}),
        ({"x-single-active-consumer": True}, {}),
    ],
)
def test_a_second_declaration_with_other_arguments_is_refused(
    client: Any, first: dict[str, Any], second: dict[str, Any]
) -> None:
    client.queue("inbox", arguments=first)
    with pytest.raises(PreconditionFailed, match="inequivalent arg 'x-"):
        client.queue("inbox", arguments=second)


def test_a_second_declaration_that_is_not_durable_is_refused(client: Any) -> None:
    client.queue("inbox")
    with pytest.raises(PreconditionFailed, match="inequivalent arg 'durable'"):
        client.queue("inbox", durable=False)


@pytest.mark.parametrize("other", [{"kind": "direct"}, {"kind": "topic", "durable": False}])
def test_a_second_exchange_of_another_kind_is_refused(client: Any, other: dict[str, Any]) -> None:
    client.exchange("facts", "topic")
    with pytest.raises(PreconditionFailed, match="inequivalent arg"):
        client.exchange("facts", **other)


@pytest.mark.parametrize(
    "arguments",
    [
        {"x-message-ttl": -1},
        {"x-message-ttl": "long"},
        {"x-queue-type": "fancy"},
        {"x-overflow": "explode"},
        QUORUM | {"x-max-priority": 5},
    ],
)
def test_a_senseless_argument_is_refused(client: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(AMQPError) as caught:
        client.queue("inbox", arguments=arguments)
    assert caught.value.reply_code in (406, 540)


@pytest.mark.parametrize("options", [{"durable": False}, {"exclusive": True}])
def test_a_quorum_queue_must_be_durable_and_shared(client: Any, options: dict[str, Any]) -> None:
    with pytest.raises(PreconditionFailed):
        client.queue("inbox", quorum=True, **options)


def test_names_of_the_broker_are_reserved(client: Any) -> None:
    with pytest.raises(AccessRefused):
        client.queue("amq.mine")
    with pytest.raises(AccessRefused):
        client.exchange("amq.mine")


def test_a_queue_without_a_name_gets_one(client: Any) -> None:
    first = client.queue("", exclusive=True).queue
    second = client.queue("", exclusive=True).queue
    assert first.startswith("amq.gen-")
    assert first != second
    client.publish("hello", second)
    assert client.get(second).body


def test_an_exclusive_queue_is_closed_to_other_connections(connect: Callable[[], Any]) -> None:
    owner, other = connect(), connect()
    owner.queue("private", exclusive=True)
    with pytest.raises(ResourceLocked):
        other.consume("private")
    with pytest.raises(ResourceLocked):
        other.channel.queue_declare("private", passive=True)
    assert owner.ready("private") == 0


def test_an_exclusive_queue_goes_with_its_connection(connect: Callable[[], Any]) -> None:
    owner, other = connect(), connect()
    owner.queue("private", exclusive=True, durable=False)
    other.publish("hello", "private")
    owner.connection.close()

    def gone() -> bool:
        return other.publish("hello", "private", mandatory=True).returned is not None

    other.pump(gone)


def test_an_auto_delete_queue_goes_with_its_last_consumer(client: Any) -> None:
    client.queue("passing", auto_delete=True)
    first, second = client.consume("passing"), client.consume("passing")
    client.channel.basic_cancel(first.tag)
    assert client.ready("passing") == 0
    client.channel.basic_cancel(second.tag)
    with pytest.raises(NotFound):
        client.ready("passing")


def test_a_queue_that_nobody_uses_expires(client: Any) -> None:
    client.queue("passing", arguments={"x-expires": 100})

    def gone() -> bool:
        return client.publish("hello", "passing", mandatory=True).returned is not None

    client.pump(gone)


def test_a_queue_with_a_consumer_does_not_expire(client: Any) -> None:
    client.queue("used", arguments={"x-expires": 100})
    client.queue("passing", arguments={"x-expires": 200})
    client.consume("used")
    client.pump(lambda: client.publish("hello", "passing", mandatory=True).returned is not None)
    assert client.ready("used") == 0


def test_purging_drops_what_waits_and_counts_it(client: Any) -> None:
    client.queue("inbox")
    for number in range(3):
        client.publish(str(number), "inbox")
    client.get("inbox")
    assert client.channel.queue_purge("inbox") == 2
    assert client.ready("inbox") == 0


def test_deleting_a_queue_counts_its_messages(client: Any) -> None:
    client.queue("inbox")
    client.publish("one", "inbox")
    assert client.channel.queue_delete("inbox") == 1
    with pytest.raises(NotFound):
        client.ready("inbox")


def test_deleting_what_is_missing_is_no_error(client: Any) -> None:
    assert client.channel.queue_delete("missing") == 0
    client.channel.exchange_delete("missing")


def test_a_queue_in_use_is_not_deleted_if_told_so(client: Any) -> None:
    client.queue("inbox")
    client.publish("one", "inbox")
    with pytest.raises(PreconditionFailed):
        client.channel.queue_delete("inbox", if_empty=True)
    client.consume("inbox")
    with pytest.raises(PreconditionFailed):
        client.channel.queue_delete("inbox", if_unused=True)


def test_a_bound_exchange_is_not_deleted_if_told_so(client: Any) -> None:
    client.exchange("facts", "topic")
    client.queue("inbox")
    client.bind("inbox", "facts", "#")
    with pytest.raises(PreconditionFailed):
        client.channel.exchange_delete("facts", if_unused=True)
    client.channel.exchange_delete("facts")
    with pytest.raises(NotFound):
        client.channel.exchange_declare("facts", "topic", passive=True)


def test_consumers_are_told_when_their_queue_is_deleted(connect: Callable[[], Any]) -> None:
    consumer, owner = connect(), connect()
    owner.queue("inbox")
    subscription = consumer.consume("inbox")
    owner.channel.queue_delete("inbox")
    consumer.pump(lambda: subscription.cancelled)
