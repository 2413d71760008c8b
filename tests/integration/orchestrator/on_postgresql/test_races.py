"""Two transactions at once; only PostgreSQL lets them overlap."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select

from services.orchestrator.tables import POOL_SHARES, TASKS
from shared.contracts.jobs import JobState, TaskState
from shared.errors import InfrastructureError


def test_a_task_dispatched_while_its_job_is_cancelled_is_counted_once(farm, eventually) -> None:
    job_id = farm.job(slides=1)
    cancelling = threading.Thread(target=farm.cancel.cancel, args=("acc", job_id))
    with farm.store.transaction() as dispatching:
        (share,) = dispatching.shares("content-media")
        task = dispatching.claim("content-media", share, farm.clock.now())
        dispatching.change_task(task, TaskState.DISPATCHED, "its command was sent", attempt=1)
        cancelling.start()
        eventually(lambda: somebody_waits(farm))
    cancelling.join(30)
    assert farm.state(job_id) is JobState.CANCELLED
    with farm.database.reading() as connection:
        columns = (POOL_SHARES.c.ready, POOL_SHARES.c.dispatched, POOL_SHARES.c.running)
        assert set(connection.execute(select(*columns))) == {(0, 0, 0)}


@pytest.mark.timeout(60)
def test_cancels_reports_and_dispatch_never_wait_for_each_other_for_ever(farm) -> None:
    jobs = [farm.job(slides=6) for _ in range(40)]
    commands: queue.Queue = queue.Queue()
    over, conflicts = threading.Event(), []

    def repeat(step: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            while not over.is_set():
                try:
                    step()
                except InfrastructureError as error:
                    conflicts.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def dispatch() -> None:
        for pair in farm.commands():
            commands.put(pair)

    def report() -> None:
        try:
            envelope, command = commands.get(timeout=0.05)
        except queue.Empty:
            return
        if command.task_id[-1] in "0123":
            farm.fail(envelope, command, retryable=False)
        else:
            farm.succeed(envelope, command)

    threads = [repeat(step) for step in (dispatch, report, report, report, report)]
    try:
        for job_id in jobs[::2]:
            try:
                farm.cancel.cancel("acc", job_id)
            except InfrastructureError as error:
                conflicts.append(error)
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert conflicts == []
    assert all(
        farm.state(job_id) in (JobState.CANCELLED, JobState.CANCELLING, JobState.FAILED) for job_id in jobs[::2]
    )
    assert counted(farm) == stored(farm)


def counted(farm) -> dict[str, tuple[int, ...]]:
    """Pool to what the shares say of ready, dispatched and running tasks."""
    columns = (POOL_SHARES.c.pool, POOL_SHARES.c.ready, POOL_SHARES.c.dispatched, POOL_SHARES.c.running)
    with farm.database.reading() as connection:
        return {pool: tuple(counts) for pool, *counts in connection.execute(select(*columns))}


def stored(farm) -> dict[str, tuple[int, ...]]:
    """The same, as the tasks themselves say."""
    with farm.database.reading() as connection:
        rows = connection.execute(select(TASKS.c.pool, TASKS.c.state)).all()
    states = (TaskState.READY, TaskState.DISPATCHED, TaskState.RUNNING)
    return {
        pool: tuple(sum(row == (pool, state.value) for row in rows) for state in states)
        for pool in {pool for pool, _ in rows if pool in counted(farm)}
    }


def somebody_waits(farm) -> bool:
    """Whether a transaction waits for a lock of another."""
    with farm.database.reading() as connection:
        return bool(connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar())
