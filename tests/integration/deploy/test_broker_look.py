"""Looking into the queues of a real broker takes nothing out of them."""

from __future__ import annotations

import pytest

from deploy.local.invariants.messages import BrokerLook
from shared.bus.connection import broker_connection
from shared.bus.declare import declare
from shared.bus.topology import TOPOLOGY, UNREADABLE_QUEUE


@pytest.fixture
def bus_url(rabbitmq_vhost: str) -> str:
    """A broker with our topology, and a message in a work queue and in each of two dead letter queues."""
    with broker_connection(rabbitmq_vhost) as connection:
        declare(connection, TOPOLOGY)
        producer = connection.Producer()
        for queue in ("renderer", "renderer.dead", UNREADABLE_QUEUE):
            producer.publish(f"for {queue}".encode(), routing_key=queue, exchange="", delivery_mode=2)
    return rabbitmq_vhost


def test_every_queue_is_counted_and_every_dead_letter_read(bus_url: str, eventually) -> None:
    with BrokerLook(bus_url) as look:
        eventually(lambda: sum(look.depths().values()) == 3)
        assert {name for name, depth in look.depths().items() if depth} == {
            "renderer",
            "renderer.dead",
            UNREADABLE_QUEUE,
        }
        assert {(letter.queue, letter.body) for letter in look.dead_letters()} == {
            ("renderer.dead", b"for renderer.dead"),
            (UNREADABLE_QUEUE, b"for studio.unreadable"),
        }


def test_what_was_looked_at_is_still_there(bus_url: str, eventually) -> None:
    with BrokerLook(bus_url) as look:
        eventually(lambda: len(look.dead_letters()) == 2)
    with BrokerLook(bus_url) as look:
        eventually(lambda: sum(look.depths().values()) == 3)
