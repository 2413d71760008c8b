"""Reads and writes gdpr's tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from services.gdpr.tables import AUDIT_HEADS, INBOX
from shared.bus.inbox import Inbox
from shared.clock import Clock
from shared.contracts.vault import AuditHead
from shared.db import Database, insert_if_absent


class GdprStore:
    """Gdpr's state."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @contextmanager
    def transaction(self) -> Iterator[GdprUnit]:
        """One atomic change."""
        with self._database.transaction() as connection:
            yield GdprUnit(connection, self._clock)

    @contextmanager
    def reading(self) -> Iterator[GdprUnit]:
        """A consistent look that changes nothing."""
        with self._database.reading() as connection:
            yield GdprUnit(connection, self._clock)


class GdprUnit:
    """What can be done inside one transaction."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._inbox = Inbox(INBOX)

    def first_time(self, consumer: str, message_id: str) -> bool:
        """Remember a heard message; False for a copy."""
        return self._inbox.first_time(self._connection, consumer, message_id)

    def add_head(self, head: AuditHead) -> bool:
        """Keep a head; False if it is kept already. Two of one row that differ are evidence, and both kept."""
        return insert_if_absent(self._connection, AUDIT_HEADS, **head.model_dump(), heard_at=self._clock.now())

    def heads(self, limit: int) -> tuple[AuditHead, ...]:
        """The newest first."""
        query = select(AUDIT_HEADS).order_by(AUDIT_HEADS.c.sequence.desc(), AUDIT_HEADS.c.hash).limit(limit)
        return tuple(AuditHead.model_validate(row) for row in self._connection.execute(query).mappings())
