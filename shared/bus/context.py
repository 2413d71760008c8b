"""What a handler is told about the work in hand, free of any framework."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.envelope import Envelope
from shared.errors import TaskCancelledError
from shared.ids import AccountId, ExecutionId, JobId


@dataclass(frozen=True, kw_only=True)
class TaskContext:
    """One execution of one attempt.

    Attributes:
        execution_id: New for every execution, also for a second one of the same attempt.
        deadline: Time (UTC) after which the execution is ended and reported as failed.
        cancelled: Set when the job is cancelled or the process must stop; wait on it instead of sleeping.
        report_progress: Takes done and total; may be called often, it is throttled and may be lost.
    """

    account_id: AccountId
    job_id: JobId
    execution_id: ExecutionId
    envelope: Envelope
    deadline: datetime
    report_progress: Callable[[int, int], None]
    cancelled: threading.Event = field(default_factory=threading.Event)

    def progress(self, done: int, total: int) -> None:
        """Say how far the work is; keeps the lease alive. Call it at least every few seconds."""
        self.report_progress(done, total)

    def raise_if_cancelled(self) -> None:
        """Leave the work if it is no longer wanted.

        Raises:
            TaskCancelledError: The job was cancelled or the process must stop.
        """
        if self.cancelled.is_set():
            raise TaskCancelledError


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who makes a remote call.

    Attributes:
        account_id: The account, as the trusted edge states it; empty in anonymous calls.
        deadline: When he stops waiting, as ``time.monotonic()`` tells it here; infinite if he does not say.
        signer: The service that signed the call; None for calls that need no signature.
    """

    account_id: AccountId
    envelope: Envelope
    deadline: float = math.inf
    signer: str | None = None

    def seconds_left(self) -> float:
        """How long he still waits; not positive when he has given up, infinite if he does not say."""
        return self.deadline - time.monotonic()
