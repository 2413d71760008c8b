"""Does things at their time: expiry of messages and of queues. Sleeps until then; never polls."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Appointment:
    """Something that will be done unless it is called off."""

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self.action = action
        self.called_off = False

    def call_off(self) -> None:
        """Do not do it."""
        self.called_off = True


class Timetable:
    """Actions in the order of their time, done by a thread that lives only while there are any.

    All methods are called, and all actions done, with the broker's lock held.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._earlier = threading.Condition(lock)
        self._appointments: list[tuple[float, int, Appointment]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def call_at(self, due: float, action: Callable[[], None]) -> Appointment:
        """Do ``action`` at ``due`` on the monotonic clock [s]."""
        appointment = Appointment(due, action)
        heapq.heappush(self._appointments, (due, next(self._numbers), appointment))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="memory-broker-timetable", daemon=True)
            self._thread.start()
        elif self._appointments[0][2] is appointment:
            self._earlier.notify()
        return appointment

    def _run(self) -> None:
        with self._earlier:
            try:
                while self._appointments:
                    self._keep_or_wait(*self._appointments[0])
            finally:
                self._thread = None

    def _keep_or_wait(self, due: float, _number: int, appointment: Appointment) -> None:
        wait_s = due - time.monotonic()
        if wait_s > 0 and not appointment.called_off:
            self._earlier.wait(wait_s)
            return
        heapq.heappop(self._appointments)
        if not appointment.called_off:
            appointment.action()
