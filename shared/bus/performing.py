"""Carries out the commands of one worker pool: started, work, outcome, acknowledgement, in that order.

Free of any framework: the entrypoint passes in how to call the service's method.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from shared.bus.context import TaskContext
from shared.bus.delivery import Delivery
from shared.bus.executions import Execution, Executions
from shared.bus.inflight import InFlight
from shared.bus.patience import HandedBackError, Patience, requeue_delay_s
from shared.bus.refusing import note_crashed, note_refused
from shared.bus.reports import Reports, worker_name
from shared.bus.trace import bound_log, continued
from shared.clock import Clock, SystemClock
from shared.contracts.attempts import (
    AttemptDeferred,
    AttemptFact,
    AttemptFailed,
    AttemptProgressed,
    AttemptStarted,
    AttemptSucceeded,
    ErrorInfo,
)
from shared.contracts.envelope import Envelope, decode, enclose, read
from shared.contracts.tasks import TaskCommand, TaskResult
from shared.errors import (
    InfrastructureError,
    InvalidMessageError,
    StudiomaticError,
    TaskDeferredError,
    UnknownTypeError,
)
from shared.ids import AccountId, ExecutionId, JobId, new_id
from shared.metrics import ATTEMPTS

log = structlog.get_logger(__name__)

_OUTCOMES: dict[type[AttemptFact], str] = {
    AttemptSucceeded: "succeeded",
    AttemptFailed: "failed",
    AttemptDeferred: "deferred",
}

Invoke = Callable[[TaskCommand, TaskContext], TaskResult]
"""Calls the service's method; ends it at the deadline, and some time after a cancel."""


class CommandPerformer:
    """Performs the commands of one pool in this process.

    Args:
        service: Who works, e.g. ``renderer``.
        pool: The queue the commands come from.
        accepts: Contracts of the commands this pool understands; others are dead-lettered.
        invoke: Calls the service's method.
        slots: Most executions at a time.
        stopping: Set when the process must stop; what has not started then is handed back.
        delivery_limit: A command delivered more often than this, and given back again, is set aside by the broker.
    """

    def __init__(
        self,
        *,
        service: str,
        pool: str,
        accepts: Sequence[type[TaskCommand]],
        reports: Reports,
        invoke: Invoke,
        executions: Executions,
        slots: int,
        stopping: threading.Event,
        delivery_limit: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._worker = worker_name(service)
        self._pool = pool
        self._delivery_limit = delivery_limit
        self._contracts = {contract.type: contract for contract in accepts}
        self._reports = reports
        self._invoke = invoke
        self._executions = executions
        self._slots = threading.BoundedSemaphore(slots)
        self._stopping = stopping
        self._patience = Patience(stopping)
        self._clock = clock or SystemClock()
        self._inflight = InFlight()

    def perform(self, delivery: Delivery) -> None:
        """Deal with one delivery, whatever it holds; never raises."""
        try:
            envelope = continued(decode(delivery.body))
            command = read(envelope, self._contract(envelope))
            _require_owner(envelope)
        except InvalidMessageError as error:
            note_refused(self._pool, error)
            delivery.dead_letter()
            return
        if self._inflight.admit(envelope.id, delivery):
            with bound_log(envelope):
                self._perform_once(envelope, command, delivery.delivery_count)

    def pulse(self) -> None:
        """Renew the lease of everything that runs by reporting how far it is."""
        for execution in self._executions.snapshot():
            try:
                self._reports.progress(self._progressed(execution), execution.context.envelope)
            except StudiomaticError as error:
                log.info("progress_lost", error=str(error))

    def _contract(self, envelope: Envelope) -> type[TaskCommand]:
        try:
            return self._contracts[envelope.type]
        except KeyError:
            raise UnknownTypeError(f"{envelope.type} is no command of this pool") from None

    def _perform_once(self, envelope: Envelope, command: TaskCommand, delivery_count: int) -> None:
        """Run the command in a slot and answer its delivery."""
        try:
            with _slot(self._slots, self._stopping):
                if not self._patience.insist(lambda: self._reports.is_settled(envelope)):
                    self._execute(envelope, command)
        except HandedBackError:
            log.info("command_handed_back", task_id=command.task_id, attempt=command.attempt)
            ATTEMPTS.labels(self._pool, "handed_back", "").inc()
            self._inflight.hand_back(envelope.id)
        except Exception:
            log.exception("command_crashed", task_id=command.task_id, attempt=command.attempt)
            note_crashed(self._pool, delivery_count, self._delivery_limit)
            self._stopping.wait(requeue_delay_s(delivery_count))
            self._inflight.hand_back(envelope.id)
        else:
            self._inflight.finish(envelope.id)

    def _execute(self, envelope: Envelope, command: TaskCommand) -> None:
        execution = self._new_execution(envelope, command)
        started = time.monotonic()
        with self._executions.running(execution):
            self._patience.insist(lambda: self._reports.announce(self._started(execution), envelope))
            outcome = self._outcome(execution, started)
        self._patience.insist(lambda: self._reports.settle(outcome, envelope))
        code = outcome.error.code if isinstance(outcome, AttemptFailed) else None
        ATTEMPTS.labels(self._pool, _OUTCOMES[type(outcome)], code or "").inc()
        log.info(
            "command_performed",
            task_id=command.task_id,
            attempt=command.attempt,
            outcome=outcome.type,
            code=code,
            duration_ms=_since(started),
        )

    def _new_execution(self, envelope: Envelope, command: TaskCommand) -> Execution:
        def report_progress(done: int, total: int) -> None:
            execution.done, execution.total = done, total

        context = TaskContext(
            account_id=AccountId(envelope.accountid or ""),
            job_id=JobId(envelope.jobid or ""),
            execution_id=ExecutionId(new_id()),
            envelope=envelope,
            deadline=self._deadline(command),
            report_progress=report_progress,
        )
        execution = Execution(command=command, context=context)
        return execution

    def _outcome(self, execution: Execution, started: float) -> AttemptFact:
        """Do the work and say how it ended."""
        try:
            execution.context.raise_if_cancelled()
            result = self._patience.insist(lambda: self._work(execution))
            return self._succeeded(execution, result, started)
        except TaskDeferredError as error:
            return self._deferred(execution, error)
        except HandedBackError:
            raise
        except Exception as error:  # whatever a handler raises is the outcome of its attempt
            if execution.abandoned:
                raise HandedBackError from error
            return self._failed(execution, error, started)

    def _work(self, execution: Execution) -> TaskResult:
        """Call the method; each call has its whole time, waiting for infrastructure in between costs none."""
        context = replace(execution.context, deadline=self._deadline(execution.command))
        try:
            return self._invoke(execution.command, context)
        except InfrastructureError:
            context.raise_if_cancelled()
            raise

    def _deadline(self, command: TaskCommand) -> datetime:
        return self._clock.now() + timedelta(seconds=command.deadline_s)

    def _succeeded(self, execution: Execution, result: TaskResult, started: float) -> AttemptFact:
        """The success, unless it is too large to be sent."""
        fact = AttemptSucceeded(
            **self._identity(execution), result=result.model_dump(mode="json"), duration_ms=_since(started)
        )
        enclose(fact, source="/studiomatic/size", cause=execution.context.envelope).encode()
        return fact

    def _failed(self, execution: Execution, error: Exception, started: float) -> AttemptFailed:
        return AttemptFailed(
            **self._identity(execution), error=error_info(error, self._worker), duration_ms=_since(started)
        )

    def _deferred(self, execution: Execution, error: TaskDeferredError) -> AttemptDeferred:
        return AttemptDeferred(
            **self._identity(execution), until=error.until, limit_key=error.limit_key, reason=error.message
        )

    def _started(self, execution: Execution) -> AttemptStarted:
        return AttemptStarted(**self._identity(execution))

    def _progressed(self, execution: Execution) -> AttemptProgressed:
        return AttemptProgressed(
            **self._identity(execution), done=max(execution.done, 0), total=max(execution.total, 1)
        )

    def _identity(self, execution: Execution) -> dict[str, object]:
        return {
            "task_id": execution.command.task_id,
            "attempt": execution.command.attempt,
            "execution_id": execution.context.execution_id,
            "worker": self._worker,
        }


def error_info(error: Exception, worker: str) -> ErrorInfo:
    """An error as the orchestrator and the user may see it; of an unexpected one only its kind and place."""
    if isinstance(error, StudiomaticError):
        return ErrorInfo(
            code=error.code,
            message=error.message,
            retryable=error.retryable,
            provider=getattr(error, "provider", None),
        )
    log.error("handler_crashed", exc_info=error)
    return ErrorInfo(
        code="internal",
        message=f"unexpected {type(error).__name__} in {worker}; its log names the cause",
        retryable=True,
    )


def _require_owner(envelope: Envelope) -> None:
    """Work without an account would be stored under nobody's name."""
    if not envelope.accountid or not envelope.jobid:
        raise InvalidMessageError(f"{envelope.type} {envelope.id} names no account or no job")


class _slot:
    """Holds one slot; waiting for it ends when the process must stop."""

    def __init__(self, slots: threading.BoundedSemaphore, stopping: threading.Event) -> None:
        self._slots = slots
        self._stopping = stopping

    def __enter__(self) -> None:
        while not self._slots.acquire(timeout=1.0):
            if self._stopping.is_set():
                raise HandedBackError
        if self._stopping.is_set():
            self._slots.release()
            raise HandedBackError

    def __exit__(self, *_: object) -> None:
        self._slots.release()


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
