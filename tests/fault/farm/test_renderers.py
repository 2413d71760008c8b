"""What a farm promises when renderers die, freeze or are not there."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from shared.contracts.timeline import FrameSize

pytestmark = pytest.mark.fault

SIZE = FrameSize(width=1280, height=720)
SECONDS = 8.0


@pytest.fixture(scope="module")
def whole_bytes(the_farm) -> int:
    """Size of the segment when nobody disturbs its rendering."""
    job_id = the_farm.submit_silent(SECONDS, size=SIZE, seed="the same")
    the_farm.assert_succeeded(job_id)
    (task,) = the_farm.trials.tasks(job_id, "render")
    return int(task["result"]["segment"]["asset"]["size_bytes"])


@pytest.mark.parametrize("percent", [10, 50, 95])
def test_a_renderer_killed_in_mid_segment_costs_at_most_one_attempt(farm, whole_bytes: int, percent: int) -> None:
    job_id = farm.submit_silent(SECONDS, size=SIZE, seed="the same")
    execution = farm.running_execution(job_id, "render")
    victim = farm.process_of(execution)
    (segment,) = farm.eventually(lambda: farm.files_of(victim, "segment.mp4"))
    child = farm.child_of(victim)
    farm.eventually(lambda: segment.stat().st_size >= whole_bytes * percent / 100, what=f"{percent} % are written")
    os.kill(child, signal.SIGSTOP)  # at once: the whole process takes longer
    assert segment.exists(), "it was stopped too late"
    victim.kill()
    farm.assert_succeeded(job_id)
    assert sum(farm.attempts_used(job_id).values()) <= 1
    (accepted,) = [each for each in farm.trials.attempts(job_id, "render") if each["accepted"]]
    assert accepted["worker"] != execution["worker"], "another took over"
    assert gone(child), "the child died with its parent"


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not Path(f"/proc/{pid}").exists()
