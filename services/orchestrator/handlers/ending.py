"""How jobs end: each ending stores the reason, drops what was not started, and tells everybody."""

from __future__ import annotations

from services.orchestrator.domain.records import JobRecord, TaskRecord
from services.orchestrator.handlers.ports import Unit
from shared.contracts.attempts import ErrorInfo
from shared.contracts.jobs import JobCancelled, JobFailed, JobState, JobSucceeded, Stage, TaskFailed, TaskState
from shared.contracts.tasks import RenderFile

_NOT_STARTED = (TaskState.WAITING, TaskState.READY, TaskState.DISPATCHED)


def succeed_job(unit: Unit, job: JobRecord, files: tuple[RenderFile, ...]) -> None:
    """All that was asked for is stored."""
    what = "render" if job.preview is None else "preview"
    job = unit.change_job(job, JobState.SUCCEEDED, f"the {what} is stored", files=files)
    unit.publish(job, JobSucceeded(job_id=job.job_id, project_id=job.project_id, files=files))


def fail_job(unit: Unit, job: JobRecord, task: TaskRecord, error: ErrorInfo) -> None:
    """A task gave up: the job fails with its stage, slide, cause and remedy; everything made is kept."""
    if job.state.is_terminal:
        return
    failed = TaskFailed(
        job_id=job.job_id,
        project_id=job.project_id,
        task_id=task.task_id,
        stage=task.stage,
        slide_number=task.slide_number,
        attempt=task.attempt,
        error=error,
    )
    fail_job_at(unit, unit.publish(job, failed), task.stage, task.slide_number, error)


def fail_job_at(unit: Unit, job: JobRecord, stage: Stage, slide_number: int | None, error: ErrorInfo) -> None:
    """The job fails at a stage; what has not ended is dropped."""
    drop_tasks(unit, job, f"its job failed: {error.code}", running_too=True)
    job = unit.change_job(
        job, JobState.FAILED, error.message, error=error, failed_stage=stage, failed_slide=slide_number
    )
    unit.publish(
        job,
        JobFailed(
            job_id=job.job_id, project_id=job.project_id, stage=stage, slide_number=slide_number, error=error
        ),
    )


def end_if_cancelled(unit: Unit, job: JobRecord) -> JobRecord:
    """A job that is being stopped is cancelled when nothing of it runs any more."""
    if job.state is not JobState.CANCELLING:
        return job
    if any(not task.state.is_terminal for task in unit.tasks(job.job_id)):
        return job
    job = unit.change_job(job, JobState.CANCELLED, "stopped by its user")
    return unit.publish(job, JobCancelled(job_id=job.job_id, project_id=job.project_id))


def drop_tasks(unit: Unit, job: JobRecord, reason: str, *, running_too: bool) -> None:
    """Cancel the tasks of a job that have not ended; those that run only on request."""
    for task in unit.tasks(job.job_id):
        if task.state in _NOT_STARTED or (running_too and task.state is TaskState.RUNNING):
            unit.change_task(task, TaskState.CANCELLED, reason, lease_until=None)
