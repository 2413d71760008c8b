"""The in-memory broker: its connections, what it shows of itself, and the hand on its plug."""

# mypy: allow-untyped-calls
# (amqp has no annotations)

from __future__ import annotations

import errno
import threading

from amqp.basic_message import Message as Content

from shared.bus.memory.message import decode
from shared.bus.memory.session import Session
from shared.bus.memory.timetable import Timetable
from shared.bus.memory.vhost import VirtualHost
from shared.bus.memory.views import QueueView
from shared.bus.memory.wire import Wire
from shared.ids import new_id

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""RabbitMQ's own default since 4.0."""


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
        self.vhost = VirtualHost(Timetable(self.lock))
        self.alarm: str | None = None
        self._stopped = False
        self._sessions: dict[Session, None] = {}

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
            self.vhost.lose_transient()

    def kill(self) -> None:
        """Die without a word to the clients; what was confirmed to a publisher is kept."""
        with self.lock:
            self._stopped = True
            for session in list(self._sessions):
                session.drop()
            self.vhost.lose_transient()

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
            return {name: QueueView.of(queue) for name, queue in self.vhost.queues.items()}

    def messages(self, queue: str) -> list[Content]:
        """The messages that wait in a queue, in order; they stay there.

        Raises:
            amqp.exceptions.NotFound: There is no such queue.
        """
        with self.lock:
            return [decode(entry.message.raw) for entry in self.vhost.queue(queue).waiting]

    def purge(self, queue: str) -> int:
        """Drop the messages that wait in a queue; returns how many.

        Raises:
            amqp.exceptions.NotFound: There is no such queue.
        """
        with self.lock:
            return self.vhost.queue(queue).purge()

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
        for session in list(self._sessions):
            session.wire.hang_up_if_abandoned()
        session = Session(self, wire)
        self._sessions[session] = None
        return session

    def forget(self, session: Session) -> None:
        """A connection is over."""
        del self._sessions[session]
        self.vhost.disown(session)

    def _force_close_all(self, reason: str) -> None:
        for session in list(self._sessions):
            session.force_close(reason)
