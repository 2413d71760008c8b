"""Which queues a message goes to."""

from __future__ import annotations

from typing import Any

import pytest


def test_the_default_exchange_delivers_to_the_queue_named_by_the_routing_key(client: Any) -> None:
    client.queue("wanted")
    client.queue("other")
    client.publish("hello", "wanted")
    client.settle("wanted", 1)
    assert client.ready("other") == 0


def test_a_direct_exchange_delivers_where_the_binding_key_is_equal(client: Any) -> None:
    client.exchange("commands")
    for pool in ("renderer", "content"):
        client.queue(pool)
        client.bind(pool, "commands", pool)
    client.publish("render", exchange="commands", key="renderer")
    client.settle("renderer", 1)
    assert client.ready("content") == 0


def test_a_fanout_exchange_delivers_to_every_queue(client: Any) -> None:
    client.exchange("news", "fanout")
    for name in ("a", "b"):
        client.queue(name)
        client.bind(name, "news")
    client.publish("hello", exchange="news", key="whatever")
    client.settle("a", 1)
    client.settle("b", 1)


@pytest.mark.parametrize(
    ("pattern", "key", "fits"),
    [
        ("job.started", "job.started", True),
        ("job.started", "job.succeeded", False),
        ("job.*", "job.started", True),
        ("job.*", "job", False),
        ("job.*", "job.started.again", False),
        ("*.started", "task.started", True),
        ("*", "job.started", False),
        ("#", "job.started", True),
        ("#", "", True),
        ("job.#", "job", True),
        ("job.#", "job.started.again", True),
        ("job.#", "jobs.started", False),
        ("#.started", "started", True),
        ("#.started", "a.b.started", True),
        ("a.#.z", "a.z", True),
        ("a.#.z", "a.b.c.z", True),
        ("a.#.z", "a.b.c", False),
        ("a.*.#", "a", False),
        ("a.*.#", "a.b", True),
        ("#.*", "", False),
        ("*", "", False),
        ("", "", True),
        ("*.*", ".", True),
    ],
)
def test_a_topic_exchange_delivers_where_the_pattern_fits(client: Any, pattern: str, key: str, fits: bool) -> None:
    client.exchange("facts", "topic")
    client.queue("listener")
    client.bind("listener", "facts", pattern)
    sent = client.publish("fact", exchange="facts", key=key, mandatory=True)
    assert (sent.returned is None) == fits
    client.settle("listener", int(fits))


def test_a_queue_bound_twice_gets_a_message_once(client: Any) -> None:
    client.exchange("facts", "topic")
    client.queue("listener")
    client.bind("listener", "facts", "job.*")
    client.bind("listener", "facts", "#")
    client.publish("fact", exchange="facts", key="job.started")
    client.publish("end", "listener")
    client.settle("listener", 2)


def test_an_unbound_queue_gets_nothing_more(client: Any) -> None:
    client.exchange("facts", "topic")
    client.queue("listener")
    client.bind("listener", "facts", "job.*")
    client.channel.queue_unbind("listener", "facts", "job.*")
    assert client.publish("fact", exchange="facts", key="job.started", mandatory=True).returned


def test_a_deleted_queue_is_unbound(client: Any) -> None:
    client.exchange("facts", "topic")
    client.queue("listener")
    client.bind("listener", "facts", "#")
    client.channel.queue_delete("listener")
    client.queue("listener")
    assert client.publish("fact", exchange="facts", key="job.started", mandatory=True).returned


def test_a_message_arrives_as_it_was_sent(client: Any) -> None:
    client.queue("inbox")
    client.publish(
        b"\x00\xff",
        "inbox",
        content_type="application/octet-stream",
        message_id="m-1",
        correlation_id="c-1",
        reply_to="back",
        application_headers={"text": "ä", "number": 5, "flag": True, "nested": {"list": [1, "two"]}},
    )
    message = client.get("inbox")
    assert bytes(message.body) == b"\x00\xff"
    assert message.properties["content_type"] == "application/octet-stream"
    assert message.properties["message_id"] == "m-1"
    assert message.properties["correlation_id"] == "c-1"
    assert message.properties["reply_to"] == "back"
    assert message.properties["delivery_mode"] == 2
    assert message.headers == {"text": "ä", "number": 5, "flag": True, "nested": {"list": [1, "two"]}}
    assert message.delivery_info["exchange"] == ""
    assert message.delivery_info["routing_key"] == "inbox"


def test_the_copies_in_two_queues_are_independent(client: Any) -> None:
    client.exchange("news", "fanout")
    for name in ("a", "b"):
        client.queue(name)
        client.bind(name, "news")
    client.publish("hello", exchange="news", application_headers={"list": [1]})
    client.get("a").headers["list"].append(2)
    assert client.get("b").headers == {"list": [1]}


def test_an_auto_delete_exchange_goes_with_its_last_binding(client: Any) -> None:
    client.exchange("passing", "topic", auto_delete=True)
    client.queue("a")
    client.bind("a", "passing", "x")
    client.channel.queue_unbind("a", "passing", "x")
    with pytest.raises(client.connection.channel_errors, match="no exchange 'passing'"):
        client.channel.exchange_declare("passing", "topic", passive=True)
