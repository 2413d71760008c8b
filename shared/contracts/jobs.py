"""Facts about jobs and tasks, and the calls that submit, change and read jobs.

Only the orchestrator publishes ``job.*`` and ``task.*``. Their envelope carries a ``sequence`` that counts
the facts of one job from 1 without a gap: outsiders rely on it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from shared.contracts.attempts import ErrorInfo
from shared.contracts.envelope import Envelope
from shared.contracts.message import Fact, Query, Reply, Value
from shared.contracts.tasks import RenderFile


class JobState(StrEnum):
    """Where a job is. Terminal states never change."""

    QUEUED = "queued"  # stored, nothing started
    RUNNING = "running"  # at least one task has started
    CANCELLING = "cancelling"  # no new work; running work is being stopped
    SUCCEEDED = "succeeded"  # the render is stored
    FAILED = "failed"  # a task failed for good; what was made is kept
    CANCELLED = "cancelled"  # stopped by the user; what was made is kept

    @property
    def is_terminal(self) -> bool:
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class TaskState(StrEnum):
    """Where a task is. Terminal states never change."""

    WAITING = "waiting"  # a dependency has not succeeded
    READY = "ready"  # may be dispatched from its ``not_before`` on
    DISPATCHED = "dispatched"  # its command is on the bus; no worker has started
    RUNNING = "running"  # a worker holds the lease
    SUCCEEDED = "succeeded"  # one result was accepted
    FAILED = "failed"  # gave up
    CANCELLED = "cancelled"  # its job ended without it

    @property
    def is_terminal(self) -> bool:
        return self in (TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED)


class Stage(StrEnum):
    """The stages of a job as a person sees them, in order."""

    SCRIPT = "script"
    IMAGES = "images"
    VOICE = "voice"
    MUSIC = "music"
    RENDER = "render"
    AUDIO = "audio"
    ASSEMBLY = "assembly"


class StageProgress(Value):
    """How far one stage is: finished tasks, and those to be done."""

    stage: Stage
    done: int = Field(ge=0)
    total: int = Field(ge=0)


class JobFact(Fact):
    """What every fact of a job names."""

    job_id: str
    project_id: str


class JobQueued(JobFact):
    """A job was accepted and stored."""

    type = "job.queued.v1"
    revision_id: str
    resumes: str | None = None


class JobStarted(JobFact):
    """The first task of a job started."""

    type = "job.started.v1"


class JobProgressed(JobFact):
    """How far a job is; at most once a second."""

    type = "job.progressed.v1"
    stages: tuple[StageProgress, ...]
    percent: int = Field(ge=0, le=100)


class JobCancelling(JobFact):
    """A job is being stopped; workers drop its tasks."""

    type = "job.cancelling.v1"


class JobSucceeded(JobFact):
    """The render is stored."""

    type = "job.succeeded.v1"
    files: tuple[RenderFile, ...]


class JobFailed(JobFact):
    """A job failed for good; says where, why and what to do."""

    type = "job.failed.v1"
    stage: Stage
    slide_number: int | None = None
    error: ErrorInfo


class JobCancelled(JobFact):
    """A job was stopped by its user."""

    type = "job.cancelled.v1"


class TaskFact(JobFact):
    """What every fact of a task names."""

    task_id: str
    stage: Stage
    slide_number: int | None = None


class TaskStarted(TaskFact):
    """A worker started an attempt."""

    type = "task.started.v1"
    attempt: int = Field(ge=1)
    worker: str


class TaskRetried(TaskFact):
    """An attempt failed or was lost; another follows."""

    type = "task.retried.v1"
    attempt: int = Field(ge=1)
    error: ErrorInfo
    retry_at: datetime


class TaskSucceeded(TaskFact):
    """One result was accepted."""

    type = "task.succeeded.v1"
    attempt: int = Field(ge=1)
    reused: bool = False
    duration_ms: int = Field(ge=0)


class TaskFailed(TaskFact):
    """A task gave up."""

    type = "task.failed.v1"
    attempt: int = Field(ge=0)
    error: ErrorInfo


JOB_FACTS: tuple[type[JobFact], ...] = (
    JobQueued,
    JobStarted,
    JobProgressed,
    JobCancelling,
    JobSucceeded,
    JobFailed,
    JobCancelled,
    TaskStarted,
    TaskRetried,
    TaskSucceeded,
    TaskFailed,
)


class PreviewRequest(Value):
    """What to show of a video instead of rendering it: single frames, all slides on one sheet, or both."""

    at_ms: tuple[int, ...] = Field(default=(), max_length=20, description="Places in the video [ms]")
    contact_sheet: bool = False

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        if not self.at_ms and not self.contact_sheet:
            raise ValueError("give at least one place in at_ms, or ask for the contact sheet")
        if any(place < 0 for place in self.at_ms):
            raise ValueError("a place in the video counts from 0")
        return self


class SubmitJob(Query):
    """Start a job from a stored revision. The same key and request give the same job, once."""

    type = "orchestrator.submit_job.v1"
    project_id: str
    revision_id: str | None = Field(default=None, description="By default the newest revision")
    idempotency_key: str = Field(min_length=1, max_length=200)
    priority: int = Field(default=0, ge=-10, le=10)
    preview: PreviewRequest | None = Field(default=None, description="Draw this, and render no video")


class CancelJob(Query):
    """Stop a job. Stopping an ended job changes nothing and answers its state."""

    type = "orchestrator.cancel_job.v1"
    job_id: str


class ResumeJob(Query):
    """Start a new job from the revision of one that failed or was cancelled; reuses all that was made."""

    type = "orchestrator.resume_job.v1"
    job_id: str
    idempotency_key: str = Field(min_length=1, max_length=200)


class GetJob(Query):
    """Read one job."""

    type = "orchestrator.get_job.v1"
    job_id: str


class ListJobs(Query):
    """Read the newest jobs of the account."""

    type = "orchestrator.list_jobs.v1"
    project_id: str | None = None
    limit: int = Field(default=50, ge=1, le=500)


class ListFacts(Query):
    """Read the stored facts of a job, in order."""

    type = "orchestrator.list_facts.v1"
    job_id: str
    after_sequence: int = Field(default=0, ge=0)
    limit: int = Field(default=100, ge=1, le=200)


class FactList(Reply):
    """Facts of a job in the order of their sequence; fewer than asked for when they would not fit one message."""

    type = "orchestrator.fact_list.v1"
    facts: tuple[Envelope, ...]
    last_sequence: int = Field(ge=0, description="Of the job's newest fact")


class JobView(Reply):
    """One job as its owner sees it."""

    type = "orchestrator.job_view.v1"
    job_id: str
    project_id: str
    revision_id: str
    state: JobState
    reason: str
    created_at: datetime
    ended_at: datetime | None = None
    percent: int = Field(ge=0, le=100)
    stages: tuple[StageProgress, ...] = ()
    last_sequence: int = Field(ge=0)
    preview: PreviewRequest | None = None
    resumes: str | None = None
    error: ErrorInfo | None = None
    failed_stage: Stage | None = None
    failed_slide: int | None = None
    files: tuple[RenderFile, ...] = ()


class JobList(Reply):
    """Jobs, newest first."""

    type = "orchestrator.job_list.v1"
    jobs: tuple[JobView, ...]


class ExplainJob(Query):
    """Read everything that happened to a job."""

    type = "orchestrator.explain_job.v1"
    job_id: str


class AttemptView(Value):
    """One execution of one attempt."""

    attempt: int
    execution_id: str
    worker: str
    state: str
    started_at: datetime
    ended_at: datetime | None = None
    duration_ms: int | None = None
    error: ErrorInfo | None = None
    accepted: bool = False


class TaskView(Value):
    """One task with all its attempts."""

    task_id: str
    kind: str
    stage: Stage
    slide_number: int | None = None
    state: TaskState
    reason: str
    reused: bool = False
    attempts: tuple[AttemptView, ...] = ()


class JobExplanation(Reply):
    """A job and all its attempts: worker, times, error."""

    type = "orchestrator.job_explanation.v1"
    job: JobView
    tasks: tuple[TaskView, ...]
