"""The exchanges, queues and bindings of a broker, and the ways of messages between them."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amqp.exceptions import AccessRefused, NotFound, PreconditionFailed, ResourceLocked

from shared.bus.memory import arguments as queue_arguments
from shared.bus.memory.deaths import dead_letter, without_cycles
from shared.bus.memory.exchange import Exchange, Kind
from shared.bus.memory.message import Message
from shared.bus.memory.queue import DeathReason, Entry, MessageQueue
from shared.bus.memory.timetable import Timetable
from shared.ids import new_id

_BUILT_IN = {"amq.direct": Kind.DIRECT, "amq.topic": Kind.TOPIC, "amq.fanout": Kind.FANOUT}
_RESERVED = "amq."

Owner = object
"""The connection that an exclusive queue belongs to."""


class VirtualHost:
    """Everything a client can declare; all methods are called with the broker's lock held."""

    def __init__(self, timetable: Timetable) -> None:
        self.queues: dict[str, MessageQueue] = {}
        self._timetable = timetable
        self._exchanges = {
            name: Exchange(name=name, kind=kind, durable=True, auto_delete=False, internal=False, arguments={})
            for name, kind in _BUILT_IN.items()
        }

    def exchange(self, name: str) -> Exchange:
        """Find an exchange.

        Raises:
            amqp.exceptions.NotFound: There is none.
        """
        try:
            return self._exchanges[name]
        except KeyError:
            raise NotFound(f"NOT_FOUND - no exchange '{name}' in vhost '/'") from None

    def queue(self, name: str, owner: Owner | None = None) -> MessageQueue:
        """Find a queue, for a connection if one is given.

        Raises:
            amqp.exceptions.NotFound: There is none.
            amqp.exceptions.ResourceLocked: It belongs to another connection.
        """
        queue = self.queues.get(name)
        if queue is None:
            raise NotFound(f"NOT_FOUND - no queue '{name}' in vhost '/'")
        if owner is not None and queue.owner not in (None, owner):
            raise ResourceLocked(f"RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '{name}'")
        return queue

    def declare_exchange(
        self, name: str, kind: Kind, *, durable: bool, auto_delete: bool, internal: bool, table: dict[str, Any]
    ) -> None:
        """Make an exchange, or check that the one of that name is the same.

        Raises:
            amqp.exceptions.PreconditionFailed: It is not.
            amqp.exceptions.AccessRefused: The name is reserved.
        """
        new = Exchange(
            name=name, kind=kind, durable=durable, auto_delete=auto_delete, internal=internal, arguments=table
        )
        current = self._exchanges.get(name)
        if current is not None:
            _require_same_exchange(current, new)
            return
        _require_free_name("exchange", name)
        self._exchanges[name] = new

    def declare_queue(
        self,
        name: str,
        owner: Owner,
        *,
        durable: bool,
        exclusive: bool,
        auto_delete: bool,
        table: dict[str, Any],
    ) -> MessageQueue:
        """Make a queue, or check that the one of that name is the same.

        Raises:
            amqp.exceptions.PreconditionFailed: It is not.
            amqp.exceptions.AccessRefused: The name is reserved.
            amqp.exceptions.ResourceLocked: It belongs to another connection.
        """
        if name in self.queues:
            queue = self.queue(name, owner)
            _require_same_queue(queue, durable=durable, auto_delete=auto_delete, table=table)
        else:
            _require_free_name("queue", name)
            queue = self._new_queue(name, owner if exclusive else None, durable, auto_delete, table)
        queue.touch()
        return queue

    def name_queue(self, owner: Owner, **options: Any) -> MessageQueue:
        """Make a queue with a name that nothing else has; options as for :meth:`declare_queue`."""
        name = f"{_RESERVED}gen-{new_id()}"
        exclusive = options.pop("exclusive")
        return self._new_queue(name, owner if exclusive else None, **options)

    def bind(self, queue: MessageQueue, exchange: Exchange, key: str) -> None:
        exchange.bind(queue, key)
        for other in self.queues.values():
            other.bury_again()

    def unbind(self, queue: MessageQueue, exchange: Exchange, key: str) -> None:
        if exchange.unbind(queue, key):
            self._drop_if_unused(exchange)

    def delete_queue(self, queue: MessageQueue) -> None:
        """Delete a queue, its messages and its bindings; its consumers are told."""
        del self.queues[queue.name]
        for exchange in list(self._exchanges.values()):
            if exchange.unbind_all(queue):
                self._drop_if_unused(exchange)
        queue.close()

    def delete_exchange(self, name: str, *, if_unused: bool) -> None:
        """Delete an exchange if there is one.

        Raises:
            amqp.exceptions.PreconditionFailed: It has bindings and must not.
            amqp.exceptions.AccessRefused: The name is reserved.
        """
        _require_free_name("exchange", name)
        exchange = self._exchanges.get(name)
        if exchange is None:
            return
        if if_unused and not exchange.unused:
            raise PreconditionFailed(f"PRECONDITION_FAILED - exchange '{name}' in vhost '/' in use")
        del self._exchanges[name]

    def publish(self, message: Message) -> tuple[bool, bool]:
        """Put a message into all queues it belongs to; returns if there were any, and if all took it.

        Raises:
            amqp.exceptions.NotFound: There is no such exchange.
        """
        queues = self._route(message)
        taken = [queue.put(message) for queue in queues]
        return bool(queues), all(taken)

    def disown(self, owner: Owner) -> None:
        """A connection is over; its exclusive queues go with it."""
        for queue in [queue for queue in self.queues.values() if queue.owner is owner]:
            self.delete_queue(queue)

    def lose_transient(self) -> None:
        """What a restart of the broker does: things that are not durable, and messages that are not, are gone."""
        for queue in list(self.queues.values()):
            if queue.durable:
                queue.lose_transient()
            else:
                self.delete_queue(queue)
        self._exchanges = {name: exchange for name, exchange in self._exchanges.items() if exchange.durable}

    def _route(self, message: Message) -> list[MessageQueue]:
        if not message.exchange:
            queue = self.queues.get(message.routing_key)
            return [queue] if queue else []
        return list(self.exchange(message.exchange).route(message.routing_key).values())

    def _bury(self, queue: MessageQueue, entry: Entry, reason: DeathReason) -> bool:
        """Send a dead message to the dead-letter exchange of its queue, if there is one."""
        if queue.arguments.dead_letter_exchange is None:
            return True
        letter = dead_letter(entry.message, queue, reason)
        if letter.exchange and letter.exchange not in self._exchanges:
            return not queue.arguments.at_least_once
        targets = self._route(letter)
        taken = [target.put(letter) for target in without_cycles(letter, reason, targets)]
        return any(taken) or not queue.arguments.at_least_once

    def _new_queue(
        self, name: str, owner: Owner | None, durable: bool, auto_delete: bool, table: Mapping[str, Any]
    ) -> MessageQueue:
        arguments = queue_arguments.read(name, table)
        if arguments.quorum and (owner or auto_delete or not durable):
            raise PreconditionFailed(
                f"PRECONDITION_FAILED - quorum queue '{name}' in vhost '/' must be durable, shared and permanent"
            )
        queue = MessageQueue(
            name=name,
            durable=durable,
            auto_delete=auto_delete,
            owner=owner,
            table=dict(table),
            arguments=arguments,
            timetable=self._timetable,
            bury=self._bury,
            remove=self.delete_queue,
        )
        self.queues[name] = queue
        return queue

    def _drop_if_unused(self, exchange: Exchange) -> None:
        if exchange.auto_delete and exchange.unused:
            del self._exchanges[exchange.name]


def _require_free_name(kind: str, name: str) -> None:
    if name.startswith(_RESERVED):
        raise AccessRefused(f"ACCESS_REFUSED - {kind} name '{name}' contains reserved prefix 'amq.*'")


def _require_same_exchange(current: Exchange, new: Exchange) -> None:
    thing = f"exchange '{current.name}'"
    for argument, have, want in (
        ("type", current.kind.value, new.kind.value),
        ("durable", current.durable, new.durable),
        ("auto_delete", current.auto_delete, new.auto_delete),
        ("internal", current.internal, new.internal),
    ):
        if have != want:
            raise queue_arguments.inequivalent(argument, thing, have, want)


def _require_same_queue(queue: MessageQueue, *, durable: bool, auto_delete: bool, table: dict[str, Any]) -> None:
    thing = f"queue '{queue.name}'"
    if queue.durable != durable:
        raise queue_arguments.inequivalent("durable", thing, queue.durable, durable)
    if queue.auto_delete != auto_delete:
        raise queue_arguments.inequivalent("auto_delete", thing, queue.auto_delete, auto_delete)
    queue_arguments.require_equal(queue.name, queue.table, table)
