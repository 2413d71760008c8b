"""Counters of what was done in a window of time; every replica counts in the same rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Boolean, Connection, TextualSelect, bindparam, delete, text, update

from services.keyvault.domain.limits import Window
from services.keyvault.tables import LIMITS
from shared.db import UtcDateTime

_NEW = "(limits.window_started_at <= :ended OR limits.window_started_at > :wrong)"


class LimitRows:
    """The counters."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def count(self, *buckets: str, window: timedelta) -> tuple[Window, ...]:
        """Count one more in each; a window that has ended begins anew, and so does one of a clock that was wrong.

        Others who count here wait for the commit; whoever counts in several names them in the same order.
        """
        words = {f"bucket_{number}": bucket for number, bucket in enumerate(buckets)}
        moments = {"now": self._now, "ended": self._now - window, "wrong": self._now + window, "no": False}
        rows = self._connection.execute(_counting(len(buckets)), words | moments).all()
        counted = {bucket: Window(started_at=started_at, count=count) for bucket, started_at, count in rows}
        return tuple(counted[bucket] for bucket in buckets)

    def tell(self, bucket: str) -> bool:
        """The audit gets to know of this window; False if it does already."""
        untold = update(LIMITS).where(LIMITS.c.bucket == bucket, LIMITS.c.audited.is_(False))
        return self._connection.execute(untold.values(audited=True)).rowcount == 1

    def purge(self, older_than: timedelta) -> int:
        """Forget windows that began longer ago; returns how many there were."""
        old = delete(LIMITS).where(LIMITS.c.window_started_at < self._now - older_than)
        return self._connection.execute(old).rowcount


@cache
def _counting(buckets: int) -> TextualSelect:
    rows = ", ".join(f"(:bucket_{number}, :now, 1, :no)" for number in range(buckets))
    statement = text(
        f"INSERT INTO limits (bucket, window_started_at, count, audited) VALUES {rows}"  # noqa: S608
        " ON CONFLICT (bucket) DO UPDATE SET"
        f" window_started_at = CASE WHEN {_NEW} THEN :now ELSE limits.window_started_at END,"
        f" count = CASE WHEN {_NEW} THEN 1 ELSE limits.count + 1 END,"
        f" audited = CASE WHEN {_NEW} THEN :no ELSE limits.audited END"
        " RETURNING bucket, window_started_at, count"
    )
    moments = (bindparam(name, type_=UtcDateTime()) for name in ("now", "ended", "wrong"))
    typed = statement.bindparams(*moments, bindparam("no", type_=Boolean()))
    return typed.columns(LIMITS.c.bucket, LIMITS.c.window_started_at, LIMITS.c.count)
