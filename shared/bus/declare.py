"""Declares a topology on a broker: in embedded mode and in tests. A farm imports the definitions instead."""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

from kombu.connection import Connection
from kombu.entity import Exchange, Queue

from shared.bus.topology import Topology


def declare(connection: Connection, topology: Topology) -> None:
    """Make exchanges, queues and bindings; what exists already stays.

    Raises:
        amqp.exceptions.PreconditionFailed: Something of that name exists with other arguments.
    """
    with connection.channel() as channel:
        for exchange in topology.exchanges:
            Exchange(exchange.name, type=exchange.kind.value, durable=True)(channel).declare()
        for queue in topology.queues:
            _queue(topology, queue.name)(channel).queue_declare()
        for binding in topology.bindings:
            _queue(topology, binding.queue)(channel).bind_to(binding.exchange, routing_key=binding.routing_key)


def _queue(topology: Topology, name: str) -> Queue:
    return Queue(name, durable=True, queue_arguments=topology.queue(name).arguments())
