"""Two transactions at once; only PostgreSQL lets them overlap."""

from __future__ import annotations

import threading

from sqlalchemy import select

from services.orchestrator.tables import POOL_SHARES
from shared.contracts.jobs import JobState, TaskState


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


def somebody_waits(farm) -> bool:
    """Whether a transaction waits for a lock of another."""
    with farm.database.reading() as connection:
        return bool(connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar())
