"""How often something may be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many in each window, which begins with the first; what is over it is not done.

    Attributes:
        name: Beginning of the names of its buckets.
    """

    name: str
    most: int
    window: timedelta = timedelta(minutes=1)

    def bucket(self, *keys: str) -> str:
        """Name of the counter of one account, or of one account and provider."""
        return ":".join((self.name, *keys))


@dataclass(frozen=True, kw_only=True)
class Window:
    """What a bucket has counted since its window began, this time included."""

    started_at: datetime
    count: int


@dataclass(frozen=True, kw_only=True)
class Exceeded:
    """A limit that is used up.

    Attributes:
        retry_after_s: Whole seconds until the next window, at least 1.
        first: Whether it is the first time in this window; only that is written into the audit.
    """

    limit: Limit
    retry_after_s: int
    first: bool = False


DELIVERIES = Limit(name="deliver", most=60)
"""Of one account and provider. A worker asks once for each call to a provider."""

WRITES = Limit(name="write", most=10)
"""Keys added, replaced and removed, and seeds begun, by one account."""

READS = Limit(name="read", most=60)
"""Looks at the keys of one account: each is a row of the audit, from which nothing is ever deleted."""

DENIALS = Limit(name="denied", most=600)
"""Refused deliveries of one service that are audited one by one; more would fill the table and say nothing new."""

FORGERIES = Limit(name="forged", most=600)
"""Calls that were not genuine, likewise."""

ALL_DELIVERIES = Limit(name="all-deliveries", most=6_000)
"""Breaker for the whole vault: far over what a farm needs, far under what empties it unseen."""


def exceeded(limit: Limit, window: Window, *, now: datetime) -> Exceeded | None:
    """Whether this time is one too many."""
    if window.count <= limit.most:
        return None
    left = (window.started_at + limit.window - now).total_seconds()
    return Exceeded(limit=limit, retry_after_s=max(1, ceil(left)))
