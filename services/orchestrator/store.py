"""Reads and writes the orchestrator's tables; every change of a job or task goes through one transaction here.

All transactions lock in one order, so that no two wait for each other for ever: jobs (by id), then tasks (of a job
by id; dispatch, which locks no job, skips those that others hold), then shares (by pool and account). A new row
waits only for a rival with the same key, which is of the same job or the same request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from services.orchestrator.domain.kinds import KINDS, POOLS
from services.orchestrator.domain.plan import PlannedTask
from services.orchestrator.domain.records import JobRecord, TaskRecord
from services.orchestrator.domain.share import Share
from services.orchestrator.domain.states import transition
from services.orchestrator.shares import ShareBook
from services.orchestrator.tables import (
    ATTEMPTS,
    DISPATCH_LIMITS,
    INBOX,
    JOB_FACTS,
    JOBS,
    OUTBOX,
    POOL_SHARES,
    TASKS,
)
from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.bus.outgoing import COMMANDS_EXCHANGE, command, fact
from shared.clock import Clock
from shared.contracts.attempts import AttemptFact, ErrorInfo
from shared.contracts.envelope import Envelope, enclose
from shared.contracts.jobs import JobFact, JobState, PreviewRequest, Stage, TaskState
from shared.contracts.revisions import RevisionOutline
from shared.contracts.tasks import RenderFile, TaskCommand
from shared.db import Database, insert_if_absent
from shared.ids import new_id

SOURCE = "/studiomatic/orchestrator"
ALL_THERE = "all it needs is there"
_INBOX_CONSUMER = "orchestrator"
_ACTIVE = (JobState.QUEUED.value, JobState.RUNNING.value)
"""States in which a job wants work to be done."""


class JobStore:
    """The orchestrator's state.

    Args:
        database: Its own database; nobody else reads it.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @contextmanager
    def transaction(self) -> Iterator[JobUnit]:
        """One atomic change: state, facts and commands are stored together or not at all."""
        with self._database.transaction() as connection:
            unit = JobUnit(connection, self._clock, locks=True)
            yield unit
            unit.finish()

    @contextmanager
    def reading(self) -> Iterator[JobUnit]:
        """A consistent look that changes nothing."""
        with self._database.reading() as connection:
            yield JobUnit(connection, self._clock, locks=False)


class JobUnit:
    """What can be done inside one transaction.

    Args:
        locks: Whether rows that are read here are kept from others until the end; only where writing is possible.
    """

    def __init__(self, connection: Connection, clock: Clock, *, locks: bool) -> None:
        self._connection = connection
        self._clock = clock
        self._locks = locks
        self._shares = ShareBook(connection)

    def finish(self) -> None:
        """Write what is written last."""
        self._shares.write()

    # Jobs

    def job(self, job_id: str, account_id: str | None = None) -> JobRecord | None:
        """A job, in a transaction locked until its end; none if it is another account's."""
        query = select(JOBS).where(JOBS.c.job_id == job_id)
        if account_id is not None:
            query = query.where(JOBS.c.account_id == account_id)
        if self._locks:
            query = query.with_for_update()
        row = self._connection.execute(query).mappings().one_or_none()
        return _job(row) if row else None

    def job_by_key(self, account_id: str, idempotency_key: str) -> JobRecord | None:
        query = select(JOBS).where(JOBS.c.account_id == account_id, JOBS.c.idempotency_key == idempotency_key)
        row = self._connection.execute(query).mappings().one_or_none()
        return _job(row) if row else None

    def jobs(self, account_id: str, project_id: str | None, limit: int) -> list[JobRecord]:
        """Newest first."""
        query = select(JOBS).where(JOBS.c.account_id == account_id)
        if project_id is not None:
            query = query.where(JOBS.c.project_id == project_id)
        query = query.order_by(JOBS.c.created_at.desc(), JOBS.c.job_id.desc()).limit(limit)
        return [_job(row) for row in self._connection.execute(query).mappings()]

    def active_job_ids(self) -> list[str]:
        """Jobs that have not ended, oldest first."""
        active = [state.value for state in JobState if not state.is_terminal]
        query = select(JOBS.c.job_id).where(JOBS.c.state.in_(active)).order_by(JOBS.c.job_id)
        return list(self._connection.scalars(query))

    def unplanned_job_ids(self) -> list[str]:
        """Queued jobs of which nothing can be dispatched yet: all their parts are given."""
        possible = select(TASKS.c.task_id).where(
            TASKS.c.job_id == JOBS.c.job_id, TASKS.c.state != TaskState.WAITING.value
        )
        query = select(JOBS.c.job_id).where(JOBS.c.state == JobState.QUEUED.value, ~possible.exists())
        return list(self._connection.scalars(query.order_by(JOBS.c.job_id)))

    def add_job(self, job: JobRecord) -> bool:
        """Store a new job; False if the account used its idempotency key before."""
        return insert_if_absent(self._connection, JOBS, **_job_values(job))

    def change_job(self, job: JobRecord, state: JobState, reason: str, **changes: Any) -> JobRecord:
        """Move a job to another state, with the reason in words."""
        ended = {"ended_at": self._clock.now()} if state.is_terminal else {}
        return self.update_job(job, state=transition(job.state, state), reason=reason, **ended, **changes)

    def update_job(self, job: JobRecord, **changes: Any) -> JobRecord:
        """Change fields of a job."""
        changed = replace(job, **changes)
        values = _job_values(changed)
        self._connection.execute(
            update(JOBS).where(JOBS.c.job_id == job.job_id).values({name: values[name] for name in changes})
        )
        return changed

    # Tasks

    def task(self, task_id: str) -> TaskRecord | None:
        row = self._connection.execute(select(TASKS).where(TASKS.c.task_id == task_id)).mappings().one_or_none()
        return _task(row) if row else None

    def tasks(self, job_id: str) -> list[TaskRecord]:
        """The tasks of a job, in a transaction locked until its end: none is dispatched meanwhile."""
        query = select(TASKS).where(TASKS.c.job_id == job_id).order_by(TASKS.c.task_id)
        if self._locks:
            query = query.with_for_update()
        return [_task(row) for row in self._connection.execute(query).mappings()]

    def stage_counts(self, job_id: str) -> dict[Stage, tuple[int, int]]:
        """Stage to (succeeded, all) tasks."""
        succeeded = func.sum((TASKS.c.state == TaskState.SUCCEEDED.value).cast(TASKS.c.part.type))
        query = (
            select(TASKS.c.stage, succeeded, func.count()).where(TASKS.c.job_id == job_id).group_by(TASKS.c.stage)
        )
        return {Stage(stage): (int(done), int(total)) for stage, done, total in self._connection.execute(query)}

    def add_tasks(self, job: JobRecord, planned: Sequence[PlannedTask]) -> int:
        """Store planned tasks; one that exists is left alone. Returns how many are new."""
        new = [task for task in planned if self._insert_task(job, task)]
        for pool in POOLS:
            arrived = sum(1 for task in new if KINDS[task.kind].pool == pool and not task.waits)
            if arrived:
                self._shares.arrive(pool, job.account_id, arrived)
        return len(new)

    def change_task(self, task: TaskRecord, state: TaskState, reason: str, **changes: Any) -> TaskRecord:
        """Move a task to another state, keep its account's counts, and say why.

        With its end nobody waits for its other executions: they count as lost, unless they still report.
        """
        changed = replace(task, state=transition(task.state, state), reason=reason, **changes)
        values: dict[str, Any] = {"state": state.value, "reason": reason, **changes}
        if state.is_terminal:
            values["ended_at"] = self._clock.now()
        self._connection.execute(update(TASKS).where(TASKS.c.task_id == task.task_id).values(values))
        self._shares.move(task.row.pool, task.account_id, task.state, state)
        if state.is_terminal:
            self.lose_attempts(task)
        return changed

    def renew_lease(self, task_id: str, attempt: int, until: datetime) -> None:
        """Extend the lease of a running attempt; a stale one changes nothing."""
        self._connection.execute(
            update(TASKS)
            .where(
                TASKS.c.task_id == task_id,
                TASKS.c.attempt == attempt,
                TASKS.c.state == TaskState.RUNNING.value,
                or_(TASKS.c.lease_until.is_(None), TASKS.c.lease_until < until),
            )
            .values(lease_until=until)
        )

    def lapsed_tasks(self, now: datetime, limit: int) -> list[TaskRecord]:
        """Running tasks whose lease is over."""
        query = (
            select(TASKS)
            .where(TASKS.c.state == TaskState.RUNNING.value, TASKS.c.lease_until < now)
            .order_by(TASKS.c.lease_until)
            .limit(limit)
        )
        return [_task(row) for row in self._connection.execute(query).mappings()]

    # Dispatch

    def pools_with_ready_tasks(self) -> set[str]:
        """Pools in which something could be dispatched; one cheap question, asked all the time."""
        query = select(POOL_SHARES.c.pool).where(POOL_SHARES.c.ready > 0).distinct()
        return set(self._connection.scalars(query))

    def shares(self, pool: str) -> list[Share]:
        """Accounts that have work in a pool."""
        return self._shares.busy(pool)

    def claim(self, pool: str, share: Share, now: datetime) -> TaskRecord | None:
        """Take the account's next due task of an active job: highest priority first, then the oldest."""
        limited = (
            select(DISPATCH_LIMITS.c.kind)
            .where(DISPATCH_LIMITS.c.account_id == share.account_id, DISPATCH_LIMITS.c.until > now)
            .scalar_subquery()
        )
        wanted = select(JOBS.c.job_id).where(JOBS.c.job_id == TASKS.c.job_id, JOBS.c.state.in_(_ACTIVE))
        query = (
            select(TASKS)
            .where(
                TASKS.c.pool == pool,
                TASKS.c.account_id == share.account_id,
                TASKS.c.state == TaskState.READY.value,
                TASKS.c.not_before <= now,
                TASKS.c.kind.not_in(limited),
                wanted.exists(),
            )
            .order_by(TASKS.c.rank, TASKS.c.task_id)
            .limit(1)
            .with_for_update(skip_locked=True, of=TASKS)
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return _task(row) if row else None

    def charge(self, pool: str, share: Share) -> None:
        """Move the account's virtual time forward by one dispatch."""
        self._shares.charge(pool, share.account_id)

    def limit_dispatch(self, task: TaskRecord, limit_key: str, until: datetime) -> None:
        """Let no task of this account and kind be dispatched before ``until``."""
        keys = {"account_id": task.account_id, "kind": task.kind}
        values = {"limit_key": limit_key, "until": until}
        if not insert_if_absent(self._connection, DISPATCH_LIMITS, **keys, **values):
            self._connection.execute(
                update(DISPATCH_LIMITS)
                .where(and_(*(DISPATCH_LIMITS.c[name] == value for name, value in keys.items())))
                .values(**values)
            )

    # Attempts

    def open_attempt(self, task: TaskRecord, started: AttemptFact) -> None:
        """Record an execution; a second message about it changes nothing."""
        insert_if_absent(
            self._connection,
            ATTEMPTS,
            execution_id=started.execution_id,
            task_id=task.task_id,
            job_id=task.job_id,
            attempt=started.attempt,
            worker=started.worker,
            state="running",
            started_at=self._clock.now(),
            accepted=False,
        )

    def close_attempt(self, execution_id: str, state: str, **values: Any) -> None:
        """Record how an execution ended."""
        error = values.pop("error", None)
        self._connection.execute(
            update(ATTEMPTS)
            .where(ATTEMPTS.c.execution_id == execution_id)
            .values(
                state=state,
                ended_at=self._clock.now(),
                error=error.model_dump(mode="json") if error else None,
                **values,
            )
        )

    def lose_attempts(self, task: TaskRecord) -> None:
        """Record that the running executions of a task's attempt were lost."""
        self._connection.execute(
            update(ATTEMPTS)
            .where(ATTEMPTS.c.task_id == task.task_id, ATTEMPTS.c.state == "running")
            .values(state="lost", ended_at=self._clock.now())
        )

    def attempts(self, job_id: str) -> list[Mapping[str, Any]]:
        """All executions of a job, in order of start."""
        query = select(ATTEMPTS).where(ATTEMPTS.c.job_id == job_id).order_by(ATTEMPTS.c.started_at)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    # Messages

    def first_time(self, message_id: str) -> bool:
        """Whether this message was not handled before; remembers it."""
        return Inbox(INBOX).first_time(self._connection, _INBOX_CONSUMER, message_id)

    def publish(self, job: JobRecord, message: JobFact, *, traceparent: str | None = None) -> JobRecord:
        """Store a fact of a job under its next sequence number, and send it."""
        job = self.update_job(job, last_sequence=job.last_sequence + 1)
        envelope = enclose(
            message,
            source=SOURCE,
            account_id=job.account_id,
            job_id=job.job_id,
            sequence=job.last_sequence,
            subject=f"job/{job.job_id}",
            traceparent=traceparent,
            clock=self._clock,
        )
        self._connection.execute(
            insert(JOB_FACTS).values(
                job_id=job.job_id, sequence=job.last_sequence, envelope=envelope.model_dump_json(exclude_none=True)
            )
        )
        Outbox(OUTBOX).add(self._connection, fact(envelope, "orchestrator"))
        return job

    def facts(self, job_id: str, after_sequence: int, limit: int) -> list[Envelope]:
        """Stored facts of a job, by sequence."""
        query = (
            select(JOB_FACTS.c.envelope)
            .where(JOB_FACTS.c.job_id == job_id, JOB_FACTS.c.sequence > after_sequence)
            .order_by(JOB_FACTS.c.sequence)
            .limit(limit)
        )
        return [Envelope.model_validate_json(text) for text in self._connection.scalars(query)]

    def send(self, task: TaskRecord, message: TaskCommand) -> None:
        """Send a command to the worker pool of its kind."""
        envelope = enclose(
            message,
            source=SOURCE,
            account_id=task.account_id,
            job_id=task.job_id,
            subject=f"task/{task.task_id}",
            clock=self._clock,
        )
        Outbox(OUTBOX).add(self._connection, command(envelope, task.row.pool))

    def discard_commands(self) -> None:
        """Forget commands that the broker has lost; their tasks are dispatched anew."""
        Outbox(OUTBOX).discard(self._connection, exchange=COMMANDS_EXCHANGE)

    # Helpers of the public methods above

    def _insert_task(self, job: JobRecord, planned: PlannedTask) -> bool:
        now = self._clock.now()
        kind = KINDS[planned.kind]
        return insert_if_absent(
            self._connection,
            TASKS,
            task_id=new_id(),
            job_id=job.job_id,
            account_id=job.account_id,
            key=planned.key,
            kind=planned.kind,
            pool=kind.pool,
            stage=kind.stage.value,
            slide_id=planned.slide_id,
            slide_number=planned.slide_number,
            part=planned.part,
            priority=job.priority,
            rank=-job.priority,
            state=(TaskState.WAITING if planned.waits else TaskState.READY).value,
            reason="waits for other tasks" if planned.waits else ALL_THERE,
            attempt=0,
            attempts_used=0,
            not_before=now,
            arguments=planned.arguments,
            reused=False,
            created_at=now,
        )


def _job_values(job: JobRecord) -> dict[str, Any]:
    return {
        **{field.name: getattr(job, field.name) for field in fields(job)},
        "outline": job.outline.model_dump(mode="json"),
        "preview": job.preview.model_dump(mode="json") if job.preview else None,
        "state": job.state.value,
        "error": job.error.model_dump(mode="json") if job.error else None,
        "failed_stage": job.failed_stage.value if job.failed_stage else None,
        "files": [file.model_dump(mode="json") for file in job.files],
    }


def _job(row: RowMapping) -> JobRecord:
    values = dict(row)
    return JobRecord(
        **{
            **values,
            "outline": RevisionOutline.model_validate(values["outline"]),
            "preview": PreviewRequest.model_validate(values["preview"]) if values["preview"] else None,
            "state": JobState(values["state"]),
            "error": ErrorInfo.model_validate(values["error"]) if values["error"] else None,
            "failed_stage": Stage(values["failed_stage"]) if values["failed_stage"] else None,
            "files": tuple(RenderFile.model_validate(file) for file in values["files"] or ()),
        }
    )


def _task(row: RowMapping) -> TaskRecord:
    fields = TaskRecord.__dataclass_fields__
    values = {name: value for name, value in row.items() if name in fields}
    return TaskRecord(**{**values, "state": TaskState(values["state"])})
