"""Relay: takes messages from the outbox to the broker, at least once and in order.

It asks the table once a second; a nudge after each commit only saves the wait. Of several relays on one
PostgreSQL table, one sends at a time: the others find it locked and look again. A message is marked only after
the broker confirmed it, so a relay that dies in between sends it again, and receivers recognise the copy.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, text

from shared.bus.errors import UnroutableError
from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox, StoredMessage
from shared.bus.outgoing import OutgoingMessage
from shared.db import Database
from shared.errors import InfrastructureError

POLL_S = 1.0
LOOK_S = 10.0
"""A database that says that nothing was written is believed this long."""
BATCH = 200
"""Most messages of one confirmed batch; large enough that round trips do not matter, small enough to be quick."""

RIVAL_PAUSE_S = 0.05
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 5.0
UNROUTABLE_PAUSE = timedelta(seconds=10)
STOP_GRACE_S = 5.0
PURGE_EVERY_S = 3600.0

Publish = Callable[[Sequence[OutgoingMessage]], None]
"""Hands messages to the broker and returns when it has confirmed all of them."""

_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || '.' || :table, 0))")

_log = structlog.get_logger(__name__)


class RivalRelayError(InfrastructureError):
    """Another relay is sending what this outbox holds."""

    code = "infrastructure.rival_relay"


class Relay:
    """Sends what one outbox holds, in a thread of its own (green where threading is patched).

    Args:
        publish: Raises UnroutableError if no queue takes a mandatory message, BrokerUnavailableError if the
            broker is away; in both cases any part of the batch may have been sent.
        epoch: The life of the broker, or ``DURABLE``.
        inbox: The service's inbox, whose old rows are deleted with those of the outbox.

    Attributes:
        sent: How many messages it has dealt with and marked so.
    """

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        publish: Publish,
        epoch: str,
        inbox: Inbox | None = None,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._publish = publish
        self._epoch = epoch
        self._inbox = inbox
        self.sent = 0
        self._nudged = threading.Event()
        self._stopping = threading.Event()
        self._abandoned = False
        self._purge_due = time.monotonic()
        self._seen_version: int | None = None
        self._look_due = time.monotonic()
        self._put_off_until = time.monotonic()
        self._thread: threading.Thread | None = None
        database.watch(outbox.table.name, self.nudge)

    def start(self) -> None:
        """Begin sending; first what an earlier broker lost. Ends with ``stop`` and is not started again."""
        self._thread = threading.Thread(target=self._run, name=f"relay-{self._database.schema}", daemon=True)
        self._thread.start()

    def stop(self, grace_s: float = STOP_GRACE_S) -> bool:
        """Send what is left and end.

        Returns:
            Whether everything was sent; False if broker or database stayed away for ``grace_s``.
        """
        if self._thread is None:
            return True
        self._stopping.set()
        self.nudge()
        self._thread.join(grace_s)
        self._abandoned = True
        return not self._thread.is_alive()

    @property
    def service(self) -> str:
        """Whose outbox it is."""
        return self._database.schema

    def backlog(self) -> tuple[int, timedelta]:
        """How many messages wait, and how long the oldest has.

        Raises:
            DatabaseUnavailableError: The database is away.
        """
        with self._database.reading() as connection:
            age = self._outbox.oldest_unsent_age(connection)
            return self._outbox.unsent_count(connection), age or timedelta(0)

    def nudge(self) -> None:
        """There may be something to send."""
        self._nudged.set()

    def settle(self, sent_before: datetime) -> None:
        """The memory broker was empty after ``sent_before``: what was sent until then has arrived."""
        with self._database.transaction() as connection:
            self._outbox.settle(connection, epoch=self._epoch, sent_before=sent_before)

    def reopen_lost(self) -> None:
        """Make unsent again what earlier brokers held in memory when they died."""
        with self._database.transaction() as connection:
            reopened = self._outbox.reopen_lost(connection, epoch=self._epoch)
        if reopened:
            _log.warning("outbox_reopened", messages=reopened)

    def send_pending(self) -> int:
        """Send one batch.

        Returns:
            How many messages were dealt with; 0 if there is nothing to do now.

        Raises:
            RivalRelayError: Another relay is sending.
            InfrastructureError: Broker or database away; nothing was marked.
        """
        if self._database.dialect == "postgresql":
            return self._send_locked()
        return self._send_unlocked()

    def _send_locked(self) -> int:
        """Keep rivals out by a lock that ends with the transaction, also when this process dies."""
        with self._database.transaction() as connection:
            if not connection.execute(_LOCK, {"table": self._outbox.table.name}).scalar():
                raise RivalRelayError()
            batch = self._outbox.unsent(connection, BATCH)
            if batch:
                self._mark(connection, batch, refused=self._deliver(batch))
        self.sent += len(batch)
        return len(batch)

    def _send_unlocked(self) -> int:
        """Publishing waits, which a SQLite transaction must not; one runtime per data folder means no rival."""
        with self._database.reading() as connection:
            batch = self._outbox.unsent(connection, BATCH)
        if batch:
            refused = self._deliver(batch)
            with self._database.transaction() as connection:
                self._mark(connection, batch, refused=refused)
        self.sent += len(batch)
        return len(batch)

    def _mark(self, connection: Connection, batch: list[StoredMessage], *, refused: list[StoredMessage]) -> None:
        sent = [message for message in batch if message not in refused]
        self._outbox.mark_sent(connection, sent, epoch=self._epoch)
        self._outbox.postpone(connection, refused, UNROUTABLE_PAUSE)
        if refused:  # they fall due without a write
            self._put_off_until = time.monotonic() + UNROUTABLE_PAUSE.total_seconds() + POLL_S

    def _deliver(self, batch: list[StoredMessage]) -> list[StoredMessage]:
        """Publish a batch; returns the messages that no queue takes."""
        try:
            self._publish([message.outgoing for message in batch])
        except UnroutableError:
            return [message for message in batch if not self._deliver_alone(message)]
        return []

    def _deliver_alone(self, message: StoredMessage) -> bool:
        """Publish one message; False if no queue takes it."""
        outgoing = message.outgoing
        try:
            self._publish([outgoing])
        except UnroutableError:
            _log.error(
                "message_unroutable",
                message_id=outgoing.envelope.id,
                type=outgoing.envelope.type,
                exchange=outgoing.exchange,
                routing_key=outgoing.routing_key,
            )
            return False
        return True

    def _run(self) -> None:
        retry_pauses = _doubling()
        reopened = False
        while not self._abandoned:
            self._nudged.clear()
            try:
                if not reopened:
                    self.reopen_lost()
                    reopened = True
                self._send_what_waits()
                self._purge_if_due()
            except RivalRelayError:
                time.sleep(RIVAL_PAUSE_S)
                continue
            except Exception as error:  # noqa: BLE001  # a relay that ends would stop the service silently
                self._wait_after(error, next(retry_pauses))
                continue
            retry_pauses = _doubling()
            if self._stopping.is_set():
                return
            self._nudged.wait(POLL_S)

    def _send_what_waits(self) -> None:
        """Look for messages, unless nothing was written since the last look that found none."""
        version = self._database.version()
        now = time.monotonic()
        if version is not None and version == self._seen_version and self._put_off_until < now < self._look_due:
            return
        while self.send_pending():
            time.sleep(0)  # others may run between two batches
        self._seen_version = version
        self._look_due = time.monotonic() + LOOK_S

    def _purge_if_due(self) -> None:
        """Delete what was sent or handled long ago: at the start and then once an hour."""
        if time.monotonic() < self._purge_due:
            return
        purged = self._outbox.purge(self._database)
        handled = self._inbox.purge(self._database) if self._inbox else 0
        self._purge_due = time.monotonic() + PURGE_EVERY_S
        if purged or handled:
            _log.info("messages_purged", sent=purged, handled=handled)

    def _wait_after(self, error: Exception, pause_s: float) -> None:
        """Wait for the broker or database to come back, briefly once we are to stop."""
        if isinstance(error, InfrastructureError):
            _log.warning("relay_waits", code=error.code, reason=error.message, pause_s=pause_s)
        else:
            _log.error("relay_failed", exc_info=error, pause_s=pause_s)
        if self._stopping.is_set():
            time.sleep(FIRST_RETRY_S)
        else:
            self._stopping.wait(pause_s)


def _doubling() -> Iterator[float]:
    """Pauses between tries [s]: 0.1, 0.2, 0.4 … 5, 5."""
    pause = FIRST_RETRY_S
    while True:
        yield pause
        pause = min(2 * pause, LAST_RETRY_S)
