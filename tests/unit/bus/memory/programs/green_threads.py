"""Uses the in-memory broker from green threads; prints what it saw as JSON."""

# ruff: noqa: E402 (the process is patched before anything else is imported)

from __future__ import annotations

from shared.bus.green import patch

patch()

import json
import time
from typing import Any

import eventlet
from amqp import Message
from kombu import Connection

from shared.bus import memory

URL = "memory://green"
PUBLISHES = 2_000
IDLE_S = 1.0


def main() -> None:
    memory.register()
    print(json.dumps({"turns": turns_of_others(), "expired": expired(), "idle_share": idle_share()}))


def channel_on(queue: str, **options: Any) -> Any:
    channel = Connection(URL, **options).channel()
    channel.queue_declare(queue, auto_delete=False)
    return channel


def turns_of_others() -> int:
    """How often another green thread ran while one published without a pause."""
    turns = [0]

    def count() -> None:
        while True:
            turns[0] += 1
            eventlet.sleep(0)

    counter = eventlet.spawn(count)
    channel = channel_on("busy", transport_options={"confirm_publish": True})
    for number in range(PUBLISHES):
        channel.basic_publish(Message(str(number)), "", "busy")
    counter.kill()
    return turns[0]


def expired() -> bool:
    """Whether a message expires while nobody does anything."""
    channel = channel_on("dead")
    channel.queue_declare(
        "inbox",
        auto_delete=False,
        arguments={"x-message-ttl": 20, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"},
    )
    got: list[Any] = []
    channel.basic_consume("dead", callback=got.append)
    channel.basic_publish(Message("late"), "", "inbox")
    channel.connection.drain_events(timeout=10)
    return bool(got)


def idle_share() -> float:
    """Share of a processor that twenty waiting readers use."""

    def read(number: int) -> None:
        channel = channel_on(f"quiet-{number}")
        channel.basic_consume(f"quiet-{number}", callback=print)
        channel.connection.drain_events()

    readers = [eventlet.spawn(read, number) for number in range(20)]
    eventlet.sleep(0)
    began = time.process_time()
    eventlet.sleep(IDLE_S)
    share = (time.process_time() - began) / IDLE_S
    for reader in readers:
        reader.kill()
    return share


main()
