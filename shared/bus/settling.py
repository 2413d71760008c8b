"""Tells relays what the in-memory broker has delivered, so that only the rest is sent again after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog

from shared.bus.memory import broker_at
from shared.clock import Clock, SystemClock
from shared.errors import DatabaseUnavailableError

log = structlog.get_logger(__name__)


class Sender(Protocol):
    """A relay, as far as it is settled.

    Attributes:
        sent: How many messages it has dealt with and marked so.
    """

    @property
    def sent(self) -> int: ...

    def settle(self, sent_before: datetime) -> None: ...


class Settler:
    """Watches one in-memory broker run empty.

    Args:
        relays: Those of all services in this process.
    """

    def __init__(self, url: str, relays: Sequence[Sender], clock: Clock | None = None) -> None:
        self._url = url
        self._relays = relays
        self._clock = clock or SystemClock()
        self._settled_at_count = 0
        self._read: set[str] = set()

    def settle(self) -> bool:
        """Settle what was sent until now, if all of it was dealt with; returns whether it was.

        Also right after the services have ended: what they left in a queue they used to read is not settled.
        """
        count, now = sum(relay.sent for relay in self._relays), self._clock.now()
        is_empty = self._is_empty()
        if count == self._settled_at_count:
            return True
        if not is_empty:
            return False
        try:
            for relay in self._relays:
                relay.settle(now)
        except DatabaseUnavailableError as error:
            log.info("settling_postponed", error=str(error))
            return False
        self._settled_at_count = count
        return True

    def _is_empty(self) -> bool:
        """Whether no consumer has anything to do; what nobody ever read has arrived for good."""
        queues = broker_at(self._url).queues().values()
        self._read |= {queue.name for queue in queues if queue.consumers}
        return not any(queue.stuck or (queue.name in self._read and queue.messages) for queue in queues)
