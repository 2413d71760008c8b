"""Find work whose worker is gone: lapsed leases, and everything that was under way when the process stopped."""

from __future__ import annotations

from datetime import timedelta

from services.orchestrator.handlers.advance import Advance
from services.orchestrator.handlers.attempts import RecordAttempts
from services.orchestrator.handlers.ending import drop_tasks, end_if_cancelled
from services.orchestrator.handlers.ports import Store, Unit
from shared.clock import Clock
from shared.contracts.jobs import JobState, TaskState

_LIMIT = 200
INTERRUPTED = "the process that worked on it stopped"


class Recover:
    """Gives lost work to another worker.

    Only the silence of a worker that could have been heard counts. After a start, while the broker is away, after
    it came back, and after this process could not look for a while (the database was away, the machine slept),
    nothing is reaped for one lease: reports may be on their way.
    """

    def __init__(
        self, store: Store, attempts: RecordAttempts, advance: Advance, clock: Clock, *, lease: timedelta
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._advance = advance
        self._clock = clock
        self._lease = lease
        self._quiet_until = self._looked_at = clock.now()
        self._deaf_to: set[str] = set()

    def wait_one_lease(self) -> None:
        """Start the quiet time."""
        self._quiet_until = self._clock.now() + self._lease

    def connection_lost(self, queue: str) -> None:
        """Reports in a queue cannot be heard any more: nobody is reaped until they can."""
        self._deaf_to.add(queue)

    def connection_back(self, queue: str) -> None:
        """Reports in a queue can be heard again; workers get time to connect and report, too."""
        self._deaf_to.discard(queue)
        self.wait_one_lease()

    def reap(self) -> int:
        """Count running attempts with a lapsed lease as lost; returns how many there were.

        To be called several times per lease: a longer pause means that nobody could be heard.
        """
        now = self._clock.now()
        with self._store.reading() as unit:
            lapsed = unit.lapsed_tasks(now, _LIMIT)
        if now - self._looked_at > self._lease / 2:
            self.wait_one_lease()
        self._looked_at = now
        if self._deaf_to or now < self._quiet_until:
            return 0
        for task in lapsed:
            self._attempts.lose(task.task_id, task.attempt)
        return len(lapsed)

    def restart_everything(self) -> None:
        """The broker lost its messages and all workers died with it: dispatch anew what was under way.

        Jobs that are being stopped end. Uses no attempt, and the next dispatch has a new number, so that a late
        report of the old one is stale.
        """
        with self._store.transaction() as unit:
            unit.discard_commands()
            for job_id in unit.active_job_ids():
                _restart(unit, job_id)

    def advance_all(self) -> None:
        """Bring every active job's plan up to date: the process may have stopped before it did."""
        with self._store.reading() as unit:
            active = unit.active_job_ids()
        for job_id in active:
            self._advance.advance(job_id)


def _restart(unit: Unit, job_id: str) -> None:
    job = unit.job(job_id)
    if job is None or job.state.is_terminal:
        return
    if job.state is JobState.CANCELLING:
        drop_tasks(unit, job, INTERRUPTED, running_too=True)
        end_if_cancelled(unit, job)
        return
    for task in unit.tasks(job_id):
        if task.state in (TaskState.DISPATCHED, TaskState.RUNNING):
            unit.lose_attempts(task)
            unit.change_task(task, TaskState.READY, INTERRUPTED, lease_until=None)
