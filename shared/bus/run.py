"""Runs any set of services in one process and stops them gracefully.

The entry module calls :func:`shared.bus.green.patch` before it imports this or any service.
"""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any

import eventlet
import eventlet.debug
import structlog
from nameko.extensions import ENTRYPOINT_EXTENSIONS_ATTR
from nameko.runners import ServiceRunner

from shared.bus.connection import broker_connection, is_memory
from shared.bus.declare import declare
from shared.bus.dependency import WIRING_KEY, Wiring, provided_part
from shared.bus.green import require_green
from shared.bus.measuring import RuntimeReadings
from shared.bus.outbox import DURABLE
from shared.bus.publisher import Publisher
from shared.bus.relay import Relay
from shared.bus.settling import Settler
from shared.bus.topology import TOPOLOGY, Topology
from shared.bus.watchdog import Watchdog
from shared.config import Settings
from shared.ids import new_id
from shared.metrics import REGISTRY, MetricsPage
from shared.service_keys import ServiceKeys
from shared.variables import ignored_variables

log = structlog.get_logger(__name__)

TICK_S = 0.3
SPARE_WORKERS = 8
"""Workers beyond those that entrypoints ask for, so that none of them waits for a free one."""


class Runtime:
    """Services and what they share: the connection for sending, the settings, the watchdog.

    Args:
        services: Nameko service classes.
        topology: Declared at start on the in-memory broker, which begins empty; a farm has it declared ahead.
        keys: Those of the services that send or read protected messages.
    Raises:
        ConfigurationError: One of these keys is missing.
    """

    def __init__(
        self,
        services: Sequence[type],
        settings: Settings,
        *,
        topology: Topology = TOPOLOGY,
        keys: ServiceKeys | None = None,
    ) -> None:
        require_green()
        self._settings = settings
        keys = keys or ServiceKeys()
        _require_keys(services, topology, keys)
        url = settings.bus_url.get_secret_value()
        self.wiring = Wiring(
            settings=settings,
            bus_url=url,
            publisher=Publisher(url, keys=keys),
            epoch=_epoch(settings),
            topology=topology,
            keys=keys,
        )
        self.watchdog = Watchdog()
        self._page = _metrics_page(settings)
        self._stop_requested = False
        self._runner = ServiceRunner(
            {"AMQP_URI": url, "max_workers": _workers(services, settings), WIRING_KEY: self.wiring}
        )
        for service in services:
            self._runner.add_service(service)

    def start(self) -> None:
        """Start all services; returns when they take messages or try to."""
        _quieten_nameko()
        for sentence in ignored_variables():
            log.warning("variable_ignored", reason=sentence)
        if self._page:
            self._page.start()
        if self._settings.embedded:
            with broker_connection(self.wiring.bus_url) as connection:
                declare(connection, self.wiring.topology)
        _start_quietly(self._runner)
        self._death = eventlet.spawn(self._runner.wait)
        relays = [relay for relay in map(_relay_of, self._runner.containers) if relay is not None]
        self._settler = self._new_settler(relays)
        self._readings = RuntimeReadings(relays, self.watchdog)
        REGISTRY.register(self._readings)
        self.watchdog.start()
        log.info("services_started", services=sorted(self._runner.service_names))

    def request_stop(self) -> None:
        """Make :meth:`serve` return soon; may be called from a signal handler."""
        self._stop_requested = True

    def serve(self, until: Callable[[], bool] | None = None) -> None:
        """Serve until a stop is requested or ``until`` says so; asked several times a second.

        Raises:
            Exception: What a service died of.
        """
        while not self._stop_requested and not (until and until()):
            if self._death.dead:
                self._death.wait()
            if self._settler:
                self._settler.settle()
            time.sleep(TICK_S)

    def _new_settler(self, relays: Sequence[Relay]) -> Settler | None:
        if not is_memory(self.wiring.bus_url):
            return None
        return Settler(self.wiring.bus_url, relays)

    def stop(self) -> None:
        """Take no more messages, finish what runs within the grace, hand the rest back."""
        self._runner.stop()
        self._death.wait()
        if self._settler:
            self._settler.settle()
        self.wiring.publisher.close()
        self.watchdog.stop()
        REGISTRY.unregister(self._readings)
        if self._page:
            self._page.stop()
        log.info("services_stopped", services=sorted(self._runner.service_names))


def run(
    services: Sequence[type],
    settings: Settings,
    *,
    topology: Topology = TOPOLOGY,
    keys: ServiceKeys | None = None,
    started: Callable[[Runtime], None] | None = None,
    until: Callable[[], bool] | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or ``until``, then stop gracefully.

    Args:
        keys: See `Runtime`.
        started: Called once all services run.
        until: Ends serving when it returns True, e.g. when nothing is left to do.
    """
    runtime = Runtime(services, settings, topology=topology, keys=keys)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: runtime.request_stop())
    runtime.start()
    try:
        if started:
            started(runtime)
        runtime.serve(until)
    finally:
        runtime.stop()


def _metrics_page(settings: Settings) -> MetricsPage | None:
    if settings.metrics_port is None:
        return None
    return MetricsPage(settings.metrics_host, settings.metrics_port)


def _relay_of(container: Any) -> Relay | None:
    relay: Relay | None = provided_part(container, "relay")
    return relay


def _epoch(settings: Settings) -> str:
    """What a broker in memory holds dies with it; RabbitMQ's messages outlive its restarts."""
    return new_id() if settings.embedded else DURABLE


def _workers(services: Sequence[type], settings: Settings) -> int:
    """Green threads one container may use: all its entrypoints at full load, and some to spare."""
    return SPARE_WORKERS + max((_workers_of(service, settings) for service in services), default=0)


def _workers_of(service: type, settings: Settings) -> int:
    return sum(entrypoint.workers(settings) for entrypoint in _entrypoints_of(service))


def _require_keys(services: Sequence[type], topology: Topology, keys: ServiceKeys) -> None:
    """Refuse to start what could not tell a genuine message from a forged one.

    Raises:
        ConfigurationError: Says whose key is missing, and how to give it.
    """
    for service in services:
        if any(entrypoint.needs_keys(topology) for entrypoint in _entrypoints_of(service)):
            keys.signer(service.name)  # type: ignore[attr-defined]  # every Nameko service has a name


def _entrypoints_of(service: type) -> list[Any]:
    return [
        entrypoint
        for method in vars(service).values()
        for entrypoint in getattr(method, ENTRYPOINT_EXTENSIONS_ATTR, ())
    ]


def _start_quietly(runner: ServiceRunner) -> None:
    """Start; a failure is raised, and not also printed by each green thread through which it travels.

    Some of them end after this has raised, so eventlet stays quiet then; the process is about to end.
    """
    eventlet.debug.hub_exceptions(False)
    runner.start()
    eventlet.debug.hub_exceptions(True)


def _quieten_nameko() -> None:
    """Our entrypoints log every message and every lost connection themselves, once and without a traceback."""
    for name in ("nameko", "kombu.mixins", "kombu.connection"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
