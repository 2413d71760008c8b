"""What waits in an outbox is told; what cannot be known is left out, not told as nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import CollectorRegistry, generate_latest

from shared.bus.measuring import RuntimeReadings
from shared.errors import DatabaseUnavailableError


@dataclass(kw_only=True)
class FakeRelay:
    """An outbox with so many messages waiting; none says that its database is away."""

    service: str
    waiting: int | None
    asked: int = 0

    def backlog(self) -> tuple[int, timedelta]:
        self.asked += 1
        if self.waiting is None:
            raise DatabaseUnavailableError
        return self.waiting, timedelta(seconds=90 if self.waiting else 0)


@dataclass(kw_only=True)
class FakeWatchdog:
    blockages: int = 0


def page(*relays: FakeRelay, blockages: int = 0) -> list[str]:
    registry = CollectorRegistry()
    registry.register(RuntimeReadings(relays, FakeWatchdog(blockages=blockages)))  # type: ignore[arg-type]
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_count_and_age_of_what_waits_are_told_for_each_service() -> None:
    assert page(FakeRelay(service="content", waiting=2), FakeRelay(service="orchestrator", waiting=0)) == [
        'studio_outbox_unsent{service="content"} 2.0',
        'studio_outbox_unsent{service="orchestrator"} 0.0',
        'studio_outbox_oldest_unsent_seconds{service="content"} 90.0',
        'studio_outbox_oldest_unsent_seconds{service="orchestrator"} 0.0',
        "studio_event_loop_blockages_total 0.0",
    ]


def test_an_outbox_whose_database_is_away_is_left_out_and_the_rest_is_told() -> None:
    lines = page(
        FakeRelay(service="content", waiting=None), FakeRelay(service="orchestrator", waiting=1), blockages=3
    )
    assert 'studio_outbox_unsent{service="orchestrator"} 1.0' in lines
    assert "studio_event_loop_blockages_total 3.0" in lines
    assert not any("content" in line for line in lines)


def test_registering_asks_no_database() -> None:
    relay = FakeRelay(service="content", waiting=1)
    CollectorRegistry().register(RuntimeReadings([relay], FakeWatchdog()))  # type: ignore[arg-type, list-item]
    assert relay.asked == 0
