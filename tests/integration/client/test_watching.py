"""A watch hands out every fact once and in order, whatever happens to the broker meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from deploy.local.rabbitmq import RabbitMQ
from shared.contracts.jobs import JobStarted
from studiomatic import Client

ACCOUNT = "account-a"

Watching = Callable[[str], Future[list[int]]]


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url, ACCOUNT, timeout_s=5) as client:
        yield client


@pytest.fixture
def watching(client: Client) -> Iterator[Watching]:
    """Watch a job in a thread, which has begun; gives the sequence numbers once the watch has ended."""
    with ThreadPoolExecutor(20) as threads:

        def begun(job: str) -> Future[list[int]]:
            events = client.watch(job)
            first = next(events).sequence
            return threads.submit(lambda: [first, *(event.sequence for event in events)])

        yield begun


@pytest.mark.parametrize("after", [0, 1, 5, 6, 12])
def test_stored_facts_and_live_ones_are_one_sequence_from_any_start(
    client: Client, orchestrator: Any, after: int
) -> None:
    job = orchestrator.new_job()
    orchestrator.work(job, 4)
    events = client.watch(job, after_sequence=after)
    seen = [next(events).sequence for _ in range(max(0, 5 - after))]
    orchestrator.work(job, 6)
    orchestrator.succeed(job)
    seen += [event.sequence for event in events]
    assert seen == list(range(after + 1, 13))


def test_a_history_longer_than_one_page(client: Client, orchestrator: Any) -> None:
    job = orchestrator.new_job()
    orchestrator.work(job, 450)
    orchestrator.succeed(job)
    assert [event.sequence for event in client.watch(job)] == list(range(1, 453))


def test_a_live_fact_comes_at_once_and_without_a_question(client: Client, orchestrator: Any) -> None:
    job = orchestrator.new_job()
    events = client.watch(job)
    next(events)
    orchestrator.work(job, 1)
    next(events)  # from here on the watch listens
    asked = orchestrator.answered
    for _ in range(20):
        orchestrator.work(job, 1)
        next(events)
    assert orchestrator.answered - asked <= 2


def test_facts_that_are_lost_on_the_way_are_found(client: Client, orchestrator: Any) -> None:
    job = orchestrator.new_job()
    events = client.watch(job)
    next(events)
    orchestrator.happen(job, _fact(job), _fact(job), told=False)
    assert [next(events).sequence for _ in range(2)] == [2, 3]
    orchestrator.happen(job, _fact(job), told=False)
    orchestrator.succeed(job)
    assert [event.sequence for event in events] == [4, 5]


def test_twenty_jobs_are_watched_over_one_connection(
    client: Client, orchestrator: Any, watching: Watching
) -> None:
    jobs = [orchestrator.new_job() for _ in range(20)]
    watches = [watching(job) for job in jobs]
    for _ in range(20):
        for job in jobs:
            orchestrator.work(job, 1)
    for job in jobs:
        orchestrator.succeed(job)
    for watch in watches:
        assert watch.result(120) == list(range(1, 23))


def test_a_broker_that_is_killed_and_started_again_costs_no_fact(
    orchestrator: Any, rabbitmq: RabbitMQ, watching: Watching
) -> None:
    job = orchestrator.new_job()
    watch = watching(job)
    orchestrator.work(job, 20)
    rabbitmq.kill()
    orchestrator.work(job, 20)
    rabbitmq.start()
    orchestrator.work(job, 20)
    orchestrator.succeed(job)
    assert watch.result(120) == list(range(1, 63))


def test_a_broker_that_is_restarted_in_order_costs_no_fact(
    orchestrator: Any, rabbitmq: RabbitMQ, watching: Watching
) -> None:
    job = orchestrator.new_job()
    watch = watching(job)
    orchestrator.work(job, 20)
    rabbitmq.restart()
    orchestrator.work(job, 20)
    orchestrator.succeed(job)
    assert watch.result(120) == list(range(1, 43))


def test_a_broker_that_is_away_for_longer_than_a_call_waits_costs_no_fact(
    url: str, orchestrator: Any, rabbitmq: RabbitMQ
) -> None:
    job = orchestrator.new_job()
    with Client(url, ACCOUNT, timeout_s=0.3) as client:
        events = client.watch(job)
        next(events)
        rabbitmq.kill()
        orchestrator.work(job, 1)
        coming_back = threading.Timer(3, rabbitmq.start)
        coming_back.start()
        assert next(events).sequence == 2
        coming_back.join()


def test_a_broker_that_is_gone_for_a_minute_costs_neither_a_watch_nor_a_subscriber_a_fact(
    client: Client, orchestrator: Any, rabbitmq: RabbitMQ, watching: Watching
) -> None:
    with client.subscribe("job.*", "task.*", name="minute") as subscription:
        job = orchestrator.new_job()
        watch = watching(job)
        orchestrator.work(job, 10)
        rabbitmq.stop()
        coming_back = threading.Timer(60, rabbitmq.start)
        coming_back.start()
        orchestrator.work(job, 10)
        coming_back.join()
        orchestrator.succeed(job)
        assert watch.result(120) == list(range(1, 23))
        heard: set[int] = set()
        while not heard >= set(range(1, 23)):
            heard.add(next(subscription).sequence)


def test_connections_that_are_closed_again_and_again_cost_no_fact(
    orchestrator: Any,
    rabbitmq: RabbitMQ,
    watching: Watching,
    connections: Callable[[], int],
    eventually: Callable[..., None],
) -> None:
    job = orchestrator.new_job()
    watch = watching(job)
    for _ in range(5):
        orchestrator.work(job, 10)
        eventually(lambda: connections() == 2)
        rabbitmq.close_all_connections()
    orchestrator.succeed(job)
    assert watch.result(120) == list(range(1, 53))


def test_a_frozen_broker_costs_no_fact(orchestrator: Any, rabbitmq: RabbitMQ, watching: Watching) -> None:
    job = orchestrator.new_job()
    watch = watching(job)
    orchestrator.work(job, 10)
    rabbitmq.pause()
    orchestrator.work(job, 10)
    rabbitmq.resume()
    orchestrator.succeed(job)
    assert watch.result(120) == list(range(1, 23))


def test_nothing_stays_on_the_broker_when_nobody_watches_any_more(
    client: Client, orchestrator: Any, queue_names: Callable[[str], set[str]], eventually: Callable[..., None]
) -> None:
    first, second = (client.watch(orchestrator.new_job()) for _ in range(2))
    next(first), next(second)
    assert len(queue_names("control.edge.")) == 1
    first.close()
    orchestrator.work(orchestrator.new_job(), 1)
    assert len(queue_names("control.edge.")) == 1
    second.close()
    eventually(lambda: not queue_names("control.edge."))


def _fact(job: str) -> JobStarted:
    return JobStarted(job_id=job, project_id="p")
