"""Patience, memory of what was handled, traces, and the finger of the watchdog."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shared.bus.inflight import InFlight
from shared.bus.patience import HandedBackError, Patience, requeue_delay_s
from shared.bus.trace import child_traceparent, continued, new_traceparent, trace_fields
from shared.bus.watchdog import culprit_of
from shared.errors import DatabaseUnavailableError, NotFoundError


class Waits:
    """Stands for the stopping event: notes waits, and stops after some."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.seconds: list[float] = []
        self._stop_after = stop_after

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) == self._stop_after


def test_waits_double_up_to_three_seconds() -> None:
    waits, troubles = Waits(), [DatabaseUnavailableError() for _ in range(7)]

    def act() -> str:
        if troubles:
            raise troubles.pop()
        return "done"

    assert Patience(waits).insist(act) == "done"
    assert waits.seconds == [0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0]


def test_patience_ends_when_the_process_must_stop() -> None:
    def act() -> None:
        raise DatabaseUnavailableError

    with pytest.raises(HandedBackError):
        Patience(Waits(stop_after=2)).insist(act)


def test_patience_is_only_for_infrastructure() -> None:
    def act() -> None:
        raise NotFoundError

    waits = Waits()
    with pytest.raises(NotFoundError):
        Patience(waits).insist(act)
    assert waits.seconds == []


def test_a_message_that_failed_often_waits_longer_but_not_for_ever() -> None:
    assert [requeue_delay_s(count) for count in (0, 1, 3, 10, 1000)] == [0.1, 0.2, 0.8, 3.0, 3.0]


def test_only_so_many_finished_messages_are_remembered(delivery) -> None:
    inflight = InFlight(remembered=2)
    for name in ("a", "b", "c"):
        assert inflight.admit(name, delivery())
        inflight.finish(name)
    assert inflight.admit("a", delivery()), "forgotten"
    assert not inflight.admit("c", delivery())


def test_of_two_deliveries_that_come_at_the_same_time_one_is_admitted(delivery) -> None:
    inflight, admitted, gate = InFlight(), [], threading.Barrier(8)

    def deliver() -> None:
        gate.wait()
        if inflight.admit("x", delivery()):
            admitted.append(1)

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 1


def test_a_child_span_stays_in_its_trace() -> None:
    parent = new_traceparent()
    child = child_traceparent(parent)
    assert trace_fields(child)["trace_id"] == trace_fields(parent)["trace_id"]
    assert trace_fields(child)["span_id"] != trace_fields(parent)["span_id"]


@pytest.mark.parametrize(
    "parent", [None, "", "nonsense", f"00-{'0' * 32}-{'1' * 16}-01", f"01-{'a' * 32}-{'1' * 16}-01"]
)
def test_a_missing_or_malformed_parent_starts_a_new_trace(parent) -> None:
    assert trace_fields(child_traceparent(parent))["trace_id"].strip("0")


def test_what_a_message_causes_belongs_to_its_trace(command) -> None:
    envelope = command().model_copy(update={"traceparent": new_traceparent()})
    ours = continued(envelope)
    assert ours.id == envelope.id
    assert trace_fields(ours.traceparent)["trace_id"] == trace_fields(envelope.traceparent)["trace_id"]


def test_the_culprit_is_our_own_innermost_frame() -> None:
    def foreign() -> str:
        return culprit_of(sys._getframe())

    space: dict = {"__name__": "services.renderer.handlers", "foreign": foreign}
    exec("def block():\n    return foreign()", space)  # noqa: S102  # a module of that name without writing one
    assert space["block"]() == "services.renderer.handlers:2 block"


def test_without_a_frame_of_ours_the_innermost_is_named() -> None:
    assert "test_without_a_frame_of_ours" in culprit_of(sys._getframe())


def test_a_loop_that_waits_is_not_called_blocked_and_one_that_stands_still_is() -> None:
    command = [sys.executable, str(Path(__file__).parent / "programs" / "starved.py")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.splitlines() == ["[]", "['<module>']"]
