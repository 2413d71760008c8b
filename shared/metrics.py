"""What a process counts about itself, and the HTTP page on which Prometheus reads it.

Label values come from the code: queues, pools, services, message types, error codes. Never an id of an account,
a job or a message: those are personal or without bound, and belong in logs.
"""

from __future__ import annotations

from threading import Thread
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, disable_created_metrics, start_http_server
from prometheus_client.process_collector import ProcessCollector

from shared.errors import ConfigurationError

log = structlog.get_logger(__name__)

disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
"""Everything this process tells; not prometheus_client's own, to which any library may add."""

ProcessCollector(registry=REGISTRY)

MESSAGES_SET_ASIDE = Counter(
    "studio_messages_set_aside",
    "Messages sent to the dead letters of their queue, by why they cannot be handled.",
    ("queue", "reason"),
    registry=REGISTRY,
)
DELIVERIES_CRASHED = Counter(
    "studio_deliveries_crashed",
    "Deliveries whose handling raised an unexpected error; they were given back to the broker.",
    ("queue",),
    registry=REGISTRY,
)
ATTEMPTS = Counter(
    "studio_attempts",
    "Executions of task commands, by how they ended; code is the error of a failed one.",
    ("pool", "outcome", "code"),
    registry=REGISTRY,
)
CALLS = Counter(
    "studio_calls",
    "Remote calls answered; code is empty or the error that was answered.",
    ("service", "query", "code"),
    registry=REGISTRY,
)


class MetricsPage:
    """Serves what the process counts over HTTP while it runs.

    The threads it uses are green where the process is.

    Args:
        port: 0 lets the system choose; the log names the port.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry = REGISTRY) -> None:
        self._host, self._port, self._registry = host, port, registry
        self._server: Any = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to serve.

        Raises:
            ConfigurationError: The address cannot be used.
        """
        try:
            self._server, self._thread = start_http_server(self._port, self._host, self._registry)
        except OSError as error:
            raise ConfigurationError(
                f"metrics cannot be served at {self._host}:{self._port} ({error.strerror or error}); "
                "choose a free STUDIO_METRICS_PORT, or unset it"
            ) from error
        log.info("metrics_served", host=self._host, port=self._server.server_port)

    def stop(self) -> None:
        if self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
