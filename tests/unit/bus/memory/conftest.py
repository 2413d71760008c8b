from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kombu import Connection

from shared.bus import memory


@pytest.fixture
def name(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a broker of the test's own; its address is ``memory://<name>``."""
    memory.register()
    name = f"unit-{id(request)}"
    yield name
    memory.discard(name)


@pytest.fixture
def broker(name: str) -> memory.Broker:
    return memory.broker_named(name)


@pytest.fixture
def connect(name: str) -> Iterator[Callable[[], Connection]]:
    """Opens connections to the test's broker."""
    connections: list[Connection] = []

    def open_connection() -> Connection:
        connections.append(Connection(f"memory://{name}"))
        connections[-1].connect()
        return connections[-1]

    yield open_connection
    for connection in connections:
        connection.collect()
