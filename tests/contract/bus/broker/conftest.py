"""The in-memory broker, for the promises in `semantics` that both brokers keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from shared.bus import memory


@dataclass(frozen=True, kw_only=True)
class MemoryBroker:
    """A broker and the hand on its plug."""

    url: str
    inside: memory.Broker
    max_message_bytes: int

    def close_all_connections(self) -> None:
        self.inside.close_all_connections()

    def restart(self) -> None:
        self.inside.restart()

    def kill_and_start(self) -> None:
        self.inside.kill()
        self.inside.start()

    def raise_alarm(self) -> None:
        self.inside.block()

    def clear_alarm(self) -> None:
        self.inside.unblock()


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[MemoryBroker]:
    memory.register()
    inside = memory.broker_named(f"test-{id(request)}")
    yield MemoryBroker(
        url=f"memory://test-{id(request)}", inside=inside, max_message_bytes=inside.max_message_bytes
    )
    inside.unblock()
    memory.discard(f"test-{id(request)}")
