"""What a farm promises when somebody floods it: others hardly notice, and a cancel still lands at once."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from shared.contracts.timeline import FrameSize
from shared.ids import AccountId

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

SIZE = FrameSize(width=1280, height=720)
FLOOD_JOBS, FLOOD_SLIDES = 10, 100
NINE, THEIR_SLIDES = 9, 9  # and an assembly: ten tasks each
FAIR = 1.5
FRAME_S = 1 / 30


@pytest.fixture
def flood(farm) -> Iterator[AccountId]:
    """An account of which a thousand tasks wait; cancelled afterwards."""
    account = farm.account()
    jobs = [
        farm.submit_silent(*lengths(FLOOD_SLIDES), account=account, seed=f"flood {n}") for n in range(FLOOD_JOBS)
    ]
    farm.eventually(lambda: waiting(farm, account) > 0.9 * FLOOD_JOBS * FLOOD_SLIDES, what="all of it is planned")
    yield account
    for job_id in jobs:
        farm.trials.cancel(account, job_id)
    farm.wait_for(*jobs)


def test_nine_accounts_finish_as_if_a_flood_of_another_were_not_there(farm, flood) -> None:
    """Told by work, not by time: what the farm does of the flood until the nine are done makes them wait."""
    accounts = [farm.account() for _ in range(NINE)]
    projects = [(account, farm.trials.silent_project(account, lengths(THEIR_SLIDES))) for account in accounts]
    before = waiting(farm, flood)
    jobs = [farm.trials.submit(account, project) for account, project in projects]

    farm.assert_succeeded(*jobs, within_s=600.0)

    theirs, of_the_flood = NINE * (THEIR_SLIDES + 1), before - waiting(farm, flood)
    print(f"{theirs} tasks of the nine, {of_the_flood} of the flood until they were done")
    assert of_the_flood > 0, "the flood has its share, too"
    assert (theirs + of_the_flood) / theirs <= FAIR


def test_a_cancel_lands_at_full_load_and_takes_the_child_along(farm, flood) -> None:
    account = farm.account()
    job_id = farm.submit_silent(10.0, account=account, size=SIZE)
    renderer = farm.process_of(farm.running_execution(job_id, "render"))
    farm.eventually(lambda: farm.files_of(renderer, "segment.mp4"))
    child = farm.child_of(renderer)
    began = time.monotonic()
    farm.trials.cancel(account, job_id)
    farm.wait_for(job_id, states=("cancelled",), within_s=10.0)
    farm.eventually(lambda: child not in renderer.pids(), within_s=10.0, what="the child is gone")
    print(f"cancelled after {time.monotonic() - began:.2f} s")


def lengths(slides: int) -> list[float]:
    """Short and all different, so that no slide is rendered like another."""
    return [(15 + number) * FRAME_S for number in range(slides)]


def waiting(farm, account: AccountId) -> int:
    """Render tasks of an account that could be dispatched."""
    query = "SELECT count(*) AS n FROM tasks WHERE account_id = :a AND stage = 'render' AND state = 'ready'"
    rows = farm.trials.rows("orchestrator", query, a=account)
    return int(rows[0]["n"]) if rows else 0
