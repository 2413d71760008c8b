"""Lost connections, alarms and restarts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from amqp.exceptions import ConnectionForced, NotFound, RecoverableConnectionError

LOST = (RecoverableConnectionError, OSError)


def test_a_reader_learns_that_its_connection_was_closed(client: Any, broker: Any) -> None:
    client.queue("inbox")
    client.consume("inbox")
    broker.close_all_connections()
    with pytest.raises(ConnectionForced):
        client.pump()
    assert isinstance(ConnectionForced(), client.connection.recoverable_connection_errors)


def test_a_reader_that_waits_is_woken_when_its_connection_is_closed(client: Any, broker: Any) -> None:
    client.queue("inbox")
    errors: list[BaseException] = []

    def read() -> None:
        try:
            client.connection.drain_events()
        except ConnectionForced as error:
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    broker.close_all_connections()
    reader.join(timeout=20)
    assert isinstance(errors[0], ConnectionForced)


def test_a_closed_connection_cannot_be_used(client: Any, broker: Any) -> None:
    broker.close_all_connections()
    with pytest.raises(LOST):
        client.pump()
    assert not client.connection.connected
    with pytest.raises(LOST):
        client.queue("inbox")


def test_a_client_can_connect_again_at_once(client: Any, broker: Any, connect: Callable[[], Any]) -> None:
    client.queue("inbox")
    client.publish("kept", "inbox")
    client.get("inbox")
    broker.close_all_connections()
    again = connect()
    assert again.get("inbox").delivery_info["redelivered"]


def test_kombu_reconnects_a_publisher(client: Any, broker: Any) -> None:
    client.queue("inbox")
    producer = client.connection.Producer()
    producer.publish({"n": 1}, routing_key="inbox")
    client.settle("inbox", 1)
    broker.close_all_connections()
    with pytest.raises(LOST):
        client.pump()
    producer.publish({"n": 2}, routing_key="inbox", retry=True, retry_policy={"max_retries": 5})
    client.new_channel()
    client.settle("inbox", 2)


def test_an_alarm_holds_publishers_until_it_is_over(client: Any, broker: Any) -> None:
    client.queue("inbox")
    client.publish("before", "inbox")
    broker.raise_alarm()
    held = client.send("during", "inbox")
    with pytest.raises(AssertionError, match="in time"):
        client.pump(lambda: held.confirmed is not None, patience_s=0.5)
    broker.clear_alarm()
    client.pump(lambda: held.confirmed is True)


def test_a_publisher_is_told_of_an_alarm_and_of_its_end(client: Any, broker: Any) -> None:
    told: list[str] = []
    client.connection.connection.on_blocked = lambda reason: told.append("blocked")
    client.connection.connection.on_unblocked = lambda: told.append("unblocked")
    client.queue("inbox")
    broker.raise_alarm()
    client.send("during", "inbox")
    client.pump(lambda: told == ["blocked"])
    broker.clear_alarm()
    client.pump(lambda: told == ["blocked", "unblocked"])


def test_consumers_work_on_during_an_alarm(client: Any, broker: Any, connect: Callable[[], Any]) -> None:
    client.queue("inbox")
    client.publish("one", "inbox")
    broker.raise_alarm()
    reader = connect()
    reader.ack(reader.get("inbox"))
    reader.settle("inbox", 0)
    broker.clear_alarm()


def test_a_restart_keeps_durable_things_and_persistent_messages_and_nothing_else(
    client: Any, broker: Any, connect: Callable[[], Any]
) -> None:
    """A quorum queue keeps all its messages."""
    client.exchange("facts", "topic")
    client.exchange("passing", "topic", durable=False)
    client.queue("passing", durable=False)
    client.queue("quorum", quorum=True)
    client.queue("classic")
    for name in ("quorum", "classic"):
        client.bind(name, "facts", "#")
    assert client.publish("kept", exchange="facts", key="x").confirmed
    assert client.publish("transient", exchange="facts", key="x", persistent=False).confirmed

    broker.restart()

    again = connect()
    again.settle("classic", 1)
    again.settle("quorum", 2)
    assert again.publish("fact", exchange="facts", key="x", mandatory=True).returned is None
    with pytest.raises(NotFound):
        again.channel.queue_declare("passing", passive=True)
    with pytest.raises(NotFound):
        again.channel.exchange_declare("passing", "topic", passive=True)


def test_a_killed_broker_has_kept_what_it_confirmed(client: Any, broker: Any, connect: Callable[[], Any]) -> None:
    """In a classic queue: RabbitMQ 3.10 forgets a quorum queue that is killed within 2 s of its declaration."""
    client.queue("inbox")
    for body in ("held", "waiting"):
        assert client.publish(body, "inbox").confirmed
    client.get("inbox")

    broker.kill_and_start()

    with pytest.raises(LOST):
        client.pump()
    again = connect()
    assert again.get("inbox").body in ("held", b"held")
    assert again.get("inbox").body in ("waiting", b"waiting")
