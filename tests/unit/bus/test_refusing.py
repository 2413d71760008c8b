"""Every message that is set aside is counted once, under why."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from shared.bus.listening import FactListener
from shared.contracts.attempts import AttemptStarted
from shared.contracts.envelope import read
from shared.errors import DatabaseUnavailableError, InvalidMessageError
from shared.metrics import REGISTRY

NAMELESS = b'{"id": "1", "source": "/x", "type": "mason.lay_brick.v1", "time": "2030-01-01T00:00:00Z", "data": %s}'


@pytest.fixture
def counted() -> Callable[[], dict[tuple[str, str], float]]:
    """What was counted since the test began, by queue and reason."""

    def now() -> dict[tuple[str, str], float]:
        return {
            (sample.labels["queue"], sample.labels["reason"]): sample.value
            for family in REGISTRY.collect()
            for sample in family.samples
            if sample.name == "studio_messages_set_aside_total"
        }

    before = now()
    return lambda: {key: value - before.get(key, 0) for key, value in now().items() if value != before.get(key, 0)}


def deliver_fact(handle, message, *, delivery_limit: int | None = None) -> None:
    FactListener(queue="facts", handle=handle, stopping=threading.Event(), delivery_limit=delivery_limit).hear(
        message
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xfe no json", "undecodable"),
        (b"x" * 300_000, "undecodable"),
        (NAMELESS.replace(b"lay_brick", b"dance") % b"{}", "unknown_type"),
        (NAMELESS % b'{"task_id": 7}', "does_not_fit"),
        (NAMELESS % b'{"task_id": "t", "attempt": 1, "deadline_s": 60}', "does_not_fit"),  # names no account
    ],
    ids=["no json", "oversized", "unknown type", "wrong fields", "no account"],
)
def test_a_command_nobody_can_read_is_counted_under_its_reason(
    bench, delivery, brick_laid, counted, body, reason
) -> None:
    message = delivery()
    message.body = body
    bench(lambda *_: brick_laid()).performer.perform(message)
    assert (message.answers, counted()) == (["dead_letter"], {("mason", reason): 1})


def test_a_fact_of_a_type_the_handler_does_not_know_is_counted_as_unknown(delivery, counted) -> None:
    deliver_fact(lambda envelope: read(envelope, AttemptStarted), delivery())
    assert counted() == {("facts", "unknown_type"): 1}


def test_a_fact_the_handler_refuses_is_counted_as_unfit(delivery, counted) -> None:
    def refuse(_envelope) -> None:
        raise InvalidMessageError("no such wall")

    deliver_fact(refuse, delivery())
    assert counted() == {("facts", "does_not_fit"): 1}


@pytest.mark.parametrize(("delivery_count", "expected"), [(2, {}), (3, {("facts", "delivery_limit"): 1})])
def test_a_crash_is_counted_as_set_aside_only_at_the_delivery_limit(
    delivery, counted, delivery_count, expected
) -> None:
    def crash(_envelope) -> None:
        raise ZeroDivisionError

    before = crashes()
    message = delivery(delivery_count=delivery_count)
    deliver_fact(crash, message, delivery_limit=3)
    assert (message.answers, counted(), crashes() - before) == (["requeue"], expected, 1)


def test_a_message_that_is_only_handed_back_is_not_counted(delivery, counted) -> None:
    stopping = threading.Event()

    def wait(_envelope) -> None:
        stopping.set()
        raise DatabaseUnavailableError

    message = delivery()
    FactListener(queue="facts", handle=wait, stopping=stopping, delivery_limit=0).hear(message)
    assert (message.answers, counted()) == (["requeue"], {})


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_an_attempt_is_counted_once_by_outcome_and_code(bench, delivery, brick_laid, outcome: str) -> None:
    def invoke(*_):
        if outcome == "failed":
            raise ZeroDivisionError
        return brick_laid()

    labels = {"pool": "mason", "outcome": outcome, "code": "internal" if outcome == "failed" else ""}
    before = REGISTRY.get_sample_value("studio_attempts_total", labels) or 0
    bench(invoke).performer.perform(delivery())
    assert REGISTRY.get_sample_value("studio_attempts_total", labels) == before + 1


def crashes() -> float:
    return REGISTRY.get_sample_value("studio_deliveries_crashed_total", {"queue": "facts"}) or 0
