"""Waits for a database, broker or object store that is away, while the message stays unacknowledged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog

from shared.errors import InfrastructureError, StudiomaticError

log = structlog.get_logger(__name__)

T = TypeVar("T")

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 3.0


class HandedBackError(StudiomaticError):
    """The process must stop before the work could be done; the message goes back to the broker."""

    code = "bus.handed_back"
    retryable = True


class Patience:
    """Repeats what failed for want of infrastructure, until it works or the process must stop.

    Args:
        stopping: Set when the process must stop.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping

    def insist(self, action: Callable[[], T]) -> T:
        """Do ``action`` again and again while it raises :class:`InfrastructureError`.

        Waits 0.1 s, 0.2 s, 0.4 s, … 3 s between tries.

        Raises:
            HandedBackError: The process must stop.
        """
        delay_s = FIRST_DELAY_S
        while True:
            try:
                return action()
            except InfrastructureError as error:
                log.warning("infrastructure_awaited", code=error.code, error=str(error), delay_s=delay_s)
                self.wait(delay_s)
                delay_s = min(delay_s * 2, LONGEST_DELAY_S)

    def wait(self, seconds: float) -> None:
        """Wait, unless the process must stop.

        Raises:
            HandedBackError: The process must stop.
        """
        if self._stopping.wait(seconds):
            raise HandedBackError


def requeue_delay_s(delivery_count: int) -> float:
    """Wait before a message whose handler raised goes back: 0.1 s, 0.2 s, … 3 s."""
    return min(FIRST_DELAY_S * 2.0 ** min(delivery_count, 10), LONGEST_DELAY_S)
