"""The simulator's own time: expiry, rate windows and long waits follow it, so that no test waits for them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """A clock that stands still until it is moved, or runs at any speed.

    It fits ``shared.clock.Clock``, so a client and the simulator can share one.

    Args:
        start: First time it tells; UTC-aware.
        speed: Virtual seconds for each real second: 0 stands still, 1 is real time, 100 makes an hour 36 s.
    """

    def __init__(self, start: datetime = datetime(2030, 1, 1, tzinfo=UTC), speed: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._base, self._since, self._speed = start, time.monotonic(), speed

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def advance(self, seconds: float) -> None:
        """Jump forward by ``seconds``; everybody who waits for that time goes on within milliseconds."""
        with self._lock:
            self._base += timedelta(seconds=seconds)

    def run(self, speed: float) -> None:
        """Go on from the present time at another speed."""
        with self._lock:
            self._base, self._since, self._speed = self._now(), time.monotonic(), speed

    def _now(self) -> datetime:
        return self._base + timedelta(seconds=(time.monotonic() - self._since) * self._speed)
