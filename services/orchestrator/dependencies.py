"""Wires the orchestrator: which store, which clock, which outlines, and the loops that keep jobs going."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from services.orchestrator.domain.kinds import KINDS
from services.orchestrator.handlers.advance import Advance
from services.orchestrator.handlers.attempts import RecordAttempts
from services.orchestrator.handlers.cancel import Cancel
from services.orchestrator.handlers.dispatch import Dispatch
from services.orchestrator.handlers.ports import Outlines
from services.orchestrator.handlers.queries import Queries
from services.orchestrator.handlers.recover import Recover
from services.orchestrator.handlers.submit import Submit
from services.orchestrator.objects import StoredObjects
from services.orchestrator.store import JobStore
from services.orchestrator.tables import INBOX, OUTBOX
from shared.bus.context import Caller
from shared.bus.inbox import Inbox
from shared.bus.outbox import DURABLE, Outbox
from shared.bus.relay import Publish, Relay
from shared.clock import SystemClock
from shared.config import Settings
from shared.contracts.envelope import Envelope, read
from shared.contracts.jobs import JobView, ResumeJob, SubmitJob
from shared.contracts.tasks import TaskCommand
from shared.db import Database, open_service_database
from shared.errors import UnknownTypeError
from shared.loop import Loop
from shared.migrate import migrate
from shared.storage.configured import open_configured_store

SERVICE = "orchestrator"
DISPATCH_INTERVAL_S = 1.0
"""A job stored by another process waits this long at most; submits and reports in this one nudge."""


class JobDesk:
    """The use cases that a client needs, in any process that can reach the database."""

    def __init__(self, database: Database, outlines: Outlines) -> None:
        clock = SystemClock()
        store = JobStore(database, clock)
        submit = Submit(store, outlines, clock)
        self.submit = submit.submit
        self.resume = submit.resume
        self.cancel = Cancel(store).cancel
        self.queries = Queries(store)


class Orchestrator:
    """The service's use cases and loops.

    Args:
        outlines: Makes what asks for outlines on behalf of a caller; takes how many seconds he still waits.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        publish: Publish,
        epoch: str,
        outlines: Callable[[Callable[[], float]], Outlines],
    ) -> None:
        clock = SystemClock()
        lease = timedelta(seconds=settings.lease_s)
        self._database = open_service_database(settings, SERVICE)
        self._epoch = epoch
        migrate(self._database, SERVICE)
        store = JobStore(self._database, clock)
        self._attempts = RecordAttempts(store, clock, lease=lease, jitter=random.random)
        self._advance = Advance(store, StoredObjects(open_configured_store(settings)))
        self._recover = Recover(store, self._attempts, self._advance, clock, lease=lease)
        self.connection_lost = self._recover.connection_lost
        self.connection_back = self._recover.connection_back
        self._dispatch = Dispatch(store, clock)
        self._dispatching = Loop("dispatch", self._plan_and_dispatch, interval_s=DISPATCH_INTERVAL_S)
        self._reaping = Loop("reap", self._recover.reap, interval_s=settings.lease_s / 4)
        self.relay = Relay(self._database, Outbox(OUTBOX), publish, epoch, Inbox(INBOX))
        self._outlines = outlines
        self._cancel = Cancel(store)
        self.queries = Queries(store)

    def start(self) -> None:
        """Pick up what was under way, then keep going."""
        if self._epoch != DURABLE:
            self._recover.restart_everything()
        self._recover.wait_one_lease()
        self._recover.advance_all()
        for part in (self.relay, self._dispatching, self._reaping):
            part.start()

    def stop(self) -> None:
        """End the loops; what is stored goes on with the next start."""
        self._dispatching.stop()
        self._reaping.stop()
        self.relay.stop()
        self._database.close()

    def submit(self, caller: Caller, request: SubmitJob) -> JobView:
        """Start a job; see `Submit.submit`."""
        return self._started(caller, self._desk(caller).submit(caller.account_id, request))

    def resume(self, caller: Caller, request: ResumeJob) -> JobView:
        """Go on with an ended job; see `Submit.resume`."""
        return self._started(caller, self._desk(caller).resume(caller.account_id, request))

    def cancel(self, account_id: str, job_id: str) -> JobView:
        """Stop a job; see `Cancel.cancel`."""
        self._cancel.cancel(account_id, job_id)
        return self.queries.get(account_id, job_id)

    def record(self, envelope: Envelope) -> None:
        """Take in a report of a worker, and plan and dispatch what it made possible."""
        job_id = self._attempts.record(envelope)
        if job_id is not None:
            self._advance.advance(job_id)
        self._dispatching.nudge()

    def record_progress(self, envelope: Envelope) -> None:
        """Take in that a worker is still at work."""
        self._attempts.record(envelope)

    def record_dead(self, envelope: Envelope) -> None:
        """Take in that a command could not be handled."""
        command = _command(envelope)
        self._attempts.fail_undeliverable(command.task_id, command.attempt)
        self._dispatching.nudge()

    def _plan_and_dispatch(self) -> int:
        self._advance.advance_unplanned()
        return self._dispatch.dispatch()

    def _desk(self, caller: Caller) -> JobDesk:
        return JobDesk(self._database, self._outlines(caller.seconds_left))

    def _started(self, caller: Caller, job_id: str) -> JobView:
        self._dispatching.nudge()
        return self.queries.get(caller.account_id, job_id)


def _command(envelope: Envelope) -> TaskCommand:
    """The command, as far as all have the same fields."""
    kind = KINDS.get(envelope.type)
    if kind is None:
        raise UnknownTypeError(f"{envelope.type} is no command of a pool")
    return read(envelope, kind.command)
