"""Rows of counts of attempts, which all replicas share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from services.auth.domain.throttle import Tally
from services.auth.tables import THROTTLES

NOTHING_KEPT_FOR = timedelta(hours=1)
"""A count of 0 says nothing; its row stays this long because somebody may be about to use it."""


class ThrottleRows:
    """Reads and writes counts of attempts."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def locked(self, buckets: Collection[str]) -> dict[str, Tally]:
        """The counts of these buckets, which nobody else can change until the transaction ends.

        Buckets without a count get one of 0, so that there is a row to lock; always in the same order, so that
        nobody waits in a circle.
        """
        if not buckets:
            return {}
        rows = [
            {"bucket": bucket, "failures": 0, "first_at": self._now, "last_at": self._now}
            for bucket in sorted(buckets)
        ]
        statement = self._insert()
        found = statement.on_conflict_do_update(
            index_elements=["bucket"], set_={"bucket": statement.excluded.bucket}
        ).returning(THROTTLES)
        return {
            row["bucket"]: Tally(
                failures=row["failures"],
                first_at=row["first_at"],
                last_at=row["last_at"],
                blocked_until=row["blocked_until"],
            )
            for row in self._connection.execute(found, rows).mappings()
        }

    def set(self, tallies: Mapping[str, Tally]) -> None:
        """Write the counts of buckets that are locked."""
        if not tallies:
            return
        statement = self._insert()
        changed = {name: statement.excluded[name] for name in ("failures", "first_at", "last_at", "blocked_until")}
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["bucket"], set_=changed),
            [
                {
                    "bucket": bucket,
                    "failures": tally.failures,
                    "first_at": tally.first_at,
                    "last_at": tally.last_at,
                    "blocked_until": tally.blocked_until,
                }
                for bucket, tally in sorted(tallies.items())
            ],
        )

    def forget_old(self, before: datetime, limit: int) -> int:
        """Delete counts of attempts that were all made before a moment, and those of 0; returns how many."""
        idle = (THROTTLES.c.failures == 0) & (THROTTLES.c.last_at < self._now - NOTHING_KEPT_FOR)
        old = select(THROTTLES.c.bucket).where(or_(THROTTLES.c.last_at < before, idle)).limit(limit)
        return self._connection.execute(delete(THROTTLES).where(THROTTLES.c.bucket.in_(old))).rowcount

    def _insert(self) -> postgresql.Insert | sqlite.Insert:
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        return insert(THROTTLES)
