"""Take in what workers report about their attempts; duplicated, late and reordered reports change nothing.

A report counts only if it names the task's newest attempt; of several executions of that attempt the first
accepted result wins. All others are recorded and otherwise ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from services.orchestrator.domain.plan import production_tasks
from services.orchestrator.domain.progress import percent, stage_progress
from services.orchestrator.domain.records import JobRecord, TaskRecord
from services.orchestrator.domain.retry import GiveUp, after_failure
from services.orchestrator.handlers.ending import end_if_cancelled, fail_job, succeed_job
from services.orchestrator.handlers.ports import Store, Unit
from shared.clock import Clock
from shared.contracts.attempts import (
    ATTEMPT_FACTS,
    AttemptDeferred,
    AttemptFact,
    AttemptFailed,
    AttemptProgressed,
    AttemptStarted,
    AttemptSucceeded,
    ErrorInfo,
)
from shared.contracts.envelope import Envelope, read
from shared.contracts.jobs import (
    JobProgressed,
    JobStarted,
    JobState,
    TaskRetried,
    TaskStarted,
    TaskState,
    TaskSucceeded,
)
from shared.contracts.tasks import RESULTS, PreviewDrawn, ScriptWritten, TaskResult, VideoAssembled
from shared.errors import InvalidMessageError, UnknownTypeError

_CONTRACTS = {contract.type: contract for contract in ATTEMPT_FACTS}
_PROGRESS_EVERY = timedelta(seconds=1)
_WORKING = (TaskState.DISPATCHED, TaskState.RUNNING)

WORKER_LOST = ErrorInfo(
    code="orchestrator.worker_lost",
    message="the worker stopped answering; the task is given to another",
    retryable=True,
)
CANCELLED_CODE = "task_cancelled"


@dataclass(frozen=True, kw_only=True)
class Report:
    """One fact of an attempt with the task and the job it is about."""

    job: JobRecord
    task: TaskRecord
    fact: AttemptFact
    envelope: Envelope

    @property
    def is_current(self) -> bool:
        """Whether it is about the newest attempt of a task that is being worked on."""
        return self.fact.attempt == self.task.attempt and self.task.state in _WORKING


class RecordAttempts:
    """Turns reports into task and job states.

    Args:
        lease: How long a worker may stay silent.
        jitter: Gives a number from 0 to 1 for each retry.
    """

    def __init__(self, store: Store, clock: Clock, *, lease: timedelta, jitter: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._lease = lease
        self._jitter = jitter

    def record(self, envelope: Envelope) -> str | None:
        """Take in one report.

        Returns:
            The id of the job whose plan may have become able to grow, if any.
        Raises:
            UnknownTypeError, InvalidMessageError: No contract reads it.
        """
        contract = _CONTRACTS.get(envelope.type)
        if contract is None:
            raise UnknownTypeError(f"{envelope.type} is no fact of an attempt")
        fact = read(envelope, contract)
        if isinstance(fact, AttemptProgressed):
            self._renew(fact)
            return None
        with self._store.transaction() as unit:
            report = _report(unit, fact, envelope)
            if report is None:
                return None
            if not unit.first_time(envelope.id):
                return report.job.job_id  # the plan may not have grown before the first delivery was lost
            return self._take_in(unit, report)

    def lose(self, task_id: str, attempt: int) -> None:
        """A running attempt has been silent for a whole lease: count it as lost."""
        with self._store.transaction() as unit:
            task, job = _task_and_job(unit, task_id)
            now = self._clock.now()
            if task is None or job is None or task.state is not TaskState.RUNNING or task.attempt != attempt:
                return
            if task.lease_until and task.lease_until > now:
                return
            unit.lose_attempts(task)
            self._retry_or_fail(unit, job, task, WORKER_LOST)

    def fail_undeliverable(self, task_id: str, attempt: int) -> None:
        """A command was set aside by the broker; ignored if its attempt shows that a worker has it."""
        with self._store.transaction() as unit:
            task, job = _task_and_job(unit, task_id)
            if task and job and task.state is TaskState.DISPATCHED and task.attempt == attempt:
                self._retry_or_fail(unit, job, task, WORKER_LOST)

    def _renew(self, fact: AttemptProgressed) -> None:
        with self._store.transaction() as unit:
            unit.renew_lease(fact.task_id, fact.attempt, self._clock.now() + self._lease)

    def _take_in(self, unit: Unit, report: Report) -> str | None:
        fact = report.fact
        unit.open_attempt(report.task, fact)
        if isinstance(fact, AttemptStarted):
            self._started(unit, report)
        elif isinstance(fact, AttemptSucceeded):
            return self._succeeded(unit, report, fact)
        elif isinstance(fact, AttemptFailed):
            self._failed(unit, report, fact)
        elif isinstance(fact, AttemptDeferred):
            self._deferred(unit, report, fact)
        return None

    def _started(self, unit: Unit, report: Report) -> None:
        if not report.is_current:
            return
        until = self._clock.now() + self._lease
        if report.task.state is TaskState.RUNNING:  # a second execution of the same attempt
            unit.renew_lease(report.task.task_id, report.fact.attempt, until)
            return
        unit.change_task(report.task, TaskState.RUNNING, f"runs on {report.fact.worker}", lease_until=until)
        job = self._running(unit, report)
        started = TaskStarted(
            **_names(job), **_task_names(report.task), attempt=report.fact.attempt, worker=report.fact.worker
        )
        unit.publish(job, started, traceparent=report.envelope.traceparent)

    def _succeeded(self, unit: Unit, report: Report, fact: AttemptSucceeded) -> str | None:
        accepted = report.is_current
        unit.close_attempt(fact.execution_id, "succeeded", duration_ms=fact.duration_ms, accepted=accepted)
        if not accepted:
            return None
        result = _read_result(report.task, fact)
        task = unit.change_task(
            report.task,
            TaskState.SUCCEEDED,
            "its result was accepted",
            result=fact.result,
            reused=result.reused,
            lease_until=None,
        )
        done = TaskSucceeded(
            **_names(report.job),
            **_task_names(task),
            attempt=fact.attempt,
            reused=result.reused,
            duration_ms=fact.duration_ms,
        )
        job = unit.publish(self._running(unit, report), done, traceparent=report.envelope.traceparent)
        if job.state is JobState.CANCELLING:
            end_if_cancelled(unit, job)
            return None
        if isinstance(result, ScriptWritten):
            job = unit.update_job(job, outline=result.outline, revision_id=result.outline.revision_id)
            unit.add_tasks(job, production_tasks(result.outline, job.preview))
        if isinstance(result, VideoAssembled | PreviewDrawn):
            succeed_job(unit, job, result.files)
            return None
        self._publish_progress(unit, job)
        return job.job_id

    def _running(self, unit: Unit, report: Report) -> JobRecord:
        """The job, which runs from its first report on; a result may overtake the news of its start."""
        job = report.job
        if job.state is not JobState.QUEUED:
            return job
        job = unit.change_job(job, JobState.RUNNING, "its first task started", started_at=self._clock.now())
        return unit.publish(job, JobStarted(**_names(job)), traceparent=report.envelope.traceparent)

    def _failed(self, unit: Unit, report: Report, fact: AttemptFailed) -> None:
        unit.close_attempt(fact.execution_id, "failed", duration_ms=fact.duration_ms, error=fact.error)
        if not report.is_current:
            return
        if report.job.state is JobState.CANCELLING:
            _drop(unit, report.job, report.task, "stopped by its worker")
            return
        # Its worker had to stop although the job goes on: that is a loss, not the end of the task.
        lost = fact.error.code == CANCELLED_CODE
        self._retry_or_fail(unit, report.job, report.task, WORKER_LOST if lost else fact.error)

    def _deferred(self, unit: Unit, report: Report, fact: AttemptDeferred) -> None:
        unit.close_attempt(fact.execution_id, "deferred")
        if not report.is_current:
            return
        if report.job.state is JobState.CANCELLING:
            _drop(unit, report.job, report.task, "its worker put it off while its job was stopped")
            return
        # Its worker's clock may be wrong, but by the same amount in both: only the span between them counts.
        until = self._clock.now() + max(fact.until - report.envelope.time, timedelta(0))
        unit.limit_dispatch(report.task, fact.limit_key, until)
        unit.change_task(report.task, TaskState.READY, fact.reason, not_before=until, lease_until=None)

    def _retry_or_fail(self, unit: Unit, job: JobRecord, task: TaskRecord, error: ErrorInfo) -> None:
        used = task.attempts_used + 1
        if job.state is JobState.CANCELLING:
            _drop(unit, job, task, error.message)
            return
        decision = after_failure(
            error,
            attempts_used=used,
            max_attempts=task.row.max_attempts,
            now=self._clock.now(),
            jitter=self._jitter(),
        )
        if isinstance(decision, GiveUp):
            failed = unit.change_task(task, TaskState.FAILED, error.message, attempts_used=used, lease_until=None)
            fail_job(unit, job, failed, decision.error)
            return
        self._retry(unit, job, task, error, used=used, moment=decision.moment)

    def _retry(
        self, unit: Unit, job: JobRecord, task: TaskRecord, error: ErrorInfo, *, used: int, moment: datetime
    ) -> None:
        unit.change_task(
            task, TaskState.READY, error.message, attempts_used=used, not_before=moment, lease_until=None
        )
        retried = TaskRetried(
            **_names(job), **_task_names(task), attempt=max(1, task.attempt), error=error, retry_at=moment
        )
        unit.publish(job, retried)

    def _publish_progress(self, unit: Unit, job: JobRecord) -> None:
        """At most once a second; the last one is followed by the end of the job."""
        now = self._clock.now()
        if job.progressed_at and now - job.progressed_at < _PROGRESS_EVERY:
            return
        stages = stage_progress(job, unit.stage_counts(job.job_id))
        job = unit.update_job(job, progressed_at=now)
        unit.publish(job, JobProgressed(**_names(job), stages=stages, percent=percent(stages)))


def _report(unit: Unit, fact: AttemptFact, envelope: Envelope) -> Report | None:
    task, job = _task_and_job(unit, fact.task_id)
    if task is None or job is None:
        return None
    return Report(job=job, task=task, fact=fact, envelope=envelope)


def _drop(unit: Unit, job: JobRecord, task: TaskRecord, reason: str) -> None:
    """A task of a job that is being stopped does not run any more; the job ends with its last one."""
    unit.change_task(task, TaskState.CANCELLED, reason, lease_until=None)
    end_if_cancelled(unit, job)


def _task_and_job(unit: Unit, task_id: str) -> tuple[TaskRecord | None, JobRecord | None]:
    """The job is locked first; the task is read again under that lock."""
    task = unit.task(task_id)
    if task is None:
        return None, None
    job = unit.job(task.job_id)
    return unit.task(task_id), job


def _read_result(task: TaskRecord, fact: AttemptSucceeded) -> TaskResult:
    try:
        return RESULTS[task.kind].model_validate(fact.result)
    except ValidationError as error:
        raise InvalidMessageError(
            f"the result of {task.kind} does not fit: {error.error_count()} fields"
        ) from None


def _names(job: JobRecord) -> dict[str, str]:
    return {"job_id": job.job_id, "project_id": job.project_id}


def _task_names(task: TaskRecord) -> dict[str, object]:
    return {"task_id": task.task_id, "stage": task.stage, "slide_number": task.slide_number}
