"""What a farm promises when the reports of its workers come twice and in any order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from shared.bus.connection import broker_connection
from shared.bus.outgoing import events_exchange, fact
from shared.bus.publisher import Publisher
from shared.contracts.envelope import Envelope, decode
from shared.contracts.timeline import FrameSize

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

SIZE = FrameSize(width=640, height=360)
WORKERS = ("content", "renderer")
REPORTS = "orchestrator.attempts"


class Wiretap:
    """Reads copies of all reports, takes some away, and sends them again with the rights of whoever made them."""

    def __init__(self, farm) -> None:
        self._farm = farm.farm
        self._connection = broker_connection(farm.farm.rabbitmq.url(farm.farm.vhost))
        self._channel = self._connection.channel()
        self._copies = self._channel.queue_declare(exclusive=True).queue
        for worker in WORKERS:
            self._channel.queue_bind(self._copies, events_exchange(worker), "attempt.*")
        self._publishers = {name: Publisher(farm.farm.environment_of(name)["STUDIO_BUS_URL"]) for name in WORKERS}

    def close(self) -> None:
        for publisher in self._publishers.values():
            publisher.close()
        self._connection.release()

    def waiting(self) -> int:
        """Reports that the orchestrator has not taken yet."""
        return int(self._channel.queue_declare(REPORTS, passive=True).message_count)

    def take_waiting(self) -> list[Envelope]:
        """Take away what waits for the orchestrator."""
        return list(self._taken(REPORTS))

    def copies(self) -> list[Envelope]:
        """All reports since the last call."""
        return list(self._taken(self._copies))

    def send_twice_and_shuffled(self, reports: list[Envelope], seed: int) -> None:
        """Send every report twice, in an order of chance."""
        doubled = reports * 2
        random.Random(seed).shuffle(doubled)
        for report in doubled:
            worker = report.source.rsplit("/", 1)[1]
            self._publishers[worker].publish([fact(report, worker, mandatory=True)])

    def _taken(self, queue: str) -> Iterator[Envelope]:
        while (message := self._channel.basic_get(queue, no_ack=True)) is not None:
            yield decode(message.body)


@pytest.fixture
def wiretap(farm) -> Iterator[Wiretap]:
    tap = Wiretap(farm)
    yield tap
    tap.close()


def test_reports_that_come_twice_and_shuffled_end_in_the_same_state(farm, wiretap: Wiretap) -> None:
    job_id = farm.submit_silent(2.0, 2.5, 3.0, 3.5, size=SIZE)
    farm.running_execution(job_id, "render")
    orchestrator = farm.farm.processes["orchestrator"]
    orchestrator.stop()
    farm.eventually(lambda: farm.performed(job_id) >= 2, what="workers end what they have begun")
    farm.eventually(lambda: wiretap.waiting() >= 2)
    held = wiretap.take_waiting()
    assert {report.type for report in held} >= {"attempt.succeeded.v1"}
    wiretap.send_twice_and_shuffled(held, seed=1)
    orchestrator.start()
    farm.assert_succeeded(job_id)
    assert farm.attempts_used(job_id) == {}

    before = everything_about(farm, job_id)
    again = [report for report in wiretap.copies() if report.type != "attempt.progressed.v1"]
    assert len(again) >= 2 * len(before["tasks"])
    orchestrator.restart()  # a process that has just handled a report recognises it without asking its tables
    wiretap.send_twice_and_shuffled(again, seed=2)
    farm.eventually(lambda: wiretap.waiting() == 0)
    later = farm.submit_silent(1.0)  # its reports come after those, so all of them were handled
    farm.assert_succeeded(later)
    assert everything_about(farm, job_id) == before


def everything_about(farm, job_id: str) -> dict[str, Any]:
    """What is stored of a job."""
    facts = "SELECT * FROM job_facts WHERE job_id = :job ORDER BY sequence"
    return {
        "job": farm.trials.rows("orchestrator", "SELECT * FROM jobs WHERE job_id = :job", job=job_id),
        "tasks": farm.trials.tasks(job_id),
        "attempts": farm.trials.attempts(job_id),
        "facts": farm.trials.rows("orchestrator", facts, job=job_id),
    }
