"""Limits of a key: so many requests a minute, so many under way at once."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.simulator.clock import VirtualClock

WINDOW = timedelta(seconds=60)
#: A client that waits exactly a minute counts from when it sent; the provider counts from when it received.
FORGIVEN = timedelta(seconds=0.5)


@dataclass(frozen=True)
class Limit:
    """What one key may do at one endpoint; ``None`` = no such limit. Refused requests do not count."""

    per_minute: int | None = None
    in_flight: int | None = None


class Limiter:
    """Counts by key and endpoint, in the simulator's own time."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: dict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._in_flight: dict[tuple[str, str], int] = defaultdict(int)

    def enter(self, key: str, endpoint: str, limit: Limit) -> str | None:
        """Count a request in; ``rate`` or ``concurrency`` when it is refused, else ``None``."""
        place, now = (key, endpoint), self._clock.now()
        with self._lock:
            taken = self._taken[place]
            while taken and taken[0] <= now - WINDOW + FORGIVEN:
                taken.popleft()
            if limit.in_flight is not None and self._in_flight[place] >= limit.in_flight:
                return "concurrency"
            if limit.per_minute is not None and len(taken) >= limit.per_minute:
                return "rate"
            taken.append(now)
            self._in_flight[place] += 1
            return None

    def leave(self, key: str, endpoint: str) -> None:
        with self._lock:
            self._in_flight[key, endpoint] -= 1

    def in_flight(self, key: str, endpoint: str) -> int:
        with self._lock:
            return self._in_flight[key, endpoint]

    def clear(self) -> None:
        with self._lock:
            self._taken.clear()
