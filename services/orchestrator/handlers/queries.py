"""Read jobs: what their owners see, and everything that happened to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from services.orchestrator.domain.progress import percent, stage_progress
from services.orchestrator.domain.records import JobRecord, TaskRecord
from services.orchestrator.handlers.ports import Store, Unit
from shared.contracts.attempts import ErrorInfo
from shared.contracts.envelope import MAX_BODY_BYTES, Envelope
from shared.contracts.jobs import (
    AttemptView,
    FactList,
    JobExplanation,
    JobList,
    JobState,
    JobView,
    ListFacts,
    Stage,
    TaskView,
)
from shared.errors import NotFoundError

_STAGES = list(Stage)
_FACTS_BYTES = MAX_BODY_BYTES - 4 * 1024
"""Room for facts in one message; the rest is for the envelope around them, which has well under 2 KiB."""


class Queries:
    """Answers questions about jobs; changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, account_id: str, job_id: str) -> JobView:
        """One job.

        Raises:
            NotFoundError: No such job in this account.
        """
        with self._store.reading() as unit:
            return _view(unit, _owned(unit, account_id, job_id))

    def jobs(self, account_id: str, project_id: str | None, limit: int) -> JobList:
        """The newest jobs of an account."""
        with self._store.reading() as unit:
            return JobList(jobs=tuple(_view(unit, job) for job in unit.jobs(account_id, project_id, limit)))

    def explain(self, account_id: str, job_id: str) -> JobExplanation:
        """Every task and every attempt: worker, times, error."""
        with self._store.reading() as unit:
            job = _owned(unit, account_id, job_id)
            attempts: dict[str, list[AttemptView]] = defaultdict(list)
            for row in unit.attempts(job_id):
                attempts[row["task_id"]].append(_attempt_view(row))
            tasks = tuple(
                _task_view(task, tuple(attempts[task.task_id])) for task in sorted(unit.tasks(job_id), key=_place)
            )
            return JobExplanation(job=_view(unit, job), tasks=tasks)

    def facts(self, account_id: str, job_id: str, after_sequence: int, limit: int = 200) -> list[Envelope]:
        """Stored facts of a job after a sequence number."""
        with self._store.reading() as unit:
            _owned(unit, account_id, job_id)
            return unit.facts(job_id, after_sequence, limit)

    def fact_list(self, account_id: str, query: ListFacts) -> FactList:
        """Stored facts as one message can hold them, at least one if there is any; raises like `get`."""
        with self._store.reading() as unit:
            job = _owned(unit, account_id, query.job_id)
            facts = unit.facts(query.job_id, query.after_sequence, query.limit)
        return FactList(facts=_fitting(facts), last_sequence=job.last_sequence)


def _owned(unit: Unit, account_id: str, job_id: str) -> JobRecord:
    job = unit.job(job_id, account_id)
    if job is None:
        raise NotFoundError(f"there is no job {job_id}; `studio jobs` lists yours")
    return job


def _fitting(facts: list[Envelope]) -> tuple[Envelope, ...]:
    """The first facts that fit one message together."""
    ends = accumulate(len(fact.model_dump_json().encode()) + len(",") for fact in facts)
    return tuple(
        fact
        for number, (fact, end) in enumerate(zip(facts, ends, strict=True))
        if not number or end <= _FACTS_BYTES
    )


def _view(unit: Unit, job: JobRecord) -> JobView:
    stages = stage_progress(job, unit.stage_counts(job.job_id))
    return JobView(
        job_id=job.job_id,
        project_id=job.project_id,
        revision_id=job.revision_id,
        state=job.state,
        reason=job.reason,
        created_at=job.created_at,
        ended_at=job.ended_at,
        percent=100 if job.state is JobState.SUCCEEDED else percent(stages),
        stages=stages,
        last_sequence=job.last_sequence,
        preview=job.preview,
        resumes=job.resumes,
        error=job.error,
        failed_stage=job.failed_stage,
        failed_slide=job.failed_slide,
        files=job.files,
    )


def _place(task: TaskRecord) -> tuple[int, int, int]:
    """Stages in order, slides in order."""
    return (_STAGES.index(task.stage), task.slide_number or 0, task.part)


def _task_view(task: TaskRecord, attempts: tuple[AttemptView, ...]) -> TaskView:
    return TaskView(
        task_id=task.task_id,
        kind=task.kind,
        stage=task.stage,
        slide_number=task.slide_number,
        state=task.state,
        reason=task.reason,
        reused=task.reused,
        attempts=attempts,
    )


def _attempt_view(row: Mapping[str, Any]) -> AttemptView:
    return AttemptView(
        attempt=row["attempt"],
        execution_id=row["execution_id"],
        worker=row["worker"],
        state=row["state"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        duration_ms=row["duration_ms"],
        error=ErrorInfo.model_validate(row["error"]) if row["error"] else None,
        accepted=row["accepted"],
    )
