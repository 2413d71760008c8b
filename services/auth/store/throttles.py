"""Rows of counts of attempts, which all replicas share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

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
        ordered = sorted(buckets)
        self._add_missing(ordered)
        query = (
            select(THROTTLES).where(THROTTLES.c.bucket.in_(ordered)).order_by(THROTTLES.c.bucket).with_for_update()
        )
        return {
            row["bucket"]: Tally(
                failures=row["failures"],
                first_at=row["first_at"],
                last_at=row["last_at"],
                blocked_until=row["blocked_until"],
            )
            for row in self._connection.execute(query).mappings()
        }

    def set(self, tallies: Mapping[str, Tally]) -> None:
        """Write the counts of buckets that are locked, in one statement."""
        if not tallies:
            return
        statement = self._insert(
            [
                {
                    "bucket": bucket,
                    "failures": tally.failures,
                    "first_at": tally.first_at,
                    "last_at": tally.last_at,
                    "blocked_until": tally.blocked_until,
                }
                for bucket, tally in sorted(tallies.items())
            ]
        )
        changed = {name: statement.excluded[name] for name in ("failures", "first_at", "last_at", "blocked_until")}
        self._connection.execute(statement.on_conflict_do_update(index_elements=["bucket"], set_=changed))

    def forget_old(self, before: datetime, limit: int) -> int:
        """Delete counts of attempts that were all made before a moment, and those of 0; returns how many."""
        idle = (THROTTLES.c.failures == 0) & (THROTTLES.c.last_at < self._now - NOTHING_KEPT_FOR)
        old = select(THROTTLES.c.bucket).where(or_(THROTTLES.c.last_at < before, idle)).limit(limit)
        return self._connection.execute(delete(THROTTLES).where(THROTTLES.c.bucket.in_(old))).rowcount

    def _add_missing(self, buckets: Sequence[str]) -> None:
        rows: list[dict[str, Any]] = [
            {"bucket": bucket, "failures": 0, "first_at": self._now, "last_at": self._now} for bucket in buckets
        ]
        self._connection.execute(self._insert(rows).on_conflict_do_nothing())

    def _insert(self, rows: list[dict[str, Any]]) -> postgresql.Insert | sqlite.Insert:
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        return insert(THROTTLES).values(rows)
