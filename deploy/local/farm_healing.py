"""Starts again what dies: soon at first, later and later while it keeps dying."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from shared.errors import StudiomaticError

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
LOOK_S = 0.25
"""From one look at somebody to the next."""
RECOVERED_S = 60.0
"""Whoever lives this long after a start has recovered."""

log = structlog.get_logger(__name__)


class Mortal(Protocol):
    """A server or a service."""

    @property
    def alive(self) -> bool:
        """Whether its process exists."""
        ...


@dataclass(kw_only=True)
class Charge:
    """Somebody to look after.

    Args:
        name: For the log.
        start: Starts it on what it had.
        wait_s: Between its latest death and its next start [s].
        started_at: When it was last started from here, on the clock of ``look``.
        died_at: When its death was noticed; None while it lives.
    """

    name: str
    member: Mortal
    start: Callable[[], None]
    wait_s: float = FIRST_WAIT_S / 2
    started_at: float = float("-inf")
    died_at: float | None = None

    def look(self, now: float) -> bool:
        """Start it again if it is dead and has waited, and say whether it was started.

        Args:
            now: Seconds on a monotonic clock.
        """
        if self.member.alive:
            return False
        died_at = self._note_death(now) if self.died_at is None else self.died_at
        return self._start(now) if now >= died_at + self.wait_s else False

    def _note_death(self, now: float) -> float:
        recovered = now - self.started_at >= RECOVERED_S
        self.wait_s = FIRST_WAIT_S if recovered else min(2 * self.wait_s, LONGEST_WAIT_S)
        self.died_at = now
        log.warning("member_died", member=self.name, restart_in_s=self.wait_s)
        return now

    def _start(self, now: float) -> bool:
        self.started_at, self.died_at = now, None
        try:
            self.start()
        except StudiomaticError as error:
            log.exception("member_not_restarted", member=self.name, code=error.code)
            return False
        log.info("member_restarted", member=self.name)
        return True


class Healing:
    """Looks after everybody side by side: a server that is long in starting delays nobody else's start.

    Args:
        restarted: Called after each restart, one call at a time.
    """

    def __init__(self, charges: Sequence[Charge], *, restarted: Callable[[], None]) -> None:
        self._charges = charges
        self._restarted = restarted
        self._telling = threading.Lock()
        self._ending = threading.Event()
        self._broken: queue.Queue[Exception] = queue.Queue()

    def serve(self) -> None:
        """Look after everybody until interrupted; no start begins afterwards.

        Raises:
            Exception: What ended the care for one of them; the others are looked after no longer.
        """
        for charge in self._charges:
            # One that is starting when all ends must not be waited for: what it starts is ended with the rest.
            threading.Thread(target=self._look_after, args=(charge,), name=charge.name, daemon=True).start()
        try:
            raise self._broken.get()
        finally:
            self._ending.set()

    def _look_after(self, charge: Charge) -> None:
        try:
            while not self._ending.is_set():
                if charge.look(time.monotonic()):
                    with self._telling:
                        self._restarted()
                self._ending.wait(LOOK_S)
        except Exception as error:  # noqa: BLE001 - raised again by `serve`
            self._broken.put(error)
