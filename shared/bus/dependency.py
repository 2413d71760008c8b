"""How a service gets what its handlers need: a plain factory, called once when the service starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import eventlet
from nameko.extensions import DependencyProvider

from shared.bus.publisher import Publisher
from shared.bus.topology import Topology
from shared.config import Settings
from shared.errors import StudiomaticError
from shared.service_keys import ServiceKeys

WIRING_KEY = "STUDIO_WIRING"


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """What the runtime gives to every service's factory.

    Attributes:
        publisher: The connection for sending that all services of the process share.
        epoch: The life of the broker, for relays: what an earlier life of a broker in memory held is lost.
        topology: What the broker's queues are like.
        keys: What this process signs with, by service, and whose signatures count.
    """

    settings: Settings
    bus_url: str
    publisher: Publisher
    epoch: str
    topology: Topology
    keys: ServiceKeys = field(default_factory=ServiceKeys)


class Provided(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Injects the object that ``factory`` makes.

    The object is plain; the runtime uses what it finds on it:

    * ``start()`` and ``stop()`` are called with the service;
    * ``reports`` (:class:`shared.bus.reports.Reports`) is where the service's tasks are reported; without it
      they go straight to the broker;
    * ``connection_lost(queue)`` and ``connection_back(queue)`` are called when the queue of one of its listeners
      cannot be read any more, and when it can; every queue counts as lost until it is read first;
    * ``relay`` (:class:`shared.bus.relay.Relay`) is told when the in-memory broker has delivered everything.
    """

    def __init__(self, factory: Callable[[Wiring], Any]) -> None:
        self.factory = factory
        self.value: Any = None

    def setup(self) -> None:
        try:
            self.value = self.factory(self.container.config[WIRING_KEY])
        except StudiomaticError:
            # Whoever was woken by a socket has his error printed by eventlet, even where it is told to be quiet.
            eventlet.sleep(0)
            raise

    def start(self) -> None:
        self._call_if_there("start")

    def stop(self) -> None:
        self._call_if_there("stop")

    def get_dependency(self, _worker_ctx: Any) -> Any:
        return self.value

    def _call_if_there(self, name: str) -> None:
        method = getattr(self.value, name, None)
        if method is not None:
            method()


def provided_part(container: Any, name: str) -> Any:
    """The ``name`` attribute of whatever the service was given, or None."""
    for provider in container.dependencies:
        part = getattr(getattr(provider, "value", None), name, None)
        if part is not None:
            return part
    return None
