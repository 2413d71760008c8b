"""Consuming: who gets a message, how many at a time, and what an answer does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from amqp.exceptions import AccessRefused, AMQPNotImplementedError, NotAllowed, PreconditionFailed

BOTH = pytest.mark.parametrize("quorum", [False, True], ids=["classic", "quorum"])


def fill(client: Any, queue: str, count: int) -> None:
    for number in range(count):
        client.publish(str(number), queue)


def bodies(messages: list[Any]) -> list[str]:
    return [
        str(message.body, "utf-8") if isinstance(message.body, bytes) else message.body for message in messages
    ]


@BOTH
def test_an_acknowledged_message_is_gone(connect: Callable[[], Any], quorum: bool) -> None:
    client, later = connect(), connect()
    client.queue("inbox", quorum=quorum)
    fill(client, "inbox", 1)
    client.ack(client.get("inbox"))
    client.connection.close()
    later.publish("fence", "inbox")
    assert bodies([later.get("inbox")]) == ["fence"]


@BOTH
def test_an_acknowledgement_may_cover_all_before_it(connect: Callable[[], Any], quorum: bool) -> None:
    client, later = connect(), connect()
    client.queue("inbox", quorum=quorum)
    fill(client, "inbox", 4)
    messages = [client.get("inbox") for _ in range(4)]
    client.ack(messages[2], multiple=True)
    client.connection.close()
    assert bodies([later.get("inbox")]) == ["3"]
    later.settle("inbox", 0)


@BOTH
def test_a_requeued_message_comes_again_and_says_so(client: Any, quorum: bool) -> None:
    client.queue("inbox", quorum=quorum, arguments={"x-delivery-limit": 5} if quorum else {})
    fill(client, "inbox", 2)
    first = client.get("inbox")
    assert not first.delivery_info["redelivered"]
    client.reject(first, requeue=True)
    client.settle("inbox", 2)
    again = client.get("inbox")
    assert bodies([again]) == ["0"]
    assert again.delivery_info["redelivered"]


@BOTH
def test_a_refused_message_is_gone(client: Any, quorum: bool) -> None:
    client.queue("inbox", quorum=quorum)
    fill(client, "inbox", 2)
    client.reject(client.get("inbox"), requeue=False)
    assert bodies([client.get("inbox")]) == ["1"]
    client.settle("inbox", 0)


def test_messages_requeued_out_of_order_keep_their_places_in_a_classic_queue(client: Any) -> None:
    client.queue("inbox")
    fill(client, "inbox", 4)
    messages = [client.get("inbox") for _ in range(3)]
    for index in (2, 0, 1):
        client.reject(messages[index], requeue=True)
    client.settle("inbox", 4)
    assert bodies([client.get("inbox") for _ in range(4)]) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("arguments", "order"),
    [({"x-delivery-limit": 5}, ["2", "0", "1", "3"]), ({}, ["3", "2", "0", "1"])],
    ids=["with limit", "without limit"],
)
def test_messages_requeued_in_a_quorum_queue_come_as_returned(
    client: Any, arguments: dict[str, Any], order: list[str]
) -> None:
    """Before all others, but without a delivery limit after them."""
    client.queue("inbox", quorum=True, arguments=arguments)
    fill(client, "inbox", 4)
    messages = [client.get("inbox") for _ in range(3)]
    for index in (2, 0, 1):
        client.reject(messages[index], requeue=True)
    client.settle("inbox", 4)
    assert bodies([client.get("inbox") for _ in range(4)]) == order


@BOTH
@pytest.mark.parametrize("closed", ["channel", "connection"])
def test_unanswered_messages_come_again_first_and_in_order(
    connect: Callable[[], Any], quorum: bool, closed: str
) -> None:
    client, later = connect(), connect()
    client.queue("inbox", quorum=quorum)
    fill(client, "inbox", 5)
    client.prefetch(3)
    subscription = client.consume("inbox")
    client.pump(lambda: len(subscription.messages) == 3)
    getattr(client, closed).close()
    later.settle("inbox", 5)
    messages = [later.get("inbox") for _ in range(5)]
    assert bodies(messages) == ["0", "1", "2", "3", "4"]
    assert [message.delivery_info["redelivered"] for message in messages] == [True, True, True, False, False]


@BOTH
def test_recovery_asks_for_all_unanswered_messages_again(client: Any, quorum: bool) -> None:
    client.queue("inbox", quorum=quorum)
    fill(client, "inbox", 2)
    for _ in range(2):
        client.get("inbox")
    client.channel.basic_recover(requeue=True)
    client.settle("inbox", 2)
    assert bodies([client.get("inbox") for _ in range(2)]) == ["0", "1"]


def test_an_answer_to_nothing_closes_the_channel(client: Any) -> None:
    client.channel.basic_ack(17)
    with pytest.raises(PreconditionFailed, match="unknown delivery tag 17"):
        client.pump()


def test_a_second_answer_closes_the_channel_and_gives_back_the_rest(client: Any) -> None:
    client.queue("inbox")
    fill(client, "inbox", 2)
    first = client.get("inbox")
    client.get("inbox")
    client.ack(first)
    client.ack(first)
    with pytest.raises(PreconditionFailed):
        client.pump()
    client.settle("inbox", 1)


@BOTH
def test_a_consumer_gets_no_more_than_its_prefetch(client: Any, quorum: bool) -> None:
    client.queue("inbox", quorum=quorum)
    fill(client, "inbox", 5)
    client.prefetch(2)
    subscription = client.consume("inbox")
    client.settle("inbox", 3)
    assert subscription.bodies == ["0", "1"]
    client.ack(subscription.messages[0])
    client.settle("inbox", 2)
    assert subscription.bodies == ["0", "1", "2"]


def test_every_consumer_of_a_channel_has_the_prefetch_for_itself(client: Any) -> None:
    for queue in ("a", "b"):
        client.queue(queue)
        fill(client, queue, 3)
    client.prefetch(1)
    first, second = client.consume("a"), client.consume("b")
    client.settle("a", 2)
    client.settle("b", 2)
    assert (first.bodies, second.bodies) == (["0"], ["0"])


def test_consumers_may_share_a_prefetch(client: Any) -> None:
    for queue in ("a", "b"):
        client.queue(queue)
    client.prefetch(1, shared=True)
    first, second = client.consume("a"), client.consume("b")
    fill(client, "a", 1)
    client.pump(lambda: first.bodies == ["0"])
    fill(client, "b", 1)
    client.settle("b", 1)
    assert not second.messages
    client.ack(first.messages[0])
    client.pump(lambda: second.bodies == ["0"])


def test_a_shared_prefetch_is_refused_for_a_quorum_queue(client: Any) -> None:
    client.queue("inbox", quorum=True)
    client.prefetch(1, shared=True)
    with pytest.raises(AMQPNotImplementedError):
        client.consume("inbox")


def test_a_consumer_without_answers_has_no_limit(connect: Callable[[], Any]) -> None:
    client, later = connect(), connect()
    client.queue("inbox")
    fill(client, "inbox", 5)
    client.prefetch(1)
    subscription = client.consume("inbox", no_ack=True)
    client.pump(lambda: len(subscription.messages) == 5)
    client.connection.close()
    later.publish("fence", "inbox")
    assert bodies([later.get("inbox")]) == ["fence"]


@BOTH
def test_consumers_take_turns(connect: Callable[[], Any], quorum: bool) -> None:
    publisher, first, second = connect(), connect(), connect()
    publisher.queue("inbox", quorum=quorum)
    subscriptions = [(one, one.consume("inbox")) for one in (first, second)]
    fill(publisher, "inbox", 10)
    for one, subscription in subscriptions:
        one.pump(lambda subscription=subscription: len(subscription.messages) == 5)


def test_a_busy_consumer_is_passed_over(connect: Callable[[], Any]) -> None:
    publisher, busy, idle = connect(), connect(), connect()
    publisher.queue("inbox")
    for one in (busy, idle):
        one.prefetch(1)
    first, second = busy.consume("inbox"), idle.consume("inbox")
    publisher.publish("0", "inbox")
    publisher.publish("1", "inbox")
    busy.pump(lambda: len(first.messages) == 1)
    for number in range(2, 6):
        idle.pump(lambda number=number: len(second.messages) == number - 1)
        idle.ack(second.messages[-1])
        publisher.publish(str(number), "inbox")
    idle.pump(lambda: len(second.messages) == 5)
    assert len(first.messages) == 1


@BOTH
def test_only_the_first_consumer_is_active_where_one_shall_be(connect: Callable[[], Any], quorum: bool) -> None:
    publisher, first, second = connect(), connect(), connect()
    publisher.queue("inbox", quorum=quorum, arguments={"x-single-active-consumer": True})
    active, waiting = first.consume("inbox"), second.consume("inbox")
    fill(publisher, "inbox", 3)
    first.pump(lambda: len(active.messages) == 3)
    first.ack(active.messages[-1], multiple=True)
    first.connection.close()
    publisher.pump(
        lambda: (
            publisher.queue("inbox", quorum=quorum, arguments={"x-single-active-consumer": True}).consumer_count
            == 1
        )
    )
    publisher.publish("next", "inbox")
    second.pump(lambda: waiting.bodies == ["next"])


def test_an_exclusive_consumer_stays_alone(connect: Callable[[], Any]) -> None:
    first, second = connect(), connect()
    first.queue("inbox")
    first.consume("inbox", exclusive=True)
    with pytest.raises(AccessRefused):
        second.consume("inbox")


def test_a_queue_in_use_takes_no_exclusive_consumer(connect: Callable[[], Any]) -> None:
    first, second = connect(), connect()
    first.queue("inbox")
    first.consume("inbox")
    with pytest.raises(AccessRefused):
        second.consume("inbox", exclusive=True)


def test_a_consumer_tag_is_used_once(client: Any) -> None:
    client.queue("inbox")
    client.consume("inbox", consumer_tag="me")
    with pytest.raises(NotAllowed):
        client.consume("inbox", consumer_tag="me")


def test_a_cancelled_consumer_gets_nothing_more_but_may_still_answer(connect: Callable[[], Any]) -> None:
    client, publisher = connect(), connect()
    client.queue("inbox")
    subscription = client.consume("inbox")
    publisher.publish("one", "inbox")
    client.pump(lambda: len(subscription.messages) == 1)
    client.channel.basic_cancel(subscription.tag)
    publisher.publish("two", "inbox")
    client.ack(subscription.messages[0])
    client.settle("inbox", 1)
    assert subscription.bodies == ["one"]


def test_a_message_got_does_not_count_for_the_prefetch(client: Any) -> None:
    client.queue("inbox")
    fill(client, "inbox", 2)
    client.prefetch(1)
    client.get("inbox")
    subscription = client.consume("inbox")
    client.pump(lambda: subscription.bodies == ["1"])


@BOTH
def test_the_delivery_count_tells_how_often_a_message_came_back(client: Any, quorum: bool) -> None:
    """Only quorum queues count."""
    client.queue("inbox", quorum=quorum)
    fill(client, "inbox", 1)
    counts = []
    for _ in range(3):
        message = client.get("inbox")
        counts.append((message.headers or {}).get("x-delivery-count", 0))
        client.reject(message, requeue=True)
    assert counts == ([0, 1, 2] if quorum else [0, 0, 0])
