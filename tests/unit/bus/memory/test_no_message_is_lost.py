"""Whatever clients do, every confirmed message is in exactly one place."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from amqp import Message
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from kombu import Connection

from shared.bus import memory

NAMES = itertools.count()
CLIENTS = st.integers(0, 2)


class Clients(RuleBasedStateMachine):
    """Three clients publish, take, answer and vanish at will; the model counts."""

    quorum: bool

    def __init__(self) -> None:
        super().__init__()
        memory.register()
        self.name = f"stateful-{next(NAMES)}"
        self.broker = memory.broker_named(self.name)
        self.numbers = itertools.count()
        self.published: set[str] = set()
        self.dealt_with: set[str] = set()
        self.held: list[dict[str, int]] = [{}, {}, {}]
        self.connections = [self.new_connection() for _ in range(3)]
        self.channels: list[Any] = [connection.channel() for connection in self.connections]
        self.channels[0].queue_declare("dead", durable=True, auto_delete=False)
        self.channels[0].queue_declare(
            "inbox",
            durable=True,
            auto_delete=False,
            arguments={
                "x-queue-type": "quorum" if self.quorum else "classic",
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": "dead",
                "x-delivery-limit": 3,
            },
        )

    def new_connection(self) -> Connection:
        connection = Connection(f"memory://{self.name}")
        connection.connect()
        return connection

    def teardown(self) -> None:
        memory.discard(self.name)

    @rule(client=CLIENTS)
    def publish(self, client: int) -> None:
        body = str(next(self.numbers))
        self.channels[client].basic_publish(Message(body, delivery_mode=2), "", "inbox")
        self.published.add(body)

    @rule(client=CLIENTS)
    def take(self, client: int) -> None:
        message = self.channels[client].basic_get("inbox")
        if message is not None:
            self.held[client][text(message)] = message.delivery_tag

    @precondition(lambda self: any(self.held))
    @rule(client=CLIENTS, data=st.data(), multiple=st.booleans())
    def ack(self, client: int, data: st.DataObject, multiple: bool) -> None:
        if not self.held[client]:
            return
        body = data.draw(st.sampled_from(sorted(self.held[client])))
        tag = self.held[client][body]
        self.channels[client].basic_ack(tag, multiple=multiple)
        answered = {one for one, other in self.held[client].items() if other == tag or (multiple and other < tag)}
        self.dealt_with |= answered
        self.held[client] = {one: tag for one, tag in self.held[client].items() if one not in answered}

    @precondition(lambda self: any(self.held))
    @rule(client=CLIENTS, data=st.data(), requeue=st.booleans())
    def reject(self, client: int, data: st.DataObject, requeue: bool) -> None:
        if not self.held[client]:
            return
        body = data.draw(st.sampled_from(sorted(self.held[client])))
        self.channels[client].basic_reject(self.held[client].pop(body), requeue=requeue)

    @rule(client=CLIENTS)
    def vanish(self, client: int) -> None:
        self.connections[client].collect()
        self.reconnect(client)

    @rule()
    def restart(self) -> None:
        self.broker.kill()
        self.broker.start()
        for client in range(3):
            self.connections[client].collect()
            self.reconnect(client)

    def reconnect(self, client: int) -> None:
        self.held[client] = {}
        self.connections[client] = self.new_connection()
        self.channels[client] = self.connections[client].channel()

    @invariant()
    def every_message_is_in_one_place(self) -> None:
        places = Counter(self.dealt_with)
        places.update(text(message) for queue in ("inbox", "dead") for message in self.broker.messages(queue))
        places.update(body for held in self.held for body in held)
        assert places == Counter(self.published)
        assert self.broker.queues()["inbox"].unacked == sum(map(len, self.held))


def text(message: Any) -> str:
    return message.body if isinstance(message.body, str) else bytes(message.body).decode()


@pytest.mark.parametrize("quorum", [False, True], ids=["classic", "quorum"])
def test_every_message_is_in_exactly_one_place(quorum: bool) -> None:
    machine = type("Clients", (Clients,), {"quorum": quorum})
    machine.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
    machine.TestCase().runTest()
