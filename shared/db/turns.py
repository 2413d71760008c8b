"""Take turns, first come, first served, among the threads of one process."""

from __future__ import annotations

import threading
from collections import deque


class Turn:
    """A lock that is handed to whoever waits longest; green where threading is patched.

    An ordinary lock may be taken again at once by the thread that has just released it: a green thread that
    writes in a loop would keep all others waiting until it is through.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()

    def acquire(self, timeout_s: float) -> bool:
        """Wait for the turn; returns False if it did not come in time."""
        mine = self._queue_up()
        if mine is None:
            return True
        came = False
        try:
            came = mine.wait(timeout_s)
        finally:
            if not came:
                self._leave(mine)
        return came

    def release(self) -> None:
        """Hand the turn on."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False

    def _queue_up(self) -> threading.Event | None:
        """Take a free turn, or get in line."""
        with self._guard:
            if self._taken:
                mine = threading.Event()
                self._waiting.append(mine)
                return mine
            self._taken = True
            return None

    def _leave(self, mine: threading.Event) -> None:
        """Get out of the line; a turn that has come too late goes to the next."""
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return
        self.release()
