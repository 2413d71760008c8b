"""Which broker an address leads to, and what a broker shows of itself."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from amqp import Message
from amqp.exceptions import AMQPNotImplementedError, NotFound, PreconditionFailed
from kombu import Connection
from kombu.transport import memory as stock_transport
from kombu.transport.virtual import base as stock_virtual

from shared.bus import memory

Connect = Callable[[], Connection]


def test_one_address_leads_to_one_broker(name: str) -> None:
    assert memory.broker_at(f"memory://{name}") is memory.broker_named(name)
    assert memory.broker_at(f"memory://{name}/") is memory.broker_named(name)


def test_another_name_or_virtual_host_leads_to_another_broker(name: str) -> None:
    brokers = {
        memory.broker_at(url) for url in (f"memory://{name}", f"memory://{name}/other", "memory://elsewhere")
    }
    assert len(brokers) == 3


def test_an_address_without_a_name_leads_to_the_default_broker() -> None:
    assert memory.broker_at("memory://") is memory.broker_named()


def test_brokers_share_nothing(name: str, connect: Connect) -> None:
    connect().default_channel.queue_declare("inbox", auto_delete=False)
    with Connection(f"memory://{name}/other") as other, pytest.raises(NotFound):
        other.default_channel.queue_declare("inbox", passive=True)


def test_a_new_broker_has_an_epoch_of_its_own_and_keeps_it_over_a_restart(
    name: str, broker: memory.Broker
) -> None:
    epoch = broker.epoch
    broker.restart()
    assert memory.broker_named(name).epoch == epoch
    memory.discard(name)
    assert memory.broker_named(name).epoch != epoch


def test_a_discarded_broker_breaks_its_connections(name: str, connect: Connect) -> None:
    connection = connect()
    memory.discard(name)
    with pytest.raises(ConnectionResetError):
        connection.drain_events(timeout=1)


def test_registering_leaves_kombus_own_classes_alone() -> None:
    before = vars(stock_virtual.Message).copy(), vars(stock_transport.Channel).copy()
    memory.register()
    assert (vars(stock_virtual.Message), vars(stock_transport.Channel)) == before
    assert Connection("memory://").transport_cls == "memory"


def test_a_stopped_broker_refuses_connections_until_it_is_started(name: str, broker: memory.Broker) -> None:
    transport = Connection(f"memory://{name}").transport
    broker.stop()
    with pytest.raises(ConnectionRefusedError):
        transport.establish_connection()
    broker.start()
    assert transport.establish_connection().connected


def test_a_broker_shows_what_its_queues_hold(broker: memory.Broker, connect: Connect) -> None:
    channel = connect().channel()
    channel.queue_declare("inbox", auto_delete=False)
    for number in range(3):
        channel.basic_publish(Message(str(number), message_id=f"m{number}"), "", "inbox")
    channel.basic_get("inbox")
    view = broker.queues()["inbox"]
    assert (view.ready, view.unacked, view.messages, view.consumers) == (2, 1, 3, 0)
    assert [message.properties["message_id"] for message in broker.messages("inbox")] == ["m1", "m2"]
    assert broker.purge("inbox") == 2
    assert broker.queues()["inbox"].messages == 1


def test_messages_of_a_missing_queue_are_not_found(broker: memory.Broker) -> None:
    with pytest.raises(NotFound):
        broker.messages("missing")


def test_a_broker_may_accept_smaller_messages_only(broker: memory.Broker, connect: Connect) -> None:
    broker.max_message_bytes = 10
    channel = connect().channel()
    channel.queue_declare("inbox", auto_delete=False)
    channel.basic_publish(Message(b"0123456789"), "", "inbox")
    channel.basic_publish(Message(b"0123456789+"), "", "inbox")
    with pytest.raises(PreconditionFailed, match="message size 11 is larger than configured max size 10"):
        channel.connection.drain_events(timeout=1)
    assert broker.queues()["inbox"].ready == 1


@pytest.mark.parametrize("argument", ["x-max-priority", "x-max-length-bytes"])
def test_what_this_broker_cannot_do_is_refused_and_not_ignored(connect: Connect, argument: str) -> None:
    with pytest.raises(AMQPNotImplementedError, match=argument):
        connect().default_channel.queue_declare("inbox", arguments={argument: 5})


def test_a_dead_letter_that_must_not_be_lost_waits_for_a_queue(broker: memory.Broker, connect: Connect) -> None:
    channel = connect().channel()
    channel.exchange_declare("dead", "topic", auto_delete=False)
    channel.queue_declare(
        "inbox",
        durable=True,
        auto_delete=False,
        arguments={
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": "dead",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )
    channel.basic_publish(Message("hello"), "", "inbox")
    channel.basic_reject(channel.basic_get("inbox").delivery_tag, requeue=False)
    assert broker.queues()["inbox"].stuck == 1
    channel.queue_declare("inbox.dead", auto_delete=False)
    channel.queue_bind("inbox.dead", "dead", "inbox")
    assert broker.queues()["inbox"].stuck == 0
    assert broker.queues()["inbox.dead"].ready == 1


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_connection_thrown_away_gives_back_what_it_held(name: str, broker: memory.Broker, busy: bool) -> None:
    """As a socket closes when it is garbage; if the broker is busy then, at the next connection."""
    connection = Connection(f"memory://{name}")
    channel = connection.channel()
    channel.queue_declare("inbox", auto_delete=False)
    channel.basic_publish(Message("hello"), "", "inbox")
    channel.basic_consume("inbox", callback=print)
    assert broker.queues()["inbox"].unacked == 1
    if busy:
        with broker.lock:
            del channel, connection
            gc.collect()
        Connection(f"memory://{name}").connect()
    else:
        del channel, connection
        gc.collect()
    view = broker.queues()["inbox"]
    assert (view.ready, view.unacked, view.consumers) == (1, 0, 0)
