"""An open channel of a link: publishes, and hears what became of each message."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pika
from pika.channel import Channel
from pika.spec import Basic


class Fate(StrEnum):
    """What the broker did with a message."""

    TAKEN = "taken"  # a queue has it
    UNROUTABLE = "unroutable"  # no queue takes messages of its kind
    REFUSED = "refused"  # the broker failed to take it; it may later


Settled = Callable[[Fate], None]


class LiveChannel:
    """One channel, from when it opened until it closes; for the link's thread only.

    Attributes:
        amqp: For everything but publishing. Declare, bind, consume and delete without a callback: then they are
            sent at once, in order with what is published, and a refusal closes the channel.
    """

    def __init__(self, amqp: Channel) -> None:
        self.amqp = amqp
        self._published = 0
        self._unconfirmed: dict[int, tuple[str, Settled]] = {}
        self._returned: set[str] = set()
        amqp.add_on_return_callback(self._on_return)

    def confirm(self, ready: Callable[[], None]) -> None:
        """Ask for confirms; everything asked for before is done when ``ready`` is called."""
        self.amqp.confirm_delivery(self._on_confirm, callback=lambda _method: ready())

    def publish(
        self, exchange: str, key: str, body: bytes, properties: pika.BasicProperties, settled: Settled
    ) -> None:
        """Send a message that some queue must take; ``settled`` is never called if the channel is lost before.

        Args:
            properties: With a ``message_id``.
        """
        self._published += 1
        self._unconfirmed[self._published] = (properties.message_id, settled)
        self.amqp.basic_publish(exchange, key, body, properties, mandatory=True)

    def _on_return(self, _channel: Channel, _method: Any, properties: pika.BasicProperties, _body: bytes) -> None:
        """The broker returns a message before it confirms it."""
        self._returned.add(properties.message_id)

    def _on_confirm(self, frame: Any) -> None:
        method = frame.method
        for tag in self._settled_tags(method.delivery_tag, multiple=method.multiple):
            message_id, settled = self._unconfirmed.pop(tag)
            settled(self._fate(message_id, taken=isinstance(method, Basic.Ack)))

    def _settled_tags(self, tag: int, *, multiple: bool) -> list[int]:
        return [each for each in self._unconfirmed if each <= tag] if multiple else [tag]

    def _fate(self, message_id: str, *, taken: bool) -> Fate:
        if not taken:
            return Fate.REFUSED
        if message_id in self._returned:
            self._returned.remove(message_id)
            return Fate.UNROUTABLE
        return Fate.TAKEN
