"""Reads one queue over a connection of its own, for as long as the process lives.

Nameko's own QueueConsumer shares one connection and one prefetch among all entrypoints, closes the connection
while work still runs, and acknowledges what it cannot decode; hence this one.
"""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from kombu.entity import Queue
from kombu.mixins import ConsumerMixin

from shared.bus.connection import broker_connection, hang_up
from shared.bus.delivery import BrokerDelivery
from shared.bus.refusing import note_refused
from shared.errors import UndecodableError

log = structlog.get_logger(__name__)

HEARTBEAT_S = 30
"""Both sides give a silent connection up after two of these; see RabbitMQ's guide on heartbeats."""

CRASH_PAUSE_S = 1.0

FIRST_RECONNECT_S, LONGEST_RECONNECT_S = 0.5, 3.0
"""Waits between tries to connect grow from the one to the other; kombu's own go up to 30 s."""

LOOK_S = 0.5
"""How soon a request to stop is noticed; looking more often is what an idle process spends its time on."""

Receive = Callable[[BrokerDelivery], None]
Prepare = Callable[[Any], Queue]
"""Makes the queue to read on a fresh channel; for exclusive queues, which die with their connection."""
OnConnection = Callable[[bool], None]
"""Called with whether the queue can be read, whenever that changes."""


def existing(name: str) -> Prepare:
    """A queue that the topology has declared."""
    return lambda _channel: Queue(name, no_declare=True)


class QueueReader(ConsumerMixin):
    """Hands every delivery of a queue to ``receive``; reconnects after every loss.

    Args:
        prefetch: Most deliveries held at a time.
        receive: Must not block; it runs in the reader's own thread.
        queue: What the queue is called in metrics.
        on_connection: Called with False when the connection broke and with True when there is one.

    Attributes:
        connections_lost: How often the connection broke.
    """

    def __init__(
        self,
        url: str,
        prepare: Prepare,
        receive: Receive,
        *,
        queue: str,
        prefetch: int,
        heartbeat_s: int = HEARTBEAT_S,
        on_connection: OnConnection = lambda _connected: None,
    ) -> None:
        self.connection = broker_connection(url, heartbeat_s=heartbeat_s)
        self.connections_lost = 0
        self._prepare = prepare
        self._queue = queue
        self._receive = receive
        self._prefetch = prefetch
        self._on_connection = on_connection
        self._cancelling = False
        self._consumers: list[Any] = []

    def run_for_ever(self) -> None:
        """Read until :meth:`close`; a lost connection or a bug in between is survived."""
        while not self.should_stop:
            try:
                self.run()
            except Exception:
                log.exception("reader_crashed")
                threading.Event().wait(CRASH_PAUSE_S)

    def stop_consuming(self) -> None:
        """Take no more deliveries, but keep the connection on which those held are answered."""
        self._cancelling = True

    def close(self) -> None:
        """End; unanswered deliveries go back to the broker."""
        self.should_stop = True

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        if self._cancelling:
            return []
        queue = self._prepare(channel)
        consumer = consumer_cls(queues=[queue], on_message=self._on_message, auto_declare=False)
        consumer.qos(prefetch_count=self._prefetch)
        self._consumers = [consumer]
        return self._consumers

    def consume(self, *args: Any, **kwargs: Any) -> Iterator[None]:
        try:
            yield from super().consume(*args, **{**kwargs, "safety_interval": LOOK_S})
        except (*self.connection_errors, *self.channel_errors) as error:
            self.connections_lost += 1
            log.warning("broker_connection_lost", error=f"{type(error).__name__}: {str(error)[:200]}")
            self._on_connection(False)
            raise

    def on_iteration(self) -> None:
        if self._cancelling and self._consumers:
            for consumer in self._consumers:
                consumer.cancel()
            self._consumers = []

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        note_refused(self._queue, UndecodableError(f"its properties cannot be read: {type(exc).__name__}"))
        BrokerDelivery(message).dead_letter()

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        with self.create_connection() as connection:
            connection.ensure_connection(
                self.on_connection_error,
                interval_start=FIRST_RECONNECT_S,
                interval_step=FIRST_RECONNECT_S,
                interval_max=LONGEST_RECONNECT_S,
            )
            wire = connection.connection
            try:
                yield connection
            except BaseException:
                hang_up(wire)
                raise

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        log.warning("broker_unreachable", error=type(exc).__name__, retry_in_s=interval)

    def on_connection_revived(self) -> None:
        log.info("broker_connected")
        self._on_connection(True)

    def _on_message(self, message: Any) -> None:
        delivery = BrokerDelivery(message)
        if self._cancelling:
            delivery.requeue()
        else:
            self._receive(delivery)
