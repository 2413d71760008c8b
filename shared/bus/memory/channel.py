"""The broker's side of one channel: who consumes, what is held, what is confirmed."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amqp import spec
from amqp.exceptions import ChannelError, PreconditionFailed

from shared.bus.memory import declaring, messaging
from shared.bus.memory.queue import Entry, MessageQueue
from shared.bus.memory.wire import Method, RawContent

if TYPE_CHECKING:
    from shared.bus.memory.session import Session
    from shared.bus.memory.vhost import VirtualHost

_HANDLERS: dict[Method, Callable[..., None]] = {**declaring.HANDLERS, **messaging.HANDLERS}


@dataclass(kw_only=True, slots=True)
class Held:
    """A message that the client has and has not answered."""

    queue: MessageQueue
    entry: Entry
    consumer: ChannelConsumer | None


class BrokerChannel:
    """One channel; all methods are called with the broker's lock held.

    Attributes:
        prefetch: Limit of consumers to come [messages]; 0 is no limit.
        shared_prefetch: Limit of all consumers together.
        last_queue: The queue meant where a method leaves the name out.
        confirms: Whether every publish is answered.
    """

    def __init__(self, session: Session, number: int) -> None:
        self.session = session
        self.prefetch = 0
        self.shared_prefetch = 0
        self.last_queue = ""
        self.confirms = False
        self.published = 0
        self.consumers: dict[str, ChannelConsumer] = {}
        self._number = number
        self._closing = False
        self._tags = 0
        self._held: dict[int, Held] = {}

    @property
    def vhost(self) -> VirtualHost:
        return self.session.broker.vhost

    @property
    def held_count(self) -> int:
        return len(self._held)

    def carry_out(self, method: Method, arguments: list[Any], content: RawContent | None) -> None:
        """Do what the client asks.

        Raises:
            amqp.exceptions.AMQPError: It cannot be done; channel or connection must be closed.
        """
        if self._closing:
            return
        extra = () if content is None else (content,)
        _HANDLERS[method](self, *arguments, *extra)

    def send(self, method: Method, *arguments: Any, content: RawContent | None = None) -> None:
        """Send a method to the client."""
        self.session.send(self._number, method, *arguments, content=content)

    def new_consumer(self, tag: str, queue: MessageQueue, *, no_ack: bool, exclusive: bool) -> ChannelConsumer:
        """Note a subscription; messages come when the queue knows of it."""
        self.consumers[tag] = ChannelConsumer(
            tag=tag, channel=self, queue=queue, no_ack=no_ack, exclusive=exclusive, limit=self.prefetch
        )
        return self.consumers[tag]

    def hand_over(
        self, queue: MessageQueue, entry: Entry, consumer: ChannelConsumer | None, *, no_ack: bool
    ) -> int:
        """Note that the client gets a message, for good if it will not answer; returns the delivery tag."""
        self._tags += 1
        if no_ack:
            queue.settle()
        else:
            self._held[self._tags] = Held(queue=queue, entry=entry, consumer=consumer)
        return self._tags

    def release(self, tag: int, *, multiple: bool) -> list[Held]:
        """Take back what the client answers: one message, or all up to it; 0 means all.

        Raises:
            amqp.exceptions.PreconditionFailed: The client does not hold it.
        """
        tags = [held for held in self._held if held <= tag or tag == 0] if multiple else [tag]
        if (multiple and not tags and tag) or (not multiple and tag not in self._held):
            raise PreconditionFailed(f"PRECONDITION_FAILED - unknown delivery tag {tag}")
        released = [self._held.pop(tag) for tag in tags]
        for held in released:
            if held.consumer is not None:
                held.consumer.held -= 1
        return released

    def make_room(self, released: list[Held]) -> None:
        """Let those consumers get more that have answered."""
        for queue in {held.queue: None for held in released}:
            queue.dispatch()
        if self.shared_prefetch:
            for consumer in self.consumers.values():
                consumer.queue.dispatch()

    def close_with(self, error: ChannelError, method: Method) -> None:
        """Close the channel because of an error and tell the client."""
        self.close()
        self._closing = True
        self.send(spec.Channel.Close, error.code, error.reply_text, *method)

    def close(self) -> None:
        """End all consumers and give back what the client holds."""
        consumers, self.consumers = list(self.consumers.values()), {}
        for consumer in consumers:
            consumer.closed = True
        held, self._held = self._held, {}
        self.give_back(list(held.values()), asked=False)
        for consumer in consumers:
            consumer.queue.remove_consumer(consumer)

    def give_back(self, released: list[Held], *, asked: bool) -> None:
        """Return messages to their queues, in order."""
        by_queue: dict[MessageQueue, list[Entry]] = {}
        for held in released:
            by_queue.setdefault(held.queue, []).append(held.entry)
        for queue, entries in by_queue.items():
            queue.give_back(entries, asked=asked)


@dataclass(kw_only=True, eq=False, slots=True)
class ChannelConsumer:
    """A subscription of a channel to a queue.

    Attributes:
        limit: Most messages the client holds of it; 0 is no limit.
        held: Messages the client holds of it.
    """

    tag: str
    channel: BrokerChannel
    queue: MessageQueue
    no_ack: bool
    exclusive: bool
    limit: int
    held: int = 0
    closed: bool = False

    @property
    def has_room(self) -> bool:
        """Whether it may get one more message now."""
        shared = self.channel.shared_prefetch
        return not self.closed and (
            self.no_ack
            or ((not self.limit or self.held < self.limit) and (not shared or self.channel.held_count < shared))
        )

    def deliver(self, queue: MessageQueue, entry: Entry) -> None:
        """Send a message to the client."""
        tag = self.channel.hand_over(queue, entry, self, no_ack=self.no_ack)
        self.held += not self.no_ack
        message = entry.message
        self.channel.send(
            spec.Basic.Deliver,
            self.tag,
            tag,
            entry.redelivered,
            message.exchange,
            message.routing_key,
            content=queue.outgoing(entry),
        )

    def cancel(self) -> None:
        """The queue is gone: tell the client."""
        self.closed = True
        self.channel.consumers.pop(self.tag, None)
        self.channel.send(spec.Basic.Cancel, self.tag, True)
