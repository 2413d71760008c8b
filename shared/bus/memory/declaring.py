"""What a client may ask about exchanges and queues."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from amqp import spec
from amqp.exceptions import AccessRefused, InvalidCommand, NotFound, PreconditionFailed

from shared.bus.memory.exchange import Kind
from shared.bus.memory.queue import MessageQueue
from shared.bus.memory.wire import Method

if TYPE_CHECKING:
    from shared.bus.memory.channel import BrokerChannel

Table = dict[str, Any]


def declare_exchange(
    channel: BrokerChannel,
    _ticket: int,
    name: str,
    kind: str,
    passive: bool,
    durable: bool,
    auto_delete: bool,
    internal: bool,
    nowait: bool,
    table: Table,
) -> None:
    if passive:
        channel.vhost.exchange(name)
    else:
        channel.vhost.declare_exchange(
            name, _kind(kind), durable=durable, auto_delete=auto_delete, internal=internal, table=table
        )
    if not nowait:
        channel.send(spec.Exchange.DeclareOk)


def delete_exchange(channel: BrokerChannel, _ticket: int, name: str, if_unused: bool, nowait: bool) -> None:
    channel.vhost.delete_exchange(name, if_unused=if_unused)
    if not nowait:
        channel.send(spec.Exchange.DeleteOk)


def declare_queue(
    channel: BrokerChannel,
    _ticket: int,
    name: str,
    passive: bool,
    durable: bool,
    exclusive: bool,
    auto_delete: bool,
    nowait: bool,
    table: Table,
) -> None:
    vhost, session = channel.vhost, channel.session
    if passive:
        queue = vhost.queue(name, session)
    elif name:
        queue = vhost.declare_queue(
            name, session, durable=durable, exclusive=exclusive, auto_delete=auto_delete, table=table
        )
    else:
        queue = vhost.name_queue(
            session, durable=durable, exclusive=exclusive, auto_delete=auto_delete, table=table
        )
    channel.last_queue = queue.name
    if not nowait:
        channel.send(spec.Queue.DeclareOk, queue.name, queue.message_count, queue.consumer_count)


def bind_queue(
    channel: BrokerChannel, _ticket: int, name: str, exchange: str, key: str, nowait: bool, _table: Table
) -> None:
    queue = queue_meant(channel, name)
    channel.vhost.bind(queue, channel.vhost.exchange(_not_default(exchange)), key)
    if not nowait:
        channel.send(spec.Queue.BindOk)


def unbind_queue(channel: BrokerChannel, _ticket: int, name: str, exchange: str, key: str, _table: Table) -> None:
    queue = queue_meant(channel, name)
    channel.vhost.unbind(queue, channel.vhost.exchange(_not_default(exchange)), key)
    channel.send(spec.Queue.UnbindOk)


def purge_queue(channel: BrokerChannel, _ticket: int, name: str, nowait: bool) -> None:
    count = queue_meant(channel, name).purge()
    if not nowait:
        channel.send(spec.Queue.PurgeOk, count)


def delete_queue(
    channel: BrokerChannel, _ticket: int, name: str, if_unused: bool, if_empty: bool, nowait: bool
) -> None:
    count = _delete_queue(channel, name, if_unused, if_empty)
    if not nowait:
        channel.send(spec.Queue.DeleteOk, count)


def queue_meant(channel: BrokerChannel, name: str) -> MessageQueue:
    """The queue of that name; without a name the one declared last on the channel.

    Raises:
        amqp.exceptions.NotFound: There is none.
        amqp.exceptions.ResourceLocked: It belongs to another connection.
    """
    return channel.vhost.queue(name or channel.last_queue, channel.session)


def _delete_queue(channel: BrokerChannel, name: str, if_unused: bool, if_empty: bool) -> int:
    """Delete a queue if there is one; returns how many messages it had."""
    try:
        queue = queue_meant(channel, name)
    except NotFound:
        return 0
    if if_unused and queue.consumer_count:
        raise PreconditionFailed(f"PRECONDITION_FAILED - queue '{queue.name}' in vhost '/' in use")
    if if_empty and queue.message_count:
        raise PreconditionFailed(f"PRECONDITION_FAILED - queue '{queue.name}' in vhost '/' is not empty")
    count = queue.message_count
    channel.vhost.delete_queue(queue)
    return count


def _kind(name: str) -> Kind:
    try:
        return Kind(name)
    except ValueError:
        raise InvalidCommand(f"COMMAND_INVALID - unknown exchange type '{name}'") from None


def _not_default(exchange: str) -> str:
    if not exchange:
        raise AccessRefused("ACCESS_REFUSED - operation not permitted on the default exchange")
    return exchange


HANDLERS: dict[Method, Callable[..., None]] = {
    spec.Exchange.Declare: declare_exchange,
    spec.Exchange.Delete: delete_exchange,
    spec.Queue.Declare: declare_queue,
    spec.Queue.Bind: bind_queue,
    spec.Queue.Unbind: unbind_queue,
    spec.Queue.Purge: purge_queue,
    spec.Queue.Delete: delete_queue,
}
