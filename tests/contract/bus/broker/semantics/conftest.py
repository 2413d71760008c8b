"""A plain AMQP client, to see what a broker does.

This folder is collected twice: here for the in-memory broker, and through a link in `tests/integration/bus/broker`
for RabbitMQ. The fixture `broker` of the folder above tells which.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from amqp import Message
from amqp.exceptions import AMQPError
from kombu import Connection

PATIENCE_S = 20.0
LOOK_S = 0.01
_PERSISTENT, _TRANSIENT = 2, 1


@dataclass
class Sent:
    """What became of a published message."""

    confirmed: bool | None = None
    returned: str | None = None


@dataclass
class Subscription:
    """What a consumer got, in order, and whether the broker ended it."""

    tag: str = ""
    messages: list[Any] = field(default_factory=list)
    cancelled: bool = False

    @property
    def bodies(self) -> list[str]:
        return [text(message) for message in self.messages]


class Client:
    """One connection with one channel."""

    def __init__(self, url: str) -> None:
        self.connection = Connection(url, heartbeat=0)
        self.connection.connect()
        self.channel: Any = self.connection.channel()
        self._numbers = itertools.count(1)
        self._unconfirmed: dict[int, Sent] = {}
        self._confirming = False

    def queue(self, name: str, *, quorum: bool = False, durable: bool = True, **options: Any) -> Any:
        """Declare a queue; keyword `arguments` adds to its arguments."""
        arguments = ({"x-queue-type": "quorum"} if quorum else {}) | options.pop("arguments", {})
        return self.channel.queue_declare(
            name, durable=durable, arguments=arguments, **({"auto_delete": False} | options)
        )

    def exchange(self, name: str, kind: str = "direct", **options: Any) -> None:
        self.channel.exchange_declare(name, kind, **({"durable": True, "auto_delete": False} | options))

    def bind(self, queue: str, exchange: str, key: str = "") -> None:
        self.channel.queue_bind(queue, exchange, key)

    def ready(self, queue: str) -> int:
        """Messages that wait in a queue."""
        return int(self.channel.queue_declare(queue, passive=True).message_count)

    def publish(
        self, body: str | bytes, queue: str = "", *, exchange: str = "", key: str = "", **options: Any
    ) -> Sent:
        """Publish, by default straight to a queue, and wait until the broker has answered."""
        sent = self.send(body, queue, exchange=exchange, key=key, **options)
        self.pump(lambda: sent.confirmed is not None)
        return sent

    def send(
        self,
        body: str | bytes,
        queue: str = "",
        *,
        exchange: str = "",
        key: str = "",
        mandatory: bool = False,
        persistent: bool = True,
        **properties: Any,
    ) -> Sent:
        """Publish without waiting."""
        self._confirm()
        sent = self._unconfirmed[next(self._numbers)] = Sent()
        mode = _PERSISTENT if persistent else _TRANSIENT
        self.channel.basic_publish(
            Message(body, delivery_mode=mode, **properties), exchange, key or queue, mandatory=mandatory
        )
        return sent

    def get(self, queue: str, *, no_ack: bool = False) -> Any:
        """Wait for a message of a queue."""
        found: list[Any] = []

        def got() -> bool:
            message = self.channel.basic_get(queue, no_ack=no_ack)
            if message is not None:
                found.append(message)
            return bool(found)

        eventually(got)
        return found[0]

    def consume(self, queue: str, **options: Any) -> Subscription:
        subscription = Subscription()
        subscription.tag = self.channel.basic_consume(
            queue,
            callback=subscription.messages.append,
            on_cancel=lambda _tag: setattr(subscription, "cancelled", True),
            **options,
        )
        return subscription

    def prefetch(self, count: int, *, shared: bool = False) -> None:
        self.channel.basic_qos(0, count, shared)

    def ack(self, message: Any, *, multiple: bool = False) -> None:
        self.channel.basic_ack(message.delivery_tag, multiple=multiple)

    def reject(self, message: Any, *, requeue: bool) -> None:
        self.channel.basic_reject(message.delivery_tag, requeue=requeue)

    def pump(self, condition: Callable[[], bool] = lambda: False, *, patience_s: float = PATIENCE_S) -> None:
        """Take what comes from the broker until the condition holds."""
        deadline = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < deadline, "the broker did not do it in time"
            try:
                self.connection.drain_events(timeout=LOOK_S)
            except TimeoutError:
                continue

    def settle(self, queue: str, ready: int) -> None:
        """Wait until exactly that many messages wait in a queue, taking what comes meanwhile."""
        self.pump(lambda: self.ready(queue) == ready)

    def new_channel(self) -> None:
        """Go on with another channel; the old one stays open."""
        self.channel = self.connection.channel()
        self._numbers = itertools.count(1)
        self._unconfirmed = {}
        self._confirming = False

    def close(self) -> None:
        try:
            self.connection.close()
        except (AMQPError, OSError):
            return

    def _confirm(self) -> None:
        if not self._confirming:
            self._confirming = True
            self.channel.confirm_select()
            self.channel.events["basic_ack"].add(lambda tag, multiple: self._answer(tag, multiple, True))
            self.channel.events["basic_nack"].add(lambda tag, multiple: self._answer(tag, multiple, False))
            self.channel.events["basic_return"].add(self._returned)

    def _answer(self, tag: int, multiple: bool, confirmed: bool) -> None:
        for number in [n for n in self._unconfirmed if n == tag or (multiple and n <= tag)]:
            self._unconfirmed.pop(number).confirmed = confirmed

    def _returned(self, error: Exception, _exchange: str, _key: str, _message: Any) -> None:
        next(iter(self._unconfirmed.values())).returned = str(error)


def text(message: Any) -> str:
    body = message.body
    return body if isinstance(body, str) else bytes(body).decode()


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for a condition that comes true on the broker's side."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(LOOK_S)


@pytest.fixture
def connect(broker: Any) -> Iterator[Callable[[], Client]]:
    """Opens as many connections as a test wants."""
    clients: list[Client] = []

    def open_client() -> Client:
        clients.append(Client(broker.url))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Callable[[], Client]) -> Client:
    return connect()
