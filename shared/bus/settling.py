"""Tells relays what the in-memory broker has delivered, so that only the rest is sent again after a crash."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from shared.bus.memory import broker_at
from shared.bus.publisher import Publisher
from shared.bus.relay import Relay
from shared.clock import Clock, SystemClock
from shared.errors import DatabaseUnavailableError

log = structlog.get_logger(__name__)


class Settler:
    """Watches one in-memory broker run empty.

    Args:
        relays: Those of all services in this process.
    """

    def __init__(
        self, url: str, publisher: Publisher, relays: Sequence[Relay], clock: Clock | None = None
    ) -> None:
        self._url = url
        self._publisher = publisher
        self._relays = relays
        self._clock = clock or SystemClock()
        self._settled_at_count = 0

    def settle(self) -> bool:
        """Settle what was sent until now, if all of it was dealt with; returns whether it was."""
        count, now = self._publisher.sent, self._clock.now()
        if count == self._settled_at_count:
            return True
        if not self._is_empty():
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
        """Whether no consumer has anything to do; what nobody reads has arrived for good."""
        queues = broker_at(self._url).queues().values()
        return not any(queue.stuck or (queue.consumers and queue.messages) for queue in queues)
