"""A simulator whose time runs fast, and what it takes to call it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from services.content.providers.http.call import Call
from services.content.providers.http.downloads import Downloads
from services.content.providers.http.guard import Guard
from services.content.providers.http.transport import Transport
from tests.simulator.clock import VirtualClock
from tests.simulator.simulator import Simulator

#: Fast enough that no test waits, slow enough that a busy machine is no timeout.
SPEED = 50.0


@pytest.fixture(name="running", scope="session")
def _running() -> Iterator[Simulator]:
    with Simulator(clock=VirtualClock(speed=SPEED)) as simulator:
        yield simulator


@pytest.fixture(name="simulator")
def _simulator(running: Simulator) -> Iterator[Simulator]:
    """Afterwards every request must have been as the provider wants it, and refused hosts unasked."""
    running.reset()
    running.clock.run(SPEED)
    yield running
    violations = running.journal.violations()
    running.reset()
    assert violations == []


@pytest.fixture(name="authority")
def _authority(simulator: Simulator) -> frozenset[str]:
    """The hosts a test may reach though they are on loopback."""
    names = ("minimax", "minimax-china", "zai", "elevenlabs", "openai", "compatible")
    return frozenset(urlsplit(simulator.url(name)).netloc for name in names)


@pytest.fixture(name="transport")
def _transport(simulator: Simulator, authority: frozenset[str]) -> Transport:
    return Transport(Guard(authority))


@pytest.fixture(name="downloads")
def _downloads(simulator: Simulator) -> Downloads:
    return Downloads(Guard(frozenset({urlsplit(simulator.url("downloads")).netloc}), resolve=resolve))


def resolve(host: str, port: int) -> list[str]:
    """As the simulator wants its one name to be read; everything else as usual."""
    if host == "internal.simulator.example":
        return ["127.0.0.2"]
    return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@pytest.fixture(name="call")
def _call(simulator: Simulator) -> Callable[..., Call]:
    def make(provider: str, case: str, **more: object) -> Call:
        return Call(key=simulator.key(provider, case), clock=simulator.clock, **more)

    return make


@pytest.fixture(name="started")
def _started() -> Iterator[Callable[[Callable[[], object]], threading.Thread]]:
    """Runs something beside the test; every thread has ended when the test has."""
    threads: list[threading.Thread] = []

    def start(work: Callable[[], object]) -> threading.Thread:
        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return threads[-1]

    yield start
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
