"""Jobs and tasks as the rules see them: immutable snapshots of what is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.orchestrator.domain.kinds import KINDS, TaskKind
from shared.contracts.attempts import ErrorInfo
from shared.contracts.jobs import JobState, PreviewRequest, Stage, TaskState
from shared.contracts.revisions import RevisionOutline
from shared.contracts.tasks import RESULTS, RenderFile, TaskResult


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """One job. ``reason`` says in words why it is in its state; with ``preview`` it draws that and no video."""

    job_id: str
    account_id: str
    project_id: str
    revision_id: str
    outline: RevisionOutline
    state: JobState
    reason: str
    priority: int
    idempotency_key: str
    request_digest: str
    created_at: datetime
    preview: PreviewRequest | None = None
    resumes: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progressed_at: datetime | None = None
    last_sequence: int = 0
    error: ErrorInfo | None = None
    failed_stage: Stage | None = None
    failed_slide: int | None = None
    files: tuple[RenderFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """One task.

    ``attempt`` is the number of the newest attempt, 0 before the first. ``attempts_used`` counts only those that
    failed or were lost while running.
    """

    task_id: str
    job_id: str
    account_id: str
    key: str
    kind: str
    state: TaskState
    reason: str
    priority: int
    not_before: datetime
    arguments: dict[str, Any] = field(repr=False)
    slide_id: str | None = None
    slide_number: int | None = None
    part: int = 0
    attempt: int = 0
    attempts_used: int = 0
    lease_until: datetime | None = None
    result: dict[str, Any] | None = field(default=None, repr=False)
    reused: bool = False

    @property
    def row(self) -> TaskKind:
        """Its row in the table of kinds."""
        return KINDS[self.kind]

    @property
    def stage(self) -> Stage:
        return self.row.stage

    def read_result(self) -> TaskResult:
        """The accepted result, as the kind's result class."""
        return RESULTS[self.kind].model_validate(self.result)
