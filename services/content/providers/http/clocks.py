"""How long each part of a call may take, and the clock that measures it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Clocks:
    """Limits of one HTTP exchange [s].

    Attributes:
        connect_s: Until the connection stands, its encryption included; for each of these two.
        first_byte_s: From then until the first byte of the answer; the request is sent within it.
        idle_s: Between two bytes of the answer.
        total_s: All of it, connection included.
    """

    connect_s: float = 10.0
    first_byte_s: float = 120.0
    idle_s: float = 30.0
    total_s: float = 300.0


class SteadyClock:
    """Time (UTC) that never jumps: the machine's time at its start and the steady seconds since then."""

    def __init__(self) -> None:
        self._start, self._since = datetime.now(UTC), time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._since)
