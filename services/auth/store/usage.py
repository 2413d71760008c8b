"""Rows of usage events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from services.auth.domain.usage import UsageKind
from services.auth.tables import USAGE_EVENTS
from shared.ids import new_id


class UsageRows:
    """Reads and writes usage events."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(
        self, account_id: str, kind: UsageKind, *, ip: str | None, browser: str | None, page: str | None
    ) -> None:
        """Note an event."""
        self._connection.execute(
            insert(USAGE_EVENTS).values(
                event_id=new_id(),
                account_id=account_id,
                kind=kind.value,
                ip=ip,
                browser=browser,
                page=page,
                occurred_at=self._now,
            )
        )

    def forget_old(self, before: datetime, limit: int) -> int:
        """Delete events from before a moment; returns how many."""
        old = select(USAGE_EVENTS.c.event_id).where(USAGE_EVENTS.c.occurred_at < before).limit(limit)
        return self._connection.execute(delete(USAGE_EVENTS).where(USAGE_EVENTS.c.event_id.in_(old))).rowcount
