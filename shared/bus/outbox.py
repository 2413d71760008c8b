"""Outbox: messages to be sent, stored in the same transaction as the change they report.

A row lives through: stored, sent (the broker has confirmed it), settled (it has also left the broker), purged.
Only the memory broker needs *settled*: what it held when its process died was sent, but never arrived. Its
rows carry the *epoch*, the life of the broker in which they were sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from shared.bus.outgoing import OutgoingMessage
from shared.clock import Clock, SystemClock
from shared.contracts.envelope import decode
from shared.db import Database, Json, UtcDateTime

DURABLE = "durable"
"""Epoch of a broker that keeps its messages itself; it never ends."""

KEPT_FOR = timedelta(days=3)
"""Must stay below the time receivers remember: an old row sent again would be new to them."""

_PURGED_AT_ONCE = 1_000


def outbox_table(metadata: MetaData, name: str = "outbox") -> Table:
    """Declare a service's outbox."""
    return Table(
        name,
        metadata,
        Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("message_id", String(64), nullable=False, unique=True),
        Column("type", String(100), nullable=False),
        Column("job_id", String(36)),
        Column("exchange", String(100), nullable=False),
        Column("routing_key", String(200), nullable=False),
        Column("mandatory", Boolean, nullable=False),
        Column("persistent", Boolean, nullable=False),
        Column("headers", Json, nullable=False),
        Column("body", Text, nullable=False),
        Column("stored_at", UtcDateTime, nullable=False),
        Column("retry_at", UtcDateTime),
        Column("sent_at", UtcDateTime, index=True),
        Column("sent_epoch", String(64)),
        Column("settled_at", UtcDateTime),
        Index(
            f"ix_{name}_unsent",
            "position",
            postgresql_where=text("sent_at IS NULL"),
            sqlite_where=text("sent_at IS NULL"),
        ),
        sqlite_autoincrement=True,  # positions of purged rows are not used again
    )


@dataclass(frozen=True, kw_only=True)
class StoredMessage:
    """An unsent row."""

    position: int
    outgoing: OutgoingMessage


class Outbox:
    """The rows of one service's outbox.

    Args:
        table: As made by ``outbox_table``.
    """

    def __init__(self, table: Table, clock: Clock | None = None) -> None:
        self.table = table
        self._clock = clock or SystemClock()

    def add(self, connection: Connection, outgoing: OutgoingMessage) -> None:
        """Send a message if, and only if, the transaction commits.

        Raises:
            InvalidMessageError: The message is too large.
            NoTransactionError: The connection is not one of ``Database.transaction()``.
        """
        connection.execute(insert(self.table).values(self._row(outgoing)))
        Database.announce(connection, self.table.name)

    def discard(self, connection: Connection, *, exchange: str) -> int:
        """Forget all messages to ``exchange``, sent or not; returns how many there were."""
        return connection.execute(delete(self.table).where(self.table.c.exchange == exchange)).rowcount

    def unsent(self, connection: Connection, limit: int) -> list[StoredMessage]:
        """The oldest messages to be sent now, in the order they were stored."""
        columns = self.table.c
        due = or_(columns.retry_at.is_(None), columns.retry_at <= self._clock.now())
        query = select(self.table).where(columns.sent_at.is_(None), due).order_by(columns.position).limit(limit)
        return [_stored(row) for row in connection.execute(query).mappings()]

    def mark_sent(self, connection: Connection, sent: Sequence[StoredMessage], *, epoch: str) -> None:
        """The broker of ``epoch`` has confirmed these."""
        self._update(connection, sent, sent_at=self._clock.now(), sent_epoch=epoch, retry_at=None)

    def postpone(self, connection: Connection, refused: Sequence[StoredMessage], pause: timedelta) -> None:
        """Try these again after ``pause``; others need not wait for them."""
        self._update(connection, refused, retry_at=self._clock.now() + pause)

    def reopen_lost(self, connection: Connection, *, epoch: str) -> int:
        """Make unsent again what brokers before ``epoch`` held in memory when they died; returns how many."""
        columns = self.table.c
        lost = update(self.table).where(
            columns.sent_at.is_not(None),
            columns.settled_at.is_(None),
            columns.sent_epoch.not_in((epoch, DURABLE)),
        )
        return connection.execute(lost.values(sent_at=None, sent_epoch=None)).rowcount

    def settle(self, connection: Connection, *, epoch: str, sent_before: datetime) -> None:
        """What was sent by then has left the broker, and is not to be sent again when it dies."""
        columns = self.table.c
        arrived = update(self.table).where(
            columns.sent_epoch == epoch, columns.settled_at.is_(None), columns.sent_at <= sent_before
        )
        connection.execute(arrived.values(settled_at=self._clock.now()))

    def oldest_unsent_age(self, connection: Connection) -> timedelta | None:
        """How long the oldest unsent message waits; none if all are sent. The figure to raise an alarm on."""
        query = select(func.min(self.table.c.stored_at)).where(self.table.c.sent_at.is_(None))
        oldest: datetime | None = connection.execute(query).scalar()
        return None if oldest is None else self._clock.now() - oldest

    def unsent_count(self, connection: Connection) -> int:
        """How many messages wait."""
        query = select(func.count()).select_from(self.table).where(self.table.c.sent_at.is_(None))
        return int(connection.execute(query).scalar_one())

    def purge(self, database: Database, older_than: timedelta = KEPT_FOR) -> int:
        """Delete messages sent longer ago than that, some at a time so that nobody waits for it.

        Returns:
            How many were deleted.
        """
        before = self._clock.now() - older_than
        total = 0
        while purged := self._purge_some(database, before):
            total += purged
        return total

    def _purge_some(self, database: Database, before: datetime) -> int:
        columns = self.table.c
        old = select(columns.position).where(columns.sent_at < before).limit(_PURGED_AT_ONCE)
        with database.transaction() as connection:
            return connection.execute(delete(self.table).where(columns.position.in_(old))).rowcount

    def _update(self, connection: Connection, messages: Sequence[StoredMessage], **values: Any) -> None:
        positions = [message.position for message in messages]
        connection.execute(update(self.table).where(self.table.c.position.in_(positions)).values(values))

    def _row(self, outgoing: OutgoingMessage) -> dict[str, Any]:
        envelope = outgoing.envelope
        return {
            "message_id": envelope.id,
            "type": envelope.type,
            "job_id": envelope.jobid,
            "exchange": outgoing.exchange,
            "routing_key": outgoing.routing_key,
            "mandatory": outgoing.mandatory,
            "persistent": outgoing.persistent,
            "headers": dict(outgoing.headers),
            "body": envelope.encode().decode(),
            "stored_at": self._clock.now(),
        }


def _stored(row: RowMapping) -> StoredMessage:
    outgoing = OutgoingMessage(
        envelope=decode(row["body"]),
        exchange=row["exchange"],
        routing_key=row["routing_key"],
        mandatory=row["mandatory"],
        persistent=row["persistent"],
        headers=row["headers"],
    )
    return StoredMessage(position=row["position"], outgoing=outgoing)
