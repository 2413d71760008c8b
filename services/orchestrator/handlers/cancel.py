"""Stop a job: what has not started is dropped at once, what runs is told to stop."""

from __future__ import annotations

from services.orchestrator.handlers.ending import drop_tasks, end_if_cancelled
from services.orchestrator.handlers.ports import Store
from shared.contracts.jobs import JobCancelling, JobState
from shared.errors import NotFoundError

_REASON = "stopped by its user"


class Cancel:
    """Stops jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def cancel(self, account_id: str, job_id: str, *, nothing_runs: bool = False) -> JobState:
        """Stop a job; stopping an ended job changes nothing.

        Args:
            nothing_runs: The caller knows that no worker is alive, so the job ends at once.
        Returns:
            The state after the call.
        Raises:
            NotFoundError: No such job in this account.
        """
        with self._store.transaction() as unit:
            job = unit.job(job_id, account_id)
            if job is None:
                raise NotFoundError(f"there is no job {job_id}; `studio jobs` lists yours")
            if job.state.is_terminal:
                return job.state
            if job.state is not JobState.CANCELLING:
                job = unit.change_job(job, JobState.CANCELLING, _REASON)
                job = unit.publish(job, JobCancelling(job_id=job.job_id, project_id=job.project_id))
            drop_tasks(unit, job, _REASON, running_too=nothing_runs)
            return end_if_cancelled(unit, job).state
