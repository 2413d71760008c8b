"""The state tables: every legal change, every refusal, and that endings are final."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from services.orchestrator.domain.retry import GiveUp, RetryAt, after_failure
from services.orchestrator.domain.share import Share, after_dispatch, on_arrival, order_of_turns, window
from services.orchestrator.domain.states import (
    JOB_TRANSITIONS,
    TASK_TRANSITIONS,
    IllegalTransitionError,
    transition,
)
from shared.contracts.attempts import ErrorInfo
from shared.contracts.jobs import JobState, TaskState

NOW = datetime(2030, 1, 1, tzinfo=UTC)
BROKEN = ErrorInfo(code="x", message="m", retryable=True)


@pytest.mark.parametrize(
    ("current", "target"),
    [*itertools.product(JobState, JobState), *itertools.product(TaskState, TaskState)],
    ids=lambda state: state.value,
)
def test_only_the_changes_of_the_table_are_legal(current, target) -> None:
    table = JOB_TRANSITIONS if isinstance(current, JobState) else TASK_TRANSITIONS
    if target in table[current]:
        assert transition(current, target) is target
    else:
        with pytest.raises(IllegalTransitionError, match=current.value):
            transition(current, target)


def test_terminal_states_never_change() -> None:
    for table in (JOB_TRANSITIONS, TASK_TRANSITIONS):
        for state, targets in table.items():
            assert (not targets) == state.is_terminal


def test_a_job_state_and_a_task_state_do_not_mix() -> None:
    with pytest.raises(IllegalTransitionError):
        transition(JobState.RUNNING, TaskState.SUCCEEDED)


def test_waits_double_and_are_bounded() -> None:
    waits = [
        (after_failure(BROKEN, attempts_used=n, max_attempts=99, now=NOW, jitter=0.0).moment - NOW).total_seconds()
        for n in range(1, 9)
    ]
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


def test_jitter_shortens_a_wait_by_at_most_half() -> None:
    decision = after_failure(BROKEN, attempts_used=1, max_attempts=3, now=NOW, jitter=1.0)
    assert isinstance(decision, RetryAt)
    assert (decision.moment - NOW).total_seconds() == 1


@pytest.mark.parametrize(("retryable", "used"), [(False, 1), (True, 3)])
def test_it_gives_up_when_trying_cannot_help_or_the_budget_is_used(retryable: bool, used: int) -> None:
    error = BROKEN.model_copy(update={"retryable": retryable})
    decision = after_failure(error, attempts_used=used, max_attempts=3, now=NOW, jitter=0.5)
    assert decision == GiveUp(error=error)


def share(account: str, **values: float) -> Share:
    return Share(
        **{"account_id": account, "ready": 1, "dispatched": 0, "running": 0, "weight": 1.0, "virtual_time": 0.0}
        | values
    )


def test_a_flood_of_one_account_delays_nobody() -> None:
    shares = {"flood": share("flood", ready=1000), **{f"a{n}": share(f"a{n}", ready=10) for n in range(9)}}
    order = []
    while any(s.ready for name, s in shares.items() if name != "flood"):
        turn = order_of_turns(shares.values())[0]
        order.append(turn.account_id)
        shares[turn.account_id] = share(turn.account_id, ready=turn.ready - 1, virtual_time=after_dispatch(turn))
    assert order.count("flood") <= 10


def test_an_account_with_double_weight_gets_double_turns() -> None:
    shares = {"big": share("big", ready=99, weight=2.0), "small": share("small", ready=99)}
    turns = []
    for _ in range(30):
        turn = order_of_turns(shares.values())[0]
        turns.append(turn.account_id)
        shares[turn.account_id] = share(
            turn.account_id, ready=99, weight=turn.weight, virtual_time=after_dispatch(turn)
        )
    assert turns.count("big") == 20


def test_an_account_that_pauses_saves_nothing_up() -> None:
    assert on_arrival(0.0, [50.0, 70.0]) == 50.0
    assert on_arrival(90.0, [50.0]) == 90.0
    assert on_arrival(3.0, []) == 3.0


@pytest.mark.parametrize(
    ("running", "dispatched", "free"), [(0, 0, 2), (0, 2, 0), (5, 2, 3), (5, 5, 0), (1, 9, 0)]
)
def test_little_waits_on_the_broker(running: int, dispatched: int, free: int) -> None:
    assert window(running, dispatched) == free
