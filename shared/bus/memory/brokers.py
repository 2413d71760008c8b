"""The brokers of this process by name; asked for one that does not exist, a new one begins."""

from __future__ import annotations

import threading

from shared.bus.memory.broker import Broker

DEFAULT_NAME = "localhost"
DEFAULT_VIRTUAL_HOST = "/"

_lock = threading.Lock()
_brokers: dict[tuple[str, str], Broker] = {}


def broker_named(name: str | None = None, virtual_host: str | None = None) -> Broker:
    """The broker that ``memory://<name>/<virtual host>`` leads to; ``memory://`` leads to the default one."""
    key = (name or DEFAULT_NAME, virtual_host or DEFAULT_VIRTUAL_HOST)
    with _lock:
        if key not in _brokers:
            _brokers[key] = Broker()
        return _brokers[key]


def discard(name: str | None = None, virtual_host: str | None = None) -> None:
    """Lose a broker with all it holds, as the end of its process does; its connections break."""
    with _lock:
        broker = _brokers.pop((name or DEFAULT_NAME, virtual_host or DEFAULT_VIRTUAL_HOST), None)
    if broker is not None:
        broker.kill()
