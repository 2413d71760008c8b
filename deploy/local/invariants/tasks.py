"""Every task has ended, with one accepted result if it succeeded; nobody holds it or is charged for it now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from services.orchestrator.tables import ATTEMPTS, JOBS, POOL_SHARES, TASKS
from shared.contracts.jobs import JobState, TaskState

_COUNTED = ("ready", "dispatched", "running")
_ENDED = [state.value for state in TaskState if state.is_terminal]


def task_violations(connection: Connection) -> Iterator[str]:
    """Tasks that have not ended, hold a lease, or have not exactly the accepted results they should have."""
    accepted: dict[str, list[Row[Any]]] = defaultdict(list)
    for attempt in connection.execute(select(ATTEMPTS).where(ATTEMPTS.c.accepted.is_(True))):
        accepted[attempt.task_id].append(attempt)
    query = (
        select(TASKS, JOBS.c.state.label("job_state"))
        .outerjoin(JOBS, JOBS.c.job_id == TASKS.c.job_id)
        .order_by(TASKS.c.task_id)
    )
    for task in connection.execute(query):
        yield from _not_ended(task)
        yield from _wrong_results(task, accepted.pop(task.task_id, []))
    for task_id in accepted:
        yield f"a result of task {task_id} was accepted, which does not exist"


def execution_violations(connection: Connection) -> Iterator[str]:
    """Executions that count as running although their task has ended."""
    query = (
        select(ATTEMPTS.c.execution_id, ATTEMPTS.c.worker, TASKS.c.task_id, TASKS.c.state)
        .join(TASKS, TASKS.c.task_id == ATTEMPTS.c.task_id)
        .where(ATTEMPTS.c.state == "running", TASKS.c.state.in_(_ENDED))
    )
    for row in connection.execute(query):
        yield f"execution {row.execution_id} on {row.worker} still runs, yet task {row.task_id} is {row.state}"


def share_violations(connection: Connection) -> Iterator[str]:
    """Shares of accounts in pools whose counts are not those of their tasks."""
    counted: Counter[tuple[str, str, str]] = Counter()
    query = select(TASKS.c.pool, TASKS.c.account_id, TASKS.c.state, func.count())
    for pool, account, state, count in connection.execute(
        query.where(TASKS.c.state.in_(_COUNTED)).group_by(TASKS.c.pool, TASKS.c.account_id, TASKS.c.state)
    ):
        counted[pool, account, state] = count
    for share in connection.execute(select(POOL_SHARES)).mappings():
        for state in _COUNTED:
            tasks = counted.pop((share["pool"], share["account_id"], state), 0)
            if share[state] != tasks:
                yield (
                    f"the share of {share['account_id']} in {share['pool']} counts {share[state]} {state} tasks,"
                    f" there are {tasks}"
                )
    for (pool, account, state), tasks in counted.items():
        yield f"{account} has no share in {pool}, yet {tasks} {state} tasks"


def _not_ended(task: Row[Any]) -> Iterator[str]:
    name = f"task {task.task_id} ({task.key} of job {task.job_id})"
    if task.job_state is None:
        yield f"{name} belongs to a job that does not exist"
    if not TaskState(task.state).is_terminal:
        yield f"{name} has not ended: it is {task.state} ({task.reason})"
    elif task.job_state == JobState.SUCCEEDED.value and task.state != TaskState.SUCCEEDED.value:
        yield f"{name} is {task.state}, yet its job succeeded"
    if task.lease_until is not None:
        yield f"{name} still holds a lease until {task.lease_until}"


def _wrong_results(task: Row[Any], accepted: Sequence[Row[Any]]) -> Iterator[str]:
    name = f"task {task.task_id} ({task.key} of job {task.job_id})"
    if task.state != TaskState.SUCCEEDED.value:
        if accepted:
            yield f"{name} is {task.state}, yet {len(accepted)} of its results were accepted"
        return
    if len(accepted) != 1:
        yield f"{name} succeeded with {len(accepted)} accepted results, not one"
    for attempt in accepted:
        if attempt.state != "succeeded" or attempt.attempt != task.attempt:
            yield (
                f"{name} accepted execution {attempt.execution_id}, which is {attempt.state} and of attempt"
                f" {attempt.attempt}; its newest attempt is {task.attempt}"
            )
    if task.result is None:
        yield f"{name} succeeded without a result"
