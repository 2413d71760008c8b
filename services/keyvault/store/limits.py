"""Counters of what was done in a window of time; every replica counts in the same rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, case, delete, literal, or_, update
from sqlalchemy.dialects import postgresql, sqlite

from services.keyvault.domain.limits import Limit, Window
from services.keyvault.tables import LIMITS
from shared.db import UtcDateTime


class LimitRows:
    """The counters."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def count(self, bucket: str, limit: Limit) -> Window:
        """Count one more; a window that has ended begins anew. Others who count here wait for the commit."""
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        started = LIMITS.c.window_started_at
        over = or_(started <= self._now - limit.window, started > self._now + limit.window)  # of a wrong clock
        first = {"window_started_at": self._now, "count": 1, "audited": False}
        counted = (
            insert(LIMITS)
            .values(bucket=bucket, **first)
            .on_conflict_do_update(
                index_elements=[LIMITS.c.bucket],
                set_={
                    "window_started_at": case((over, literal(self._now, UtcDateTime())), else_=started),
                    "count": case((over, 1), else_=LIMITS.c.count + 1),
                    "audited": case((over, False), else_=LIMITS.c.audited),
                },
            )
            .returning(LIMITS.c.window_started_at, LIMITS.c.count)
        )
        row = self._connection.execute(counted).mappings().one()
        return Window(started_at=row["window_started_at"], count=row["count"])

    def tell(self, bucket: str) -> bool:
        """The audit gets to know of this window; False if it does already."""
        untold = update(LIMITS).where(LIMITS.c.bucket == bucket, LIMITS.c.audited.is_(False))
        return self._connection.execute(untold.values(audited=True)).rowcount == 1

    def purge(self, older_than: timedelta) -> int:
        """Forget windows that began longer ago; returns how many there were."""
        old = delete(LIMITS).where(LIMITS.c.window_started_at < self._now - older_than)
        return self._connection.execute(old).rowcount
