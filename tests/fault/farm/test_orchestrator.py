"""What a farm promises when the orchestrator dies between commit and publish, or is away while others work."""

from __future__ import annotations

import time

import pytest

from shared.contracts.timeline import FrameSize

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

SIZE = FrameSize(width=1280, height=720)


def test_an_orchestrator_killed_between_commit_and_publish_loses_nothing(farm) -> None:
    """The broker is frozen, so what is committed meanwhile cannot be confirmed before the process dies."""
    account = farm.account()
    project = farm.trials.silent_project(account, [1.0, 1.5])
    with farm.farm.rabbitmq.paused():
        job_id = farm.trials.submit_without_broker(account, project)
        farm.eventually(lambda: "renderer.render_segment.v1" in farm.trials.unsent("orchestrator"))
        assert "dispatched" in {task["state"] for task in farm.trials.tasks(job_id)}
        farm.farm.processes["orchestrator"].kill()
        assert "job.queued.v1" in farm.trials.unsent("orchestrator")
    farm.farm.processes["orchestrator"].start()
    farm.assert_succeeded(job_id)
    assert farm.attempts_used(job_id) == {}


def test_the_orchestrator_away_for_two_leases_costs_no_attempt_and_no_second_execution(farm) -> None:
    job_id = farm.submit_silent(10.0, 10.0, size=SIZE)
    farm.running_execution(job_id, "render")
    orchestrator = farm.farm.processes["orchestrator"]
    orchestrator.stop()
    back = time.monotonic() + 2 * farm.lease_s
    farm.eventually(lambda: time.monotonic() > back)
    orchestrator.start()
    farm.assert_succeeded(job_id)
    assert farm.attempts_used(job_id) == {}
    tasks = farm.trials.tasks(job_id)
    assert len(farm.trials.attempts(job_id)) == len(tasks), "each task was reported to begin once"
    assert farm.performed(job_id) == len(tasks), "and was performed once"
