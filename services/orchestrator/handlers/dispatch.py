"""Hand ready tasks to the worker pools: a short window on the broker, shared fairly between accounts."""

from __future__ import annotations

from services.orchestrator.domain.kinds import POOLS
from services.orchestrator.domain.records import TaskRecord
from services.orchestrator.domain.share import order_of_turns, window
from services.orchestrator.handlers.ports import Store, Unit
from shared.clock import Clock
from shared.contracts.jobs import TaskState

_BATCH = 16
"""Tasks handed over in one transaction at most; keeps transactions short."""


class Dispatch:
    """Moves tasks from ready to dispatched and sends their commands."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def dispatch(self) -> int:
        """Fill the windows of all pools; returns how many commands were sent."""
        with self._store.reading() as unit:
            ready = unit.pools_with_ready_tasks()
        return sum(self._fill(pool) for pool in POOLS if pool in ready)

    def _fill(self, pool: str) -> int:
        with self._store.transaction() as unit:
            sent = 0
            while sent < _BATCH and self._dispatch_next(unit, pool):
                sent += 1
            return sent

    def _dispatch_next(self, unit: Unit, pool: str) -> bool:
        shares = unit.shares(pool)
        running = sum(share.running for share in shares)
        dispatched = sum(share.dispatched for share in shares)
        if window(running, dispatched) == 0:
            return False
        for share in order_of_turns(shares):
            task = unit.claim(pool, share, self._clock.now())
            if task is not None:
                unit.charge(pool, share)
                self._send(unit, task)
                return True
        return False

    def _send(self, unit: Unit, task: TaskRecord) -> None:
        attempt = task.attempt + 1
        sent = unit.change_task(task, TaskState.DISPATCHED, "its command was sent", attempt=attempt)
        command = task.row.command.model_validate(
            {
                **task.arguments,
                "task_id": task.task_id,
                "attempt": attempt,
                "deadline_s": task.row.deadline_s,
            }
        )
        unit.send(sent, command)
