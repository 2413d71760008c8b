"""What becomes of messages that are refused, come back too often, wait too long or do not fit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

BOTH = pytest.mark.parametrize("quorum", [False, True], ids=["classic", "quorum"])


@pytest.fixture
def dead(client: Any) -> Any:
    """Arguments of a queue whose dead letters go to the queue `inbox.dead`."""
    client.exchange("dead", "topic")
    client.queue("inbox.dead")
    client.bind("inbox.dead", "dead", "inbox")
    return {"x-dead-letter-exchange": "dead", "x-dead-letter-routing-key": "inbox"}


@BOTH
def test_a_refused_message_tells_where_it_died_and_why(client: Any, dead: Any, quorum: bool) -> None:
    client.exchange("commands")
    client.queue("inbox", quorum=quorum, arguments=dead)
    client.bind("inbox", "commands", "work")
    client.publish("hello", exchange="commands", key="work", application_headers={"kid": "k1"}, message_id="m1")
    client.reject(client.get("inbox"), requeue=False)
    letter = client.get("inbox.dead")
    assert letter.headers["kid"] == "k1"
    assert letter.properties["message_id"] == "m1"
    assert letter.delivery_info["exchange"] == "dead"
    assert letter.delivery_info["routing_key"] == "inbox"
    (death,) = letter.headers["x-death"]
    assert abs(datetime.now(UTC).replace(tzinfo=None) - death.pop("time")) < timedelta(minutes=1)
    assert death == {
        "count": 1,
        "reason": "rejected",
        "queue": "inbox",
        "exchange": "commands",
        "routing-keys": ["work"],
    }
    assert letter.headers["x-first-death-reason"] == "rejected"
    assert letter.headers["x-first-death-queue"] == "inbox"
    assert letter.headers["x-first-death-exchange"] == "commands"


def test_without_a_key_of_its_own_a_dead_letter_keeps_its_routing_key(client: Any) -> None:
    client.exchange("dead", "topic")
    client.queue("all.dead")
    client.bind("all.dead", "dead", "#")
    client.queue("inbox", arguments={"x-dead-letter-exchange": "dead"})
    client.publish("hello", "inbox")
    client.reject(client.get("inbox"), requeue=False)
    assert client.get("all.dead").delivery_info["routing_key"] == "inbox"


@pytest.mark.parametrize("how", ["rejected", "channel closed", "connection closed"])
def test_a_message_that_comes_back_too_often_is_set_aside(
    connect: Callable[[], Any], client: Any, dead: Any, how: str
) -> None:
    """A limit of 3 returns allows 4 deliveries."""
    client.queue("inbox", quorum=True, arguments=dead | {"x-delivery-limit": 3})
    client.publish("poison", "inbox")
    for count in range(4):
        worker = connect()
        message = worker.get("inbox")
        assert (message.headers or {}).get("x-delivery-count", 0) == count
        if how == "rejected":
            worker.reject(message, requeue=True)
        elif how == "channel closed":
            worker.channel.close()
        else:
            worker.connection.close()
    letter = client.get("inbox.dead")
    assert letter.headers["x-death"][0]["reason"] == "delivery_limit"
    assert client.ready("inbox") == 0


@BOTH
def test_a_message_that_waits_too_long_in_its_queue_dies(client: Any, dead: Any, quorum: bool) -> None:
    client.queue("inbox", quorum=quorum, arguments=dead | {"x-message-ttl": 50})
    client.publish("late", "inbox")
    letter = client.get("inbox.dead")
    assert letter.headers["x-death"][0]["reason"] == "expired"
    assert "original-expiration" not in letter.headers["x-death"][0]


@BOTH
def test_a_message_with_a_time_limit_of_its_own_dies_and_loses_the_limit(
    client: Any, dead: Any, quorum: bool
) -> None:
    client.queue("inbox", quorum=quorum, arguments=dead)
    client.publish("late", "inbox", expiration="50")
    letter = client.get("inbox.dead")
    assert letter.headers["x-death"][0]["original-expiration"] == "50"
    assert "expiration" not in letter.properties


def test_the_shorter_of_two_time_limits_counts(client: Any, dead: Any) -> None:
    client.queue("inbox", arguments=dead | {"x-message-ttl": 60_000})
    client.publish("late", "inbox", expiration="50")
    assert client.get("inbox.dead").body


def test_a_message_behind_one_that_may_stay_outlives_its_time(client: Any, dead: Any) -> None:
    """Only the first message of a queue is looked at."""
    client.queue("inbox", arguments=dead)
    client.queue("clock", arguments=dead)
    client.publish("stays", "inbox")
    client.publish("late", "inbox", expiration="1")
    client.publish("tick", "clock", expiration="100")
    client.settle("inbox.dead", 1)
    assert client.ready("inbox") == 2
    client.ack(client.get("inbox"))
    client.settle("inbox.dead", 2)


def test_a_message_that_is_held_does_not_expire(client: Any, dead: Any) -> None:
    client.queue("inbox", arguments=dead | {"x-message-ttl": 50})
    client.queue("clock", arguments=dead)
    client.publish("held", "inbox")
    message = client.get("inbox")
    client.publish("tick", "clock", expiration="150")
    assert client.get("inbox.dead").headers["x-death"][0]["queue"] == "clock"
    client.reject(message, requeue=True)
    assert client.get("inbox.dead").headers["x-death"][0]["queue"] == "inbox"


def test_a_message_with_no_time_at_all_reaches_a_waiting_consumer(client: Any, dead: Any) -> None:
    client.queue("inbox", arguments=dead)
    subscription = client.consume("inbox")
    client.publish("now", "inbox", expiration="0")
    client.pump(lambda: subscription.bodies == ["now"])


@BOTH
def test_the_oldest_messages_leave_a_full_queue(client: Any, dead: Any, quorum: bool) -> None:
    client.queue("inbox", quorum=quorum, arguments=dead | {"x-max-length": 2})
    for number in range(4):
        client.publish(str(number), "inbox")
    client.settle("inbox", 2)
    letters = [client.get("inbox.dead") for _ in range(2)]
    assert [
        bytes(letter.body, "utf-8") if isinstance(letter.body, str) else bytes(letter.body) for letter in letters
    ] == [b"0", b"1"]
    assert {letter.headers["x-death"][0]["reason"] for letter in letters} == {"maxlen"}


def test_deaths_of_one_kind_are_counted_and_of_another_are_listed_first(client: Any) -> None:
    client.queue("inbox", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "pause"})
    client.queue(
        "pause",
        arguments={"x-message-ttl": 20, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "inbox"},
    )
    client.publish("again and again", "inbox")
    for _ in range(3):
        client.reject(client.get("inbox"), requeue=False)
    message = client.get("inbox")
    assert [(death["queue"], death["reason"], death["count"]) for death in message.headers["x-death"]] == [
        ("pause", "expired", 3),
        ("inbox", "rejected", 3),
    ]
    assert message.headers["x-first-death-reason"] == "rejected"


def test_a_message_that_would_go_round_for_ever_is_dropped(client: Any) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        client.queue(
            name,
            arguments={"x-message-ttl": 20, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": other},
        )
    client.publish("round and round", "a")

    def empty() -> bool:
        return client.ready("a") + client.ready("b") == 0

    client.pump(empty)
    client.queue(
        "clock", arguments={"x-message-ttl": 100, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "end"}
    )
    client.queue("end")
    client.publish("tick", "clock")
    client.settle("end", 1)
    assert empty()


@pytest.mark.parametrize("arguments", [{}, {"x-dead-letter-exchange": "missing"}])
def test_without_a_place_for_it_a_dead_message_is_dropped(client: Any, arguments: Any) -> None:
    client.queue("inbox", arguments=arguments)
    client.publish("hello", "inbox")
    client.reject(client.get("inbox"), requeue=False)
    assert client.ready("inbox") == 0


def test_a_dead_letter_that_must_not_be_lost_arrives(client: Any, dead: Any) -> None:
    client.queue(
        "inbox",
        quorum=True,
        arguments=dead | {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"},
    )
    client.publish("hello", "inbox")
    client.reject(client.get("inbox"), requeue=False)
    assert client.get("inbox.dead").headers["x-death"][0]["reason"] == "rejected"
