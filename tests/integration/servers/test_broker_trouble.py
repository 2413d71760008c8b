"""What the broker can be told to do to its clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pika
import pytest

from deploy.local.errors import ServerCommandError
from deploy.local.rabbitmq import RabbitMQ


@pytest.fixture
def connection(rabbitmq_vhost: str) -> Iterator[pika.BlockingConnection]:
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_vhost))
    yield connection
    if connection.is_open:
        connection.close()


@pytest.mark.parametrize("alarm", ["disk", "memory"])
def test_an_alarm_blocks_a_publisher_until_it_clears(
    rabbitmq: RabbitMQ, connection: pika.BlockingConnection, eventually: Callable[..., None], alarm: str
) -> None:
    news: list[str] = []
    connection.add_on_connection_blocked_callback(lambda *_: news.append("blocked"))
    connection.add_on_connection_unblocked_callback(lambda *_: news.append("unblocked"))
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue

    {"disk": rabbitmq.raise_disk_alarm, "memory": rabbitmq.raise_memory_alarm}[alarm]()
    assert rabbitmq.alarms() == [alarm]
    channel.basic_publish("", queue, b"hello")
    eventually(lambda: connection.process_data_events(0.05) or news == ["blocked"])

    rabbitmq.clear_alarms()
    eventually(lambda: connection.process_data_events(0.05) or news == ["blocked", "unblocked"])
    eventually(lambda: channel.basic_get(queue)[2] == b"hello")


def test_every_client_notices_that_its_connection_is_closed(
    rabbitmq: RabbitMQ, connection: pika.BlockingConnection
) -> None:
    open_before = rabbitmq.connections()
    assert rabbitmq.close_all_connections("maintenance") == open_before >= 1
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker, match="maintenance"):
        connection.process_data_events(5)


def test_definitions_bring_vhosts_users_rights_and_queues(rabbitmq: RabbitMQ) -> None:
    rabbitmq.import_definitions(
        json.dumps(
            {
                "vhosts": [{"name": "defined"}],
                "users": [{"name": "clerk", "password": "secret", "tags": []}],
                "permissions": [{"user": "clerk", "vhost": "defined", "configure": "", "write": "", "read": "in"}],
                "queues": [
                    {"vhost": "defined", "name": "in", "durable": True, "auto_delete": False, "arguments": {}}
                ],
            }
        )
    )
    connection = pika.BlockingConnection(
        pika.URLParameters(rabbitmq.url("defined", user="clerk", password="secret"))
    )
    channel = connection.channel()
    assert channel.basic_get("in") == (None, None, None)
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        channel.queue_declare("out")
    connection.close()
    rabbitmq.delete_vhost("defined")
    rabbitmq.delete_user("clerk")


def test_a_user_may_do_what_was_granted_and_no_more(rabbitmq: RabbitMQ, rabbitmq_vhost: str) -> None:
    vhost = rabbitmq_vhost.rpartition("/")[2]
    rabbitmq.add_user("guest-clerk", "secret")
    address = rabbitmq.url(vhost, user="guest-clerk", password="secret")
    with pytest.raises(pika.exceptions.ProbableAccessDeniedError):
        pika.BlockingConnection(pika.URLParameters(address))

    rabbitmq.grant("guest-clerk", vhost, configure="^mine$")

    connection = pika.BlockingConnection(pika.URLParameters(address))
    connection.channel().queue_declare("mine")
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
        connection.channel().queue_declare("yours")
    connection.close()
    rabbitmq.delete_user("guest-clerk")


def test_a_refused_order_says_why(rabbitmq: RabbitMQ) -> None:
    with pytest.raises(ServerCommandError, match="no_such_user"):
        rabbitmq.grant("nobody", "/")
