"""One execution for a message, and its outcome reported before the acknowledgement."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from shared.errors import (
    BadMediaError,
    DatabaseUnavailableError,
    NotFoundError,
    StorageUnavailableError,
    TaskDeferredError,
    TaskFailedError,
)

STARTED, SUCCEEDED, FAILED = "attempt.started.v1", "attempt.succeeded.v1", "attempt.failed.v1"


def test_a_command_is_acknowledged_after_its_outcome_is_reported(bench, delivery, brick_laid) -> None:
    desk = bench(lambda command, context: brick_laid())
    message = delivery()
    desk.reports.settle = lambda fact, command: message.answers.append(fact.type)
    desk.performer.perform(message)
    assert message.answers == [SUCCEEDED, "ack"]


def test_a_command_settled_before_is_acknowledged_without_work(bench, delivery, command) -> None:
    calls = []
    desk = bench(lambda *_: calls.append(1))
    envelope = command()
    desk.reports.settled.add(envelope.id)
    message = delivery(envelope)
    desk.performer.perform(message)
    assert (message.answers, calls, desk.reports.facts) == (["ack"], [], [])


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (TaskFailedError("wet", code="mason.wet_sand", retryable=True), "mason.wet_sand", True),
        (BadMediaError("no brick"), "bad_media", False),
        (NotFoundError(), "not_found", False),
        (ZeroDivisionError("secret"), "internal", True),
    ],
)
def test_an_error_becomes_the_outcome_with_its_code(bench, delivery, error, code, retryable) -> None:
    desk = bench(_raiser(error))
    message = delivery()
    desk.performer.perform(message)
    failed = desk.reports.facts[-1]
    assert message.answers == ["ack"]
    assert (failed.error.code, failed.error.retryable) == (code, retryable)
    assert "secret" not in failed.error.message


def test_a_deferral_carries_time_and_limit(bench, delivery) -> None:
    until = datetime(2031, 1, 1, tzinfo=UTC)
    desk = bench(_raiser(TaskDeferredError("it rains", until=until, limit_key="weather")))
    desk.performer.perform(delivery())
    deferred = desk.reports.facts[-1]
    assert (deferred.type, deferred.until, deferred.limit_key) == ("attempt.deferred.v1", until, "weather")


def test_a_result_too_large_for_a_message_fails_the_attempt(bench, delivery, brick_laid) -> None:
    desk = bench(lambda *_: brick_laid(bricks="x" * 300_000))
    desk.performer.perform(delivery())
    assert desk.reports.facts[-1].error.code == "invalid_message"


def test_missing_infrastructure_is_waited_for_within_one_execution(bench, delivery, brick_laid) -> None:
    troubles = [StorageUnavailableError(), DatabaseUnavailableError()]

    def invoke(*_):
        if troubles:
            raise troubles.pop()
        return brick_laid()

    desk = bench(invoke)
    desk.performer.perform(delivery())
    assert desk.reports.types == [STARTED, SUCCEEDED]


def test_reports_are_repeated_until_the_broker_takes_them(bench, delivery, brick_laid) -> None:
    desk = bench(lambda *_: brick_laid())
    desk.reports.away = 2
    message = delivery()
    desk.performer.perform(message)
    assert (desk.reports.types, message.answers) == ([STARTED, SUCCEEDED], ["ack"])


def test_every_execution_has_an_id_of_its_own(bench, delivery, command, brick_laid) -> None:
    desk = bench(lambda *_: brick_laid())
    for _ in range(2):
        desk.performer.perform(delivery(command()))
    assert len({fact.execution_id for fact in desk.reports.facts}) == 2


def test_a_redelivery_attaches_to_the_execution_that_runs_and_is_the_one_acknowledged(
    bench, delivery, command, brick_laid
) -> None:
    envelope, calls = command(), []
    first, second, third = (delivery(envelope) for _ in range(3))

    def invoke(*_):
        calls.append(1)
        desk.performer.perform(second)
        desk.performer.perform(third)
        return brick_laid()

    desk = bench(invoke)
    desk.performer.perform(first)
    assert len(calls) == 1
    assert (first.answers, second.answers, third.answers) == ([], [], ["ack"])


def test_a_redelivery_of_what_was_just_finished_is_acknowledged(bench, delivery, command, brick_laid) -> None:
    calls = []
    desk = bench(lambda *_: calls.append(1) or brick_laid())
    envelope = command()
    desk.performer.perform(delivery(envelope))
    desk.reports.settled.clear()
    again = delivery(envelope)
    desk.performer.perform(again)
    assert (len(calls), again.answers) == (1, ["ack"])


@pytest.mark.parametrize("body", [b"\xff", b"{}", b"x" * 300_000])
def test_an_unreadable_command_is_dead_lettered(bench, delivery, body) -> None:
    message = delivery()
    message.body = body
    bench(lambda *_: None).performer.perform(message)
    assert message.answers == ["dead_letter"]


def test_a_command_of_another_pool_is_dead_lettered(bench, delivery, command) -> None:
    message = delivery(command().model_copy(update={"type": "mason.sing.v1"}))
    bench(lambda *_: None).performer.perform(message)
    assert message.answers == ["dead_letter"]


@pytest.mark.parametrize("missing", ["accountid", "jobid"])
def test_a_command_that_is_nobodys_is_dead_lettered(bench, delivery, command, missing) -> None:
    message = delivery(command().model_copy(update={missing: None}))
    bench(lambda *_: pytest.fail("must not start")).performer.perform(message)
    assert message.answers == ["dead_letter"]


def test_a_command_that_has_not_started_is_handed_back_when_the_process_must_stop(bench, delivery) -> None:
    desk = bench(lambda *_: pytest.fail("must not start"))
    desk.stopping.set()
    message = delivery()
    desk.performer.perform(message)
    assert (message.answers, desk.reports.facts) == (["requeue"], [])


def test_an_abandoned_execution_is_handed_back_and_reports_no_failure(bench, delivery) -> None:
    def invoke(_command, context):
        desk.executions.abandon_all()
        context.raise_if_cancelled()

    desk = bench(invoke)
    message = delivery()
    desk.performer.perform(message)
    assert (message.answers, desk.reports.types) == (["requeue"], [STARTED])


def test_an_abandoned_execution_that_succeeds_after_all_is_reported(bench, delivery, brick_laid) -> None:
    desk = bench(lambda *_: desk.executions.abandon_all() and brick_laid())
    message = delivery()
    desk.performer.perform(message)
    assert (message.answers, desk.reports.types) == (["ack"], [STARTED, SUCCEEDED])


def test_a_report_that_breaks_hands_the_command_back_for_another_try(bench, delivery, brick_laid) -> None:
    desk = bench(lambda *_: brick_laid())
    desk.reports.settle = _raiser(ZeroDivisionError())
    message, again = delivery(), None
    desk.performer.perform(message)
    assert message.answers == ["requeue"]
    del desk.reports.settle
    again = delivery()
    again.body = message.body
    desk.performer.perform(again)
    assert again.answers == ["ack"]


def test_a_cancelled_job_is_not_begun(bench, delivery, command) -> None:
    desk = bench(lambda *_: pytest.fail("must not start"))
    desk.executions.cancel_job("gone")
    desk.performer.perform(delivery(command(job_id="gone")))
    assert desk.reports.facts[-1].error.code == "task_cancelled"


def test_cancelling_a_job_tells_its_executions_and_no_others(bench, delivery, command, brick_laid) -> None:
    seen = []

    def invoke(_command, context):
        desk.executions.cancel_job("other")
        seen.append(context.cancelled.is_set())
        desk.executions.cancel_job("job")
        seen.append(context.cancelled.is_set())
        return brick_laid()

    desk = bench(invoke)
    desk.performer.perform(delivery(command(job_id="job")))
    assert seen == [False, True]


def test_no_more_executions_than_slots_run_at_a_time(bench, delivery, command, brick_laid) -> None:
    running, most, release = [], [], threading.Event()

    def invoke(*_):
        running.append(1)
        most.append(len(running))
        release.wait(5)
        running.pop()
        return brick_laid()

    desk = bench(invoke, slots=2)
    threads = [
        threading.Thread(target=desk.performer.perform, args=(delivery(command()),), daemon=True) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    while len(most) < 2:
        release.wait(0.01)
    release.set()
    for thread in threads:
        thread.join(5)
    assert len(most) == 5
    assert max(most) == 2


def test_the_pulse_tells_how_far_every_execution_is(bench, delivery, brick_laid) -> None:
    def invoke(_command, context):
        context.progress(3, 7)
        desk.performer.pulse()
        return brick_laid()

    desk = bench(invoke)
    desk.performer.perform(delivery())
    progressed = desk.reports.facts[1]
    assert (progressed.type, progressed.done, progressed.total) == ("attempt.progressed.v1", 3, 7)


def test_a_pulse_that_finds_no_broker_disturbs_nobody(bench, delivery, brick_laid) -> None:
    def invoke(*_):
        desk.reports.away = 1
        desk.performer.pulse()
        return brick_laid()

    desk = bench(invoke)
    desk.performer.perform(delivery())
    assert desk.reports.types == [STARTED, SUCCEEDED]


def _raiser(error: Exception):
    def raise_it(*_):
        raise error

    return raise_it
