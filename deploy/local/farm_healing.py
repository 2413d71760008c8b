"""Starts again what dies: soon at first, later and later while it keeps dying."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from shared.errors import StudiomaticError

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
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
