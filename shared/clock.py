"""The one source of time: UTC-aware datetimes, and a clock that tests can set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time; passed in wherever a decision depends on it."""

    def now(self) -> datetime:
        """Current time, UTC-aware."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when told to; for tests and replays.

    Args:
        start: First time it tells; must be UTC-aware.
    """

    def __init__(self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds``."""
        self._now += timedelta(seconds=seconds)


def to_rfc3339(moment: datetime) -> str:
    """Write a time as RFC 3339 with milliseconds and ``Z``.

    Raises:
        ValueError: The time is naive; a naive time has no meaning between machines.
    """
    if moment.tzinfo is None:
        raise ValueError("naive datetime; take times from shared.clock")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
