"""What a farm promises when the broker or the database goes away in mid-job."""

from __future__ import annotations

import time

import pytest

from shared.contracts.timeline import FrameSize

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

SIZE = FrameSize(width=640, height=360)
AWAY_S = 10.0


def start_jobs(farm) -> list[str]:
    """Two jobs of several slides; returns when both renderers are at work."""
    jobs = [farm.submit_silent(*[3.0] * 4, size=SIZE) for _ in range(2)]
    for job_id in jobs:
        farm.running_execution(job_id, "render")
    return jobs


def test_a_broker_killed_in_mid_job_costs_no_attempt(farm) -> None:
    jobs = start_jobs(farm)
    farm.farm.rabbitmq.kill()
    farm.farm.rabbitmq.start()
    farm.assert_succeeded(*jobs)
    assert [farm.attempts_used(job_id) for job_id in jobs] == [{}, {}]


def test_a_database_away_for_ten_seconds_costs_no_attempt(farm) -> None:
    jobs = start_jobs(farm)
    with farm.farm.postgres.stopped():
        back = time.monotonic() + AWAY_S
        farm.eventually(lambda: time.monotonic() > back)
    farm.assert_succeeded(*jobs)
    assert [farm.attempts_used(job_id) for job_id in jobs] == [{}, {}]
