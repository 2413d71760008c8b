"""What the parts of a runtime tell whenever somebody reads the metrics page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.bus.relay import Relay
from shared.bus.watchdog import Watchdog
from shared.errors import InfrastructureError

log = structlog.get_logger(__name__)


class RuntimeReadings(Collector):
    """Outboxes of all services in this process, and how its event loop does.

    An outbox whose database is away is left out rather than told as empty.
    """

    def __init__(self, relays: Sequence[Relay], watchdog: Watchdog) -> None:
        self._relays = relays
        self._watchdog = watchdog

    def describe(self) -> Iterable[Metric]:
        """The names alone: to register must not ask a database."""
        return [*_outbox_families(), self._blockages()]

    def collect(self) -> Iterable[Metric]:
        waiting, oldest = _outbox_families()
        for relay in self._relays:
            try:
                count, age = relay.backlog()
            except InfrastructureError as error:
                log.info("outbox_not_measured", service=relay.service, code=error.code)
                continue
            waiting.add_metric([relay.service], count)
            oldest.add_metric([relay.service], age.total_seconds())
        return [waiting, oldest, self._blockages()]

    def _blockages(self) -> Metric:
        return CounterMetricFamily(
            "studio_event_loop_blockages",
            "Times the event loop stood still for over a second; the log names the culprit.",
            value=self._watchdog.blockages,
        )


def _outbox_families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily("studio_outbox_unsent", "Messages that wait to be sent.", labels=["service"]),
        GaugeMetricFamily(
            "studio_outbox_oldest_unsent_seconds",
            "Age of the oldest message that waits to be sent; 0 if none waits.",
            labels=["service"],
        ),
    )
