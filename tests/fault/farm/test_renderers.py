"""What a farm promises when renderers die, freeze or are not there."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from shared.contracts.timeline import FrameSize

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

SIZE = FrameSize(width=1280, height=720)
SECONDS = 8.0


@pytest.fixture(scope="module")
def whole_bytes(the_farm) -> int:
    """Size of the segment when nobody disturbs its rendering."""
    job_id = the_farm.submit_silent(SECONDS, size=SIZE, seed="the same")
    the_farm.assert_succeeded(job_id)
    (task,) = the_farm.trials.tasks(job_id, "render")
    return int(task["result"]["segment"]["asset"]["size_bytes"])


def killed_at(farm, percent: int, whole_bytes: int) -> tuple[str, dict, int] | None:
    """A job whose renderer was killed with a part of its segment written: the job, its first execution, its child.

    None when the renderer had told of its result before, as may happen on a busy machine near the end.
    """
    job_id = farm.submit_silent(SECONDS, size=SIZE, seed="the same")
    execution = farm.running_execution(job_id, "render")
    victim = farm.process_of(execution)
    (segment,) = farm.eventually(lambda: farm.files_of(victim, "segment.mp4"))
    child = farm.child_of(victim)
    with suppress(FileNotFoundError, ProcessLookupError):
        farm.eventually(lambda: segment.stat().st_size >= whole_bytes * percent / 100, what=f"{percent} %")
        os.kill(child, signal.SIGSTOP)  # at once: the whole process takes longer
    victim.kill()
    farm.assert_succeeded(job_id)
    if accepted_worker(farm, job_id) == execution["worker"]:
        victim.start()
        return None
    return job_id, execution, child


def accepted_worker(farm, job_id: str) -> str:
    """Who rendered the segment that counts."""
    (accepted,) = [each for each in farm.trials.attempts(job_id, "render") if each["accepted"]]
    return accepted["worker"]


@pytest.mark.parametrize("percent", [10, 50, 95])
def test_a_renderer_killed_in_mid_segment_costs_at_most_one_attempt(farm, whole_bytes: int, percent: int) -> None:
    tries = (killed_at(farm, percent, whole_bytes) for _ in range(5))
    job_id, execution, child = next(each for each in tries if each is not None)
    assert sum(farm.attempts_used(job_id).values()) <= 1
    assert accepted_worker(farm, job_id) != execution["worker"], "another took over"
    assert gone(child), "the child died with its parent"


def test_without_any_renderer_for_three_leases_no_attempt_is_used(farm) -> None:
    for renderer in farm.renderers():
        renderer.stop()
    job_id = farm.submit_silent(1.0, 1.5)
    waited = time.monotonic() + 3 * farm.lease_s
    farm.eventually(lambda: time.monotonic() > waited)
    assert {task["state"] for task in farm.trials.tasks(job_id, "render")} == {"dispatched"}
    farm.renderers()[0].start()
    farm.assert_succeeded(job_id)
    assert farm.attempts_used(job_id) == {}
    assert {each["attempt"] for each in farm.trials.attempts(job_id)} == {1}


def test_a_renderer_frozen_past_its_lease_comes_back_too_late_and_is_ignored(farm, whole_bytes: int) -> None:
    """The loser of the race reports what is stored, so whatever was recorded is true."""
    job_id = farm.submit_silent(SECONDS, size=SIZE, seed="the same")
    execution = farm.running_execution(job_id, "render")
    frozen = farm.process_of(execution)
    (segment,) = farm.eventually(lambda: farm.files_of(frozen, "segment.mp4"))
    farm.eventually(lambda: segment.stat().st_size >= whole_bytes / 2)
    frozen.pause()
    farm.assert_succeeded(job_id)
    assert sum(farm.attempts_used(job_id).values()) == 1, "the silent attempt was given up"
    before = farm.trials.tasks(job_id, "render")
    frozen.resume()

    def late() -> dict | None:
        executions = {each["execution_id"]: each for each in farm.trials.attempts(job_id, "render")}
        told = executions[execution["execution_id"]]
        return told if told["state"] == "succeeded" else None

    told = farm.eventually(late, what="the late result is recorded")
    assert not told["accepted"]
    assert farm.trials.tasks(job_id, "render") == before


def test_a_second_renderer_gets_work_as_soon_as_it_is_there(farm) -> None:
    first, second = farm.renderers()[:2]
    second.stop()
    job_id = farm.submit_silent(*[4.0] * 6, size=SIZE)
    farm.running_execution(job_id, "render")
    second.start()
    ready = time.monotonic()
    farm.eventually(lambda: worker_seen(farm, job_id, second.worker), within_s=20.0)
    print(f"{second.name} got work {time.monotonic() - ready:.2f} s after it was there")
    assert farm.trials.states(job_id) == ["running"], "there was work left for it"
    farm.assert_succeeded(job_id)
    assert worker_seen(farm, job_id, first.worker)


def worker_seen(farm, job_id: str, worker: str) -> bool:
    """Whether a worker took part in a job."""
    return any(each["worker"] == worker for each in farm.trials.attempts(job_id, "render"))


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not Path(f"/proc/{pid}").exists()
