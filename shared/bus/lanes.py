"""One after the other within a lane, side by side across lanes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class _Lane:
    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0


class Lanes:
    """Keeps the facts of one job in the order in which they were delivered."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._lanes: dict[str, _Lane] = {}

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Wait until those who came before under the same key are through."""
        with self._guard:
            lane = self._lanes.setdefault(key, _Lane())
            lane.users += 1
        try:
            with lane.lock:
                yield
        finally:
            with self._guard:
                lane.users -= 1
                if lane.users == 0:
                    del self._lanes[key]
