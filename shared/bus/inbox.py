"""Inbox: the ids of messages already handled, stored in the same transaction as their effect."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, MetaData, String, Table, delete, select, tuple_

from shared.clock import Clock, SystemClock
from shared.db import Database, UtcDateTime, insert_if_absent

KEPT_FOR = timedelta(days=7)
"""Longer than any message can stay on its way; a copy that comes later would be handled again."""

_PURGED_AT_ONCE = 1_000


def inbox_table(metadata: MetaData, name: str = "inbox") -> Table:
    """Declare a service's inbox."""
    return Table(
        name,
        metadata,
        Column("consumer", String(100), primary_key=True),
        Column("message_id", String(64), primary_key=True),
        Column("handled_at", UtcDateTime, nullable=False, index=True),
    )


class Inbox:
    """Recognises copies of a message.

    Args:
        table: As made by ``inbox_table``.
    """

    def __init__(self, table: Table, clock: Clock | None = None) -> None:
        self._table = table
        self._clock = clock or SystemClock()

    def first_time(self, connection: Connection, consumer: str, message_id: str) -> bool:
        """Remember a message as handled by ``consumer``, if the transaction commits.

        Of several transactions that ask at the same time only one that commits gets True: the others wait
        for it.

        Returns:
            False for a copy of a message that was handled before.
        """
        return insert_if_absent(
            connection, self._table, consumer=consumer, message_id=message_id, handled_at=self._clock.now()
        )

    def seen(self, connection: Connection, consumer: str, message_id: str) -> bool:
        """Whether a message was handled; remembers nothing."""
        columns = self._table.c
        query = select(columns.handled_at).where(columns.consumer == consumer, columns.message_id == message_id)
        return connection.execute(query).first() is not None

    def purge(self, database: Database, older_than: timedelta = KEPT_FOR) -> int:
        """Forget messages handled longer ago than that, some at a time so that nobody waits for it.

        Returns:
            How many were forgotten.
        """
        before = self._clock.now() - older_than
        total = 0
        while purged := self._purge_some(database, before):
            total += purged
        return total

    def _purge_some(self, database: Database, before: datetime) -> int:
        key = tuple_(self._table.c.consumer, self._table.c.message_id)
        old = select(*key.clauses).where(self._table.c.handled_at < before).limit(_PURGED_AT_ONCE)
        with database.transaction() as connection:
            return connection.execute(delete(self._table).where(key.in_(old))).rowcount
