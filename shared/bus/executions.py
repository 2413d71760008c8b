"""The executions that run in this process, so that a cancelled job reaches them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.bus.context import TaskContext
from shared.contracts.tasks import TaskCommand
from shared.ids import JobId

REMEMBERED_JOBS = 1000
"""Cancelled jobs kept in mind for commands that come late."""


@dataclass(kw_only=True)
class Execution:
    """One command being carried out.

    Attributes:
        done, total: How far it is, as it last said.
        abandoned: The process could wait no longer; whatever it raises now, the message goes back.
    """

    command: TaskCommand
    context: TaskContext
    done: int = 0
    total: int = 1
    abandoned: bool = False


class Executions:
    """What runs now, and which jobs were cancelled lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_id: dict[str, Execution] = {}
        self._cancelled: OrderedDict[JobId, None] = OrderedDict()

    @contextmanager
    def running(self, execution: Execution) -> Iterator[None]:
        """Know the execution while the block runs; one of a cancelled job is told at once."""
        execution_id = execution.context.execution_id
        with self._lock:
            self._by_id[execution_id] = execution
            if execution.context.job_id in self._cancelled:
                execution.context.cancelled.set()
        try:
            yield
        finally:
            with self._lock:
                del self._by_id[execution_id]

    def cancel_job(self, job_id: JobId) -> int:
        """Tell the executions of a job, and those that still come, to stop; returns how many run now."""
        with self._lock:
            self._cancelled[job_id] = None
            while len(self._cancelled) > REMEMBERED_JOBS:
                self._cancelled.popitem(last=False)
            affected = [e for e in self._by_id.values() if e.context.job_id == job_id]
        for execution in affected:
            execution.context.cancelled.set()
        return len(affected)

    def abandon_all(self) -> int:
        """End whatever runs because the process must stop; returns how many."""
        executions = self.snapshot()
        for execution in executions:
            execution.abandoned = True
            execution.context.cancelled.set()
        return len(executions)

    def snapshot(self) -> list[Execution]:
        """Those that run now."""
        with self._lock:
            return list(self._by_id.values())
