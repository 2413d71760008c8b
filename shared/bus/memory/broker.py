"""The in-memory broker: everything that RabbitMQ keeps in one virtual host, and the hand on its plug."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

import errno
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from amqp.basic_message import Message as Content
from amqp.exceptions import AccessRefused, NotFound, PreconditionFailed, ResourceLocked

from shared.bus.memory import arguments as queue_arguments
from shared.bus.memory.deaths import dead_letter, without_cycles
from shared.bus.memory.exchange import Exchange, Kind
from shared.bus.memory.message import Message, decode
from shared.bus.memory.queue import DeathReason, Entry, MessageQueue
from shared.bus.memory.session import Session
from shared.bus.memory.timetable import Timetable
from shared.bus.memory.views import QueueView
from shared.bus.memory.wire import Wire
from shared.ids import new_id

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""RabbitMQ's own default since 4.0."""

_BUILT_IN = {"amq.direct": Kind.DIRECT, "amq.topic": Kind.TOPIC, "amq.fanout": Kind.FANOUT}
_RESERVED = "amq."


class Broker:
    """One virtual host.

    Exchanges, queues and messages live as long as this object, and only in this process.

    Attributes:
        epoch: Names the life of this broker; what an earlier one held is lost.
        max_message_bytes: Larger messages are refused.
    """

    def __init__(self, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.epoch = new_id()
        self.max_message_bytes = max_message_bytes
        self.lock = threading.Lock()
        self.timetable = Timetable(self.lock)
        self.alarm: str | None = None
        self._stopped = False
        self._sessions: dict[Session, None] = {}
        self._queues: dict[str, MessageQueue] = {}
        self._exchanges = {
            name: Exchange(name=name, kind=kind, durable=True, auto_delete=False, internal=False, arguments={})
            for name, kind in _BUILT_IN.items()
        }

    # What tests, tools and operators ask for.

    def close_all_connections(self) -> None:
        """Tell every client that its connection is closed, as an operator of RabbitMQ can."""
        with self.lock:
            self._force_close_all("CONNECTION_FORCED - closed by the operator")

    def stop(self) -> None:
        """Shut down; connections are closed and refused. Durable queues keep their persistent messages."""
        with self.lock:
            self._stopped = True
            self._force_close_all("CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'")
            self._lose_transient()

    def kill(self) -> None:
        """Die without a word to the clients; what was confirmed to a publisher is kept."""
        with self.lock:
            self._stopped = True
            for session in list(self._sessions):
                session.drop()
            self._lose_transient()

    def start(self) -> None:
        """Take connections again after :meth:`stop` or :meth:`kill`."""
        with self.lock:
            self._stopped = False

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def block(self, reason: str = "low on memory") -> None:
        """Raise an alarm: a connection that publishes is not read any more until :meth:`unblock`."""
        with self.lock:
            self.alarm = reason

    def unblock(self) -> None:
        """End the alarm; what publishers sent meanwhile is dealt with now."""
        with self.lock:
            self.alarm = None
            for session in list(self._sessions):
                session.alarm_cleared()

    def queues(self) -> dict[str, QueueView]:
        """All queues by name, with what they hold now."""
        with self.lock:
            return {name: QueueView.of(queue) for name, queue in self._queues.items()}

    def messages(self, queue: str) -> list[Content]:
        """The messages that wait in a queue, in order; they stay there.

        Raises:
            amqp.exceptions.NotFound: There is no such queue.
        """
        with self.lock:
            return [decode(entry.message.raw) for entry in self.queue(queue).waiting]

    def purge(self, queue: str) -> int:
        """Drop the messages that wait in a queue; returns how many.

        Raises:
            amqp.exceptions.NotFound: There is no such queue.
        """
        with self.lock:
            return self.queue(queue).purge()

    @property
    def connection_count(self) -> int:
        return len(self._sessions)

    # What sessions ask for, with the lock held.

    def accept(self, wire: Wire) -> Session:
        """Take a client's connection.

        Raises:
            ConnectionRefusedError: The broker is stopped.
        """
        if self._stopped:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "the in-memory broker is stopped")
        session = Session(self, wire)
        self._sessions[session] = None
        return session

    def forget(self, session: Session) -> None:
        """A connection is over; its exclusive queues go with it."""
        del self._sessions[session]
        for queue in [queue for queue in self._queues.values() if queue.owner is session]:
            self.delete_queue(queue)

    def exchange(self, name: str) -> Exchange:
        """Find an exchange.

        Raises:
            amqp.exceptions.NotFound: There is none.
        """
        try:
            return self._exchanges[name]
        except KeyError:
            raise NotFound(f"NOT_FOUND - no exchange '{name}' in vhost '/'") from None

    def queue(self, name: str, session: Session | None = None) -> MessageQueue:
        """Find a queue, for a connection if one is given.

        Raises:
            amqp.exceptions.NotFound: There is none.
            amqp.exceptions.ResourceLocked: It belongs to another connection.
        """
        queue = self._queues.get(name)
        if queue is None:
            raise NotFound(f"NOT_FOUND - no queue '{name}' in vhost '/'")
        if session is not None and queue.owner not in (None, session):
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
        session: Session,
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
        if name in self._queues:
            queue = self.queue(name, session)
            _require_same_queue(queue, durable=durable, auto_delete=auto_delete, table=table)
        else:
            _require_free_name("queue", name)
            queue = self._new_queue(name, session if exclusive else None, durable, auto_delete, table)
        queue.touch()
        return queue

    def name_queue(self, session: Session, **options: Any) -> MessageQueue:
        """Make a queue with a name that nothing else has; options as for :meth:`declare_queue`."""
        name = f"{_RESERVED}gen-{new_id()}"
        exclusive = options.pop("exclusive")
        return self._new_queue(name, session if exclusive else None, **options)

    def bind(self, queue: MessageQueue, exchange: Exchange, key: str) -> None:
        exchange.bind(queue, key)
        for other in self._queues.values():
            other.bury_again()

    def unbind(self, queue: MessageQueue, exchange: Exchange, key: str) -> None:
        if exchange.unbind(queue, key):
            self._drop_if_unused(exchange)

    def delete_queue(self, queue: MessageQueue) -> None:
        """Delete a queue, its messages and its bindings; its consumers are told."""
        del self._queues[queue.name]
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

    def has_queue(self, name: str) -> bool:
        return name in self._queues

    def _route(self, message: Message) -> list[MessageQueue]:
        if not message.exchange:
            queue = self._queues.get(message.routing_key)
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
        self, name: str, owner: Session | None, durable: bool, auto_delete: bool, table: Mapping[str, Any]
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
            timetable=self.timetable,
            bury=self._bury,
            remove=self.delete_queue,
        )
        self._queues[name] = queue
        return queue

    def _drop_if_unused(self, exchange: Exchange) -> None:
        if exchange.auto_delete and exchange.unused:
            del self._exchanges[exchange.name]

    def _force_close_all(self, reason: str) -> None:
        for session in list(self._sessions):
            session.force_close(reason)

    def _lose_transient(self) -> None:
        for queue in list(self._queues.values()):
            if queue.durable:
                queue.lose_transient()
            else:
                self.delete_queue(queue)
        self._keep_exchanges(exchange for exchange in self._exchanges.values() if exchange.durable)

    def _keep_exchanges(self, exchanges: Iterable[Exchange]) -> None:
        self._exchanges = {exchange.name: exchange for exchange in exchanges}


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
