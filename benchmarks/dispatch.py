"""What a claim costs when much is waiting: 100,000 ready tasks against 100, in one run.

``python -m benchmarks.dispatch``: prints the median time of one dispatch of two commands, ends with status 1 if the
long queue costs more than 1.5 times the short one. SQLite, one account with all but a few of the tasks.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert

from services.orchestrator.handlers.dispatch import Dispatch
from services.orchestrator.store import JobStore
from services.orchestrator.tables import POOL_SHARES, TASKS
from shared.clock import SystemClock
from shared.contracts.jobs import TaskState
from shared.contracts.tasks import GenerateImage
from shared.db import open_database
from shared.ids import new_id
from shared.migrate import migrate

WARM_UP = 5
ROUNDS = 40
PROMISED_RATIO = 1.5
POOL = "content-media"


def main() -> int:
    """Measure both queues; returns the exit status."""
    short, long = measured(100), measured(100_000)
    ratio = long / short
    print(f"dispatch of 2 commands: {short * 1000:.2f} ms with 100 ready tasks")
    print(f"dispatch of 2 commands: {long * 1000:.2f} ms with 100,000 ready tasks")
    print(
        f"ratio {ratio:.2f}, promised at most {PROMISED_RATIO}: {'kept' if ratio <= PROMISED_RATIO else 'MISSED'}"
    )
    return 0 if ratio <= PROMISED_RATIO else 1


def measured(ready: int) -> float:
    """Median seconds of one dispatch."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}"
        filled = open_database(url, schema="orchestrator")
        migrate(filled, "orchestrator")
        fill(filled, ready)
        filled.close()  # moves what was filled out of the write-ahead log
        database = open_database(url, schema="orchestrator")
        store = JobStore(database, SystemClock())
        dispatch = Dispatch(store, SystemClock())
        times = [one_round(store, dispatch) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
        database.close()
        return statistics.median(times)


def one_round(store: JobStore, dispatch: Dispatch) -> float:
    """Seconds of one dispatch; its tasks run and end outside the measured time."""
    began = time.perf_counter()
    sent = dispatch.dispatch()
    took = time.perf_counter() - began
    if sent != 2:
        raise RuntimeError(f"{sent} commands were sent instead of 2")
    with store.transaction() as unit:
        for task in unit.tasks_in(TaskState.DISPATCHED):
            unit.change_task(task, TaskState.SUCCEEDED, "benchmark")
    return took


def fill(database, ready: int) -> None:
    """Store ready tasks: nine accounts with a tenth of a hundred each, one with all the rest."""
    accounts = [f"small-{n}" for n in range(9)] + ["flood"]
    counts = dict.fromkeys(accounts, 10)
    counts["flood"] = ready - 90
    now = SystemClock().now()
    with database.transaction() as connection:
        for account, count in counts.items():
            connection.execute(
                insert(POOL_SHARES).values(
                    pool=POOL,
                    account_id=account,
                    ready=count,
                    dispatched=0,
                    running=0,
                    weight=1.0,
                    virtual_time=0.0,
                )
            )
            rows = [task_row(account, now) for _ in range(count)]
            connection.execute(insert(TASKS), rows)


def task_row(account: str, now) -> dict:
    return {
        "task_id": new_id(),
        "job_id": new_id(),
        "account_id": account,
        "key": "image/x",
        "kind": GenerateImage.type,
        "pool": POOL,
        "stage": "images",
        "part": 0,
        "priority": 0,
        "rank": 0,
        "state": "ready",
        "reason": "benchmark",
        "attempt": 0,
        "attempts_used": 0,
        "not_before": now,
        "arguments": {"project_id": "p", "revision_id": "r", "slide_id": "s"},
        "reused": False,
        "created_at": now,
    }


if __name__ == "__main__":
    sys.exit(main())
