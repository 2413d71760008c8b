"""Rows of security events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from services.auth.domain.records import Outcome, SecurityEvent
from services.auth.tables import ACCOUNTS, SECURITY_EVENTS
from shared.contracts.sessions import SecurityEventView
from shared.ids import new_id

_FAILED_LOGINS = (
    SECURITY_EVENTS.c.kind.in_((SecurityEvent.LOGIN.value, SecurityEvent.CHALLENGE.value)),
    SECURITY_EVENTS.c.outcome == Outcome.FAILED.value,
)


class EventRows:
    """Reads and writes security events."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, account_id: str, kind: SecurityEvent, outcome: Outcome, *, ip: str, browser: str) -> None:
        """Note an event."""
        self._connection.execute(
            insert(SECURITY_EVENTS).values(
                event_id=new_id(),
                account_id=account_id,
                kind=kind.value,
                outcome=outcome.value,
                ip=ip,
                browser=browser,
                occurred_at=self._now,
            )
        )

    def newest(self, account_id: str, limit: int) -> tuple[SecurityEventView, ...]:
        """The newest events of an account."""
        columns = SECURITY_EVENTS.c
        query = (
            select(columns.kind, columns.outcome, columns.ip, columns.browser, columns.occurred_at)
            .where(columns.account_id == account_id)
            .order_by(columns.occurred_at.desc(), columns.event_id.desc())
            .limit(limit)
        )
        return tuple(SecurityEventView(**row) for row in self._connection.execute(query).mappings())

    def with_many_failures(self, since: datetime, at_least: int) -> tuple[str, ...]:
        """Accounts at which so many logins failed since a moment."""
        columns = SECURITY_EVENTS.c
        query = (
            select(columns.account_id)
            .join(ACCOUNTS, ACCOUNTS.c.account_id == columns.account_id)  # attempts at nobody's are noted, too
            .where(*_FAILED_LOGINS, columns.occurred_at >= since)
            .group_by(columns.account_id)
            .having(func.count() >= at_least)
            .order_by(columns.account_id)
        )
        return tuple(self._connection.scalars(query))

    def forget_old(self, before: datetime, limit: int) -> int:
        """Delete events from before a moment; returns how many."""
        old = select(SECURITY_EVENTS.c.event_id).where(SECURITY_EVENTS.c.occurred_at < before).limit(limit)
        gone = delete(SECURITY_EVENTS).where(SECURITY_EVENTS.c.event_id.in_(old))
        return self._connection.execute(gone).rowcount
