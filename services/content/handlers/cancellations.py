"""Remember cancelled jobs, so that a command that comes late is never performed and never paid for."""

from __future__ import annotations

from services.content.handlers.ports import Store
from shared.contracts.envelope import Envelope, read
from shared.contracts.jobs import JobCancelling
from shared.errors import TaskCancelledError


class Cancellations:
    """The durable memory of cancelled jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def remember(self, envelope: Envelope) -> None:
        """A job is being cancelled; hearing it twice changes nothing."""
        job_id = read(envelope, JobCancelling).job_id
        with self._store.transaction() as unit:
            unit.remember_cancelled(job_id)

    def check(self, job_id: str) -> None:
        """Refuse work for a cancelled job.

        Raises:
            TaskCancelledError: The job was cancelled.
        """
        with self._store.reading() as unit:
            if unit.is_cancelled(job_id):
                raise TaskCancelledError(f"job {job_id} was cancelled")
