"""A message broker inside the process, reached with kombu through ``memory://<name>``.

It stands for RabbitMQ where there is none: one process on a laptop, and tests. Clients run py-amqp's own code
down to the frames, so that whatever they do and whatever errors they see is the same on both brokers.

Use it from the green threads of a process that was monkey-patched before the first connection, or from ordinary
threads of one that was not; not from both kinds in one process, and never from two processes.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES
from kombu.utils.url import parse_url

from shared.bus.memory.broker import Broker
from shared.bus.memory.brokers import broker_named, discard
from shared.bus.memory.views import QueueView

__all__ = ["Broker", "QueueView", "broker_at", "broker_named", "discard", "register"]

SCHEME = "memory"


def register() -> None:
    """Let kombu, and so Nameko, find the broker under ``memory://``; call it before the first connection."""
    TRANSPORT_ALIASES[SCHEME] = "shared.bus.memory.transport:Transport"


def broker_at(url: str) -> Broker:
    """The broker that a ``memory://`` address leads to."""
    address = parse_url(url)
    return broker_named(address["hostname"], address["virtual_host"])
