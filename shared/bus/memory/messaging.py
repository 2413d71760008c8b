"""What a client may ask about messages: publish, consume, answer."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from amqp import spec
from amqp.exceptions import AccessRefused, AMQPNotImplementedError, NotAllowed, PreconditionFailed

from shared.bus.memory.declaring import queue_meant
from shared.bus.memory.message import Message, store
from shared.bus.memory.wire import Method, RawContent
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.bus.memory.channel import BrokerChannel

_NO_ROUTE = 312  # reply code of AMQP 0-9-1


def select_confirms(channel: BrokerChannel, nowait: bool) -> None:
    channel.confirms = True
    if not nowait:
        channel.send(spec.Confirm.SelectOk)


def publish(
    channel: BrokerChannel,
    _ticket: int,
    exchange: str,
    routing_key: str,
    mandatory: bool,
    _immediate: bool,
    raw: RawContent,
) -> None:
    message = store(raw, exchange, routing_key)
    _require_size(channel, message)
    _require_public(channel, exchange)
    routed, taken = channel.vhost.publish(message)
    if mandatory and not routed:
        channel.send(spec.Basic.Return, _NO_ROUTE, "NO_ROUTE", exchange, routing_key, content=raw)
    if channel.confirms:
        channel.published += 1
        channel.send(spec.Basic.Ack if taken else spec.Basic.Nack, channel.published, False)


def set_prefetch(channel: BrokerChannel, _size: int, count: int, shared: bool) -> None:
    if shared:
        channel.shared_prefetch = count
    else:
        channel.prefetch = count
    channel.send(spec.Basic.QosOk)


def consume(
    channel: BrokerChannel,
    _ticket: int,
    name: str,
    tag: str,
    _no_local: bool,
    no_ack: bool,
    exclusive: bool,
    nowait: bool,
    _table: dict[str, Any],
) -> None:
    queue = queue_meant(channel, name)
    if tag in channel.consumers:
        raise NotAllowed(f"NOT_ALLOWED - attempt to reuse consumer tag '{tag}'")
    if queue.refuses_consumer(exclusive=exclusive):
        raise AccessRefused(f"ACCESS_REFUSED - queue '{queue.name}' in vhost '/' in exclusive use")
    if channel.shared_prefetch and queue.arguments.quorum:
        raise AMQPNotImplementedError(f"NOT_IMPLEMENTED - queue '{queue.name}' does not support global qos")
    consumer = channel.new_consumer(tag or f"amq.ctag-{new_id()}", queue, no_ack=no_ack, exclusive=exclusive)
    if not nowait:
        channel.send(spec.Basic.ConsumeOk, consumer.tag)
    queue.add_consumer(consumer)


def cancel(channel: BrokerChannel, tag: str, nowait: bool) -> None:
    consumer = channel.consumers.pop(tag, None)
    if consumer is not None:
        consumer.closed = True
        consumer.queue.remove_consumer(consumer)
    if not nowait:
        channel.send(spec.Basic.CancelOk, tag)


def get(channel: BrokerChannel, _ticket: int, name: str, no_ack: bool) -> None:
    queue = queue_meant(channel, name)
    entry = queue.take()
    if entry is None:
        channel.send(spec.Basic.GetEmpty, "")
        return
    tag = channel.hand_over(queue, entry, None, no_ack=no_ack)
    message = entry.message
    channel.send(
        spec.Basic.GetOk,
        tag,
        entry.redelivered,
        message.exchange,
        message.routing_key,
        queue.message_count,
        content=queue.outgoing(entry),
    )


def ack(channel: BrokerChannel, tag: int, multiple: bool) -> None:
    released = channel.release(tag, multiple=multiple)
    for held in released:
        held.queue.settle()
    channel.make_room(released)


def reject(channel: BrokerChannel, tag: int, requeue: bool) -> None:
    _refuse(channel, tag, multiple=False, requeue=requeue)


def nack(channel: BrokerChannel, tag: int, multiple: bool, requeue: bool) -> None:
    _refuse(channel, tag, multiple=multiple, requeue=requeue)


def recover(channel: BrokerChannel, requeue: bool) -> None:
    if not requeue:
        raise AMQPNotImplementedError("NOT_IMPLEMENTED - recover without requeue")
    _refuse(channel, 0, multiple=True, requeue=True)
    channel.send(spec.Basic.RecoverOk)


def _refuse(channel: BrokerChannel, tag: int, *, multiple: bool, requeue: bool) -> None:
    released = channel.release(tag, multiple=multiple)
    if requeue:
        channel.give_back(released, asked=True)
    else:
        for held in released:
            held.queue.reject(held.entry)
    channel.make_room(released)


def _require_size(channel: BrokerChannel, message: Message) -> None:
    size, most = len(message.raw.body), channel.session.broker.max_message_bytes
    if size > most:
        raise PreconditionFailed(
            f"PRECONDITION_FAILED - message size {size} is larger than configured max size {most}"
        )


def _require_public(channel: BrokerChannel, exchange: str) -> None:
    if exchange and channel.vhost.exchange(exchange).internal:
        raise AccessRefused(f"ACCESS_REFUSED - cannot publish to internal exchange '{exchange}' in vhost '/'")


HANDLERS: dict[Method, Callable[..., None]] = {
    spec.Confirm.Select: select_confirms,
    spec.Basic.Publish: publish,
    spec.Basic.Qos: set_prefetch,
    spec.Basic.Consume: consume,
    spec.Basic.Cancel: cancel,
    spec.Basic.Get: get,
    spec.Basic.Ack: ack,
    spec.Basic.Reject: reject,
    spec.Basic.Nack: nack,
    spec.Basic.Recover: recover,
}
