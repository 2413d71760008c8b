"""What a farm promises when renderers die, freeze or are not there."""

from __future__ import annotations

import pytest

from shared.contracts.timeline import FrameSize

pytestmark = pytest.mark.fault

SIZE = FrameSize(width=1280, height=720)
SECONDS = 8.0


@pytest.fixture(scope="module")
def whole_bytes(the_farm) -> int:
    """Size of the segment when nobody disturbs its rendering."""
    job_id = the_farm.submit_silent(SECONDS, size=SIZE)
    the_farm.assert_succeeded(job_id)
    (task,) = the_farm.trials.tasks(job_id, "render")
    return int(task["result"]["segment"]["asset"]["size_bytes"])


@pytest.mark.parametrize("percent", [10, 50, 95])
def test_a_renderer_killed_in_mid_segment_costs_at_most_one_attempt(farm, whole_bytes: int, percent: int) -> None:
    job_id = farm.submit_silent(SECONDS, size=SIZE)
    execution = farm.running_execution(job_id, "render")
    victim = farm.process_of(execution)

    def bytes_written() -> int:
        return max((path.stat().st_size for path in farm.files_of(victim, "segment.mp4")), default=0)

    farm.eventually(lambda: bytes_written() >= whole_bytes * percent / 100, what=f"{percent} % are rendered")
    victim.kill()
    assert [task["state"] for task in farm.trials.tasks(job_id, "render")] != ["succeeded"], (
        "it was killed too late"
    )
    farm.assert_succeeded(job_id)
    assert farm.attempts_used(job_id) in ({}, {execution_key(farm, job_id): 1})
    accepted = [each for each in farm.trials.attempts(job_id, "render") if each["accepted"]]
    assert accepted[0]["worker"] != execution["worker"], "another took over"


def execution_key(farm, job_id: str) -> str:
    (task,) = farm.trials.tasks(job_id, "render")
    return str(task["key"])
