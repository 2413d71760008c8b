"""The real farm, hands to disturb it with, and a look at it after every test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.local.farm import Farm
from deploy.local.farm_process import FarmProcess
from deploy.local.farm_trials import FarmTrials
from deploy.local.servers import Servers
from shared.ids import AccountId, new_id

LEASE_S = 5
PATIENCE_S = 180.0
"""Longer than anything takes on a machine that others keep busy; whoever waits goes on at once when it is there."""
POLL_S = 0.005
ENDED = ("succeeded", "failed", "cancelled")


class DisturbedFarm:
    """A running farm with what tests do to it and want to know of it."""

    def __init__(self, servers: Servers) -> None:
        self.farm = Farm(servers, lease_s=LEASE_S, stop_grace_s=5)
        self.farm.start()
        self.trials = FarmTrials(self.farm)
        self.began = datetime.now(UTC)

    @property
    def lease_s(self) -> int:
        return LEASE_S

    def close(self) -> None:
        self.trials.close()
        self.farm.close()

    def eventually(self, condition: Callable[[], Any], *, within_s: float = PATIENCE_S, what: str = "") -> Any:
        """Wait until ``condition`` returns something true, and return that."""
        end = time.monotonic() + within_s
        while not (value := condition()):
            assert time.monotonic() < end, f"not within {within_s:.0f} s: {what or condition}"
            time.sleep(POLL_S)
        return value

    # Jobs

    def account(self) -> AccountId:
        """An account that has nothing yet, so that nothing is served from what was made before."""
        return AccountId(new_id())

    def submit_silent(self, *seconds: float, account: AccountId | None = None, **how: Any) -> str:
        """Start a job that is nothing but rendering; returns its id."""
        owner = account or self.account()
        return self.trials.submit(owner, self.trials.silent_project(owner, seconds, **how))

    def wait_for(self, *job_ids: str, states: tuple[str, ...] = ENDED, within_s: float = PATIENCE_S) -> None:
        """Wait until all jobs are in one of ``states``."""
        self.eventually(
            lambda: (now := self.trials.states(*job_ids)) and all(state in states for state in now),
            within_s=within_s,
            what=f"{job_ids} in {states}; now {self.trials.states(*job_ids)}",
        )

    def assert_succeeded(self, *job_ids: str, within_s: float = PATIENCE_S) -> None:
        """All jobs end, and end well."""
        self.wait_for(*job_ids, within_s=within_s)
        for job_id in job_ids:
            (job,) = self.trials.rows(
                "orchestrator", "SELECT state, reason FROM jobs WHERE job_id = :id", id=job_id
            )
            assert job["state"] == "succeeded", job["reason"]

    def attempts_used(self, job_id: str) -> dict[str, int]:
        """Attempts that count against the budget, by task; only tasks that used any."""
        return {task["key"]: task["attempts_used"] for task in self.trials.tasks(job_id) if task["attempts_used"]}

    # Processes

    def renderers(self) -> list[FarmProcess]:
        return [process for process in self.farm.processes.values() if process.service == "renderer"]

    def contents(self) -> list[FarmProcess]:
        return [process for process in self.farm.processes.values() if process.service == "content"]

    def running_execution(self, job_id: str, stage: str) -> dict[str, Any]:
        """Wait until an execution of a stage runs, and return it."""

        def found() -> dict[str, Any] | None:
            running = [each for each in self.trials.attempts(job_id, stage) if each["state"] == "running"]
            return running[-1] if running else None

        execution: dict[str, Any] = self.eventually(found, what=f"{stage} of {job_id} runs")
        return execution

    def process_of(self, execution: dict[str, Any]) -> FarmProcess:
        """The process that performs an execution."""
        return next(p for p in self.farm.processes.values() if p.alive and p.worker == execution["worker"])

    def files_of(self, process: FarmProcess, name: str) -> list[Path]:
        """Files of that name that a process and its children are working on."""
        return list((self.farm.folder / process.name / "tmp").rglob(name))

    def child_of(self, process: FarmProcess) -> int:
        """Wait until a renderer has a child at work, and return its process id."""

        def found() -> int | None:
            return next((pid for pid in process.pids() if _is_render_child(pid)), None)

        pid: int = self.eventually(found, what=f"{process.name} has a child")
        return pid

    def performed(self, job_id: str) -> int:
        """How many commands of a job were carried out to an end, as the logs of the workers say."""
        logs = "\n".join(process.log_text() for process in self.renderers() + self.contents())
        return sum('"command_performed"' in line and job_id in line for line in logs.splitlines())

    # Afterwards

    def heal(self) -> None:
        """Bring back what a test has killed, stopped or frozen, and have it read its queues again."""
        for process in self.farm.processes.values():
            if process.alive:
                process.resume()
            else:
                process.launch()
        for process in self.farm.processes.values():
            process.wait_until_consuming()

    def cancel_what_is_left(self) -> None:
        """A test that failed leaves jobs behind, which must not disturb the next one."""
        left = "SELECT account_id, job_id FROM jobs WHERE NOT state = ANY(:ended)"
        for job in self.trials.rows("orchestrator", left, ended=list(ENDED)):
            self.trials.cancel(AccountId(job["account_id"]), job["job_id"])

    def assert_sound(self) -> None:
        """Nothing is lost, doubled or left over, as soon as all is at rest."""
        end = time.monotonic() + PATIENCE_S
        while violations := self.trials.checker.record_violations():
            assert time.monotonic() < end, "\n".join(violations)
            time.sleep(0.2)
        assert self.trials.checker.object_violations(since=self.began) == []


@pytest.fixture(scope="module")
def the_farm(servers: Servers) -> Iterator[DisturbedFarm]:
    """The farm that the tests of one file share: there is room for one at a time on the servers."""
    farm = DisturbedFarm(servers)
    yield farm
    farm.close()


@pytest.fixture
def farm(the_farm: DisturbedFarm, request: pytest.FixtureRequest) -> Iterator[DisturbedFarm]:
    """The farm, whole at first; after the test it is healed and must be found sound."""
    the_farm.began = datetime.now(UTC)
    yield the_farm
    the_farm.heal()
    the_farm.cancel_what_is_left()
    the_farm.assert_sound()


def _is_render_child(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text() == "render-child\n"
    except (FileNotFoundError, ProcessLookupError):
        return False
