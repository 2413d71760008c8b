"""Sends messages and returns when the broker has taken responsibility for every one of them.

The same code on RabbitMQ and on the in-memory broker, from green threads and from ordinary ones. Senders that
come while another one waits for its confirms travel together in the next batch, over one connection.
"""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.bus.connection import broker_connection, connect, connection_errors, hang_up
from shared.bus.errors import UnroutableError
from shared.bus.outgoing import OutgoingMessage
from shared.bus.signed_facts import OWNERS, signature_of
from shared.contracts.envelope import CONTENT_TYPE
from shared.errors import BrokerUnavailableError
from shared.service_keys import ServiceKeys

SEND_TIMEOUT_S = 10.0
"""Longest wait for connection and confirms together."""

_RECONNECT_DELAY_S = 0.2
_PERSISTENT, _TRANSIENT = 2, 1  # delivery modes of AMQP 0-9-1


@dataclass(kw_only=True, eq=False)
class _Ticket:
    """The messages of one sender, and how their sending ended."""

    messages: list[tuple[OutgoingMessage, bytes, Mapping[str, str]]]
    unroutable: str | None = None
    refused: str | None = None
    finished: bool = field(default=False)


class Publisher:
    """A connection to the broker for sending; opened at the first message and again after every loss.

    Args:
        url: ``amqp://…`` or ``memory://…``
        timeout_s: Longest time one call may take [s].
        keys: Of the services whose facts must be signed; they are signed here, in the bytes that are sent.

    Attributes:
        sent: How many messages the broker has confirmed.
    """

    def __init__(self, url: str, *, timeout_s: float = SEND_TIMEOUT_S, keys: ServiceKeys | None = None) -> None:
        self._url = url
        self._keys = keys or ServiceKeys()
        self._timeout_s = timeout_s
        self._waiting: deque[_Ticket] = deque()
        self._turn = threading.Lock()
        self._channel: _ConfirmedChannel | None = None
        self.sent = 0

    def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Send messages in order; when it returns, the broker has confirmed them all.

        After an error some may have been sent: receivers recognise what they have seen by its id.

        Raises:
            BrokerUnavailableError: Not confirmed in time, or refused.
            UnroutableError: A mandatory message found no queue.
            InvalidMessageError: A message is too large; none was sent.
            ConfigurationError: A message must be signed, and there is no key for it; none was sent.
        """
        ticket = _Ticket(messages=[self._written(message) for message in messages])
        deadline = time.monotonic() + self._timeout_s
        self._waiting.append(ticket)
        if not self._turn.acquire(timeout=self._timeout_s):
            raise BrokerUnavailableError("the broker did not confirm earlier messages in time")
        try:
            if not ticket.finished:
                self._send(self._take_waiting(), deadline)
        finally:
            self._turn.release()
        if ticket.unroutable:
            raise UnroutableError(ticket.unroutable)
        if ticket.refused:
            raise BrokerUnavailableError(ticket.refused)

    def close(self) -> None:
        """Close the connection; the publisher opens a new one when it is used again."""
        with self._turn:
            self._drop_channel()

    def _written(self, message: OutgoingMessage) -> tuple[OutgoingMessage, bytes, Mapping[str, str]]:
        body = message.envelope.encode()
        if message.envelope.type in OWNERS:
            return message, body, {**message.headers, **signature_of(message, body, self._keys)}
        return message, body, message.headers

    def _take_waiting(self) -> list[_Ticket]:
        tickets = []
        while self._waiting:
            tickets.append(self._waiting.popleft())
        return tickets

    def _send(self, tickets: list[_Ticket], deadline: float) -> None:
        """Send until confirmed or out of time; every ticket is finished afterwards, whatever happens."""
        try:
            refused = self._send_until(tickets, deadline)
        except BaseException:
            _finish(
                tickets, refused="sending failed in an unexpected way; the log of this process names the cause"
            )
            self._drop_channel()
            raise
        _finish(tickets, refused=refused)

    def _send_until(self, tickets: list[_Ticket], deadline: float) -> str | None:
        """Why the broker did not take the messages in time; none if it did."""
        refused = "the broker did not confirm in time"
        while time.monotonic() < deadline:
            try:
                self._open_channel().send(tickets, deadline)
            except _Lost as error:
                refused = f"the broker is away: {error}"
                self._drop_channel()
                time.sleep(min(_RECONNECT_DELAY_S, max(0.0, deadline - time.monotonic())))
            else:
                self.sent += sum(len(ticket.messages) for ticket in tickets)
                return None
        return refused

    def _open_channel(self) -> _ConfirmedChannel:
        if self._channel is None:
            self._channel = _ConfirmedChannel(self._url)
        return self._channel

    def _drop_channel(self) -> None:
        if self._channel is not None:
            channel, self._channel = self._channel, None
            channel.close()


def _finish(tickets: list[_Ticket], *, refused: str | None) -> None:
    for ticket in tickets:
        ticket.refused = ticket.refused or refused
        ticket.finished = True


class _Lost(Exception):  # never leaves this module
    """The connection or channel broke; what was sent may or may not have arrived."""


class _ConfirmedChannel:
    """A connection with one channel in confirm mode."""

    def __init__(self, url: str) -> None:
        self._connection = broker_connection(url)
        self._errors = connection_errors(self._connection)
        self._sent = 0
        self._unconfirmed: dict[int, _Ticket] = {}
        self._by_message: dict[str, _Ticket] = {}
        try:
            self._wire = connect(self._connection)
            self._channel: Any = self._connection.channel()
            self._select_confirms()
        except self._errors as error:
            raise _Lost(_words(error)) from error

    def send(self, tickets: list[_Ticket], deadline: float) -> None:
        """Send all messages and wait for all confirms.

        Raises:
            _Lost: The connection broke or the time is up.
        """
        try:
            for ticket in tickets:
                for message, body, headers in ticket.messages:
                    self._send_one(ticket, message, body, headers, deadline)
            while self._unconfirmed:
                self._connection.drain_events(timeout=max(0.001, deadline - time.monotonic()))
        except TimeoutError as error:
            raise _Lost("no confirm in time") from error
        except self._errors as error:
            raise _Lost(_words(error)) from error
        finally:
            self._by_message.clear()

    def close(self) -> None:
        hang_up(self._wire)

    def _select_confirms(self) -> None:
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._confirmed)
        self._channel.events["basic_nack"].add(self._nacked)
        self._channel.events["basic_return"].add(self._returned)

    def _send_one(
        self,
        ticket: _Ticket,
        message: OutgoingMessage,
        body: bytes,
        headers: Mapping[str, str],
        deadline: float,
    ) -> None:
        prepared = self._channel.prepare_message(
            body,
            content_type=CONTENT_TYPE,
            content_encoding="utf-8",
            headers=dict(headers),
            properties={
                "delivery_mode": _PERSISTENT if message.persistent else _TRANSIENT,
                "message_id": message.envelope.id,
            },
        )
        self._sent += 1
        self._unconfirmed[self._sent] = ticket
        self._by_message[message.envelope.id] = ticket
        self._channel.basic_publish(
            prepared,
            exchange=message.exchange,
            routing_key=message.routing_key,
            mandatory=message.mandatory,
            timeout=max(0.001, deadline - time.monotonic()),
        )

    def _confirmed(self, delivery_tag: int, multiple: bool) -> None:
        for tag in self._tags(delivery_tag, multiple):
            del self._unconfirmed[tag]

    def _nacked(self, delivery_tag: int, multiple: bool) -> None:
        for tag in self._tags(delivery_tag, multiple):
            self._unconfirmed.pop(tag).refused = "the broker refused the message: a queue is full or failing"

    def _returned(self, _error: Exception, exchange: str, routing_key: str, message: Any) -> None:
        ticket = self._by_message[message.properties["message_id"]]
        ticket.unroutable = f"no queue for {routing_key} at {exchange}; declare the topology on this broker"

    def _tags(self, delivery_tag: int, multiple: bool) -> list[int]:
        if not multiple:
            return [delivery_tag]
        return [tag for tag in self._unconfirmed if tag <= delivery_tag]


def _words(error: BaseException) -> str:
    """What happened, without addresses that may hold a password."""
    return f"{type(error).__name__}: {str(error)[:200]}" if not isinstance(error, OSError) else str(error)
