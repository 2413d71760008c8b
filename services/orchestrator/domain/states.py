"""The two state tables, and the one function that decides whether a change is legal."""

from __future__ import annotations

from typing import TypeVar

from shared.contracts.jobs import JobState, TaskState
from shared.errors import StudiomaticError

State = TypeVar("State", JobState, TaskState)

JOB_TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLING, JobState.FAILED}),
    JobState.RUNNING: frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLING}),
    JobState.CANCELLING: frozenset({JobState.CANCELLED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}

TASK_TRANSITIONS: dict[TaskState, frozenset[TaskState]] = {
    TaskState.WAITING: frozenset({TaskState.READY, TaskState.CANCELLED}),
    TaskState.READY: frozenset({TaskState.DISPATCHED, TaskState.CANCELLED}),
    # A result may overtake the news that its attempt started, hence dispatched -> succeeded and -> failed.
    TaskState.DISPATCHED: frozenset(
        {TaskState.RUNNING, TaskState.READY, TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED}
    ),
    TaskState.RUNNING: frozenset({TaskState.READY, TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED}),
    TaskState.SUCCEEDED: frozenset(),
    TaskState.FAILED: frozenset(),
    TaskState.CANCELLED: frozenset(),
}


class IllegalTransitionError(StudiomaticError):
    """A state change that its table does not allow; a bug or a lost race."""

    code = "orchestrator.illegal_transition"


def transition(current: State, target: State) -> State:
    """The state after a change.

    Raises:
        IllegalTransitionError: The table does not allow it; terminal states never change.
    """
    if not may_become(current, target):
        raise IllegalTransitionError(f"{current.value} cannot become {target.value}")
    return target


def may_become(current: State, target: State) -> bool:
    """Whether the table allows the change."""
    if isinstance(current, JobState) and isinstance(target, JobState):
        return target in JOB_TRANSITIONS[current]
    if isinstance(current, TaskState) and isinstance(target, TaskState):
        return target in TASK_TRANSITIONS[current]
    return False
