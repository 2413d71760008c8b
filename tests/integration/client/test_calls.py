"""Calls are answered once, in time, by whatever thread asks, and outlive what happens to the broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deploy.local.rabbitmq import RabbitMQ
from shared.bus.errors import RpcTimeoutError
from shared.contracts.envelope import MAX_BODY_BYTES
from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.errors import BrokerUnavailableError, InvalidInputError, NotFoundError
from studiomatic import Client
from studiomatic.client import LinkState

ACCOUNT, STRANGER = "account-a", "account-b"


@pytest.fixture
def states() -> list[LinkState]:
    """What the client says about its connection."""
    return []


@pytest.fixture
def client(url: str, states: list[LinkState]) -> Iterator[Client]:
    with Client(url, ACCOUNT, timeout_s=100, told=lambda state, _reason: states.append(state)) as client:
        yield client


def test_twenty_threads_use_one_client_at_once(client: Client, orchestrator: Any) -> None:
    def use(number: int) -> set[str]:
        mine = client.as_account(f"account-{number}")
        made = {mine.submit("p", idempotency_key=str(key)) for key in range(10)}
        assert {mine.get_job(job).job_id for job in made} == made
        assert {job.job_id for job in mine.list_jobs().jobs} == made
        return made

    with ThreadPoolExecutor(20) as threads:
        jobs = list(threads.map(use, range(20)))
    assert len(set.union(*jobs)) == 200


def test_jobs_of_other_accounts_do_not_exist(client: Client, orchestrator: Any) -> None:
    job = orchestrator.new_job(STRANGER)
    for ask in (client.get_job, lambda job: next(client.watch(job))):
        with pytest.raises(NotFoundError):
            ask(job)
    assert client.as_account(STRANGER).get_job(job).job_id == job


def test_the_service_is_told_how_long_the_caller_waits_and_not_until_when(url: str, orchestrator: Any) -> None:
    with Client(url, ACCOUNT, timeout_s=20) as client:
        client.list_jobs()
    assert 15_000 < orchestrator.timeouts_ms[-1] <= 20_000


def test_a_service_that_does_not_answer_is_named_when_the_time_is_up(url: str, orchestrator: Any) -> None:
    orchestrator.answers = False
    with Client(url, ACCOUNT, timeout_s=0.5) as client, pytest.raises(RpcTimeoutError, match="orchestrator"):
        client.list_jobs()


def test_a_request_over_the_limit_is_refused_before_it_is_sent(client: Client, orchestrator: Any) -> None:
    slides = tuple(SlideDraft(narration="x" * 5_000, image_prompt="y" * 2_000) for _ in range(60))
    with pytest.raises(InvalidInputError, match=f"{MAX_BODY_BYTES // 1024} KiB.*shorten"):
        client.create_project(ProjectDraft(title="t", slides=slides))
    assert client.list_jobs().jobs == ()


def test_a_call_waits_for_a_broker_that_is_restarted(
    client: Client,
    orchestrator: Any,
    rabbitmq: RabbitMQ,
    states: list[LinkState],
    eventually: Callable[..., None],
) -> None:
    rabbitmq.kill()
    eventually(lambda: states == [LinkState.AWAY])
    with ThreadPoolExecutor(5) as threads:
        calls = [threads.submit(client.submit, "p", idempotency_key="same") for _ in range(5)]
        rabbitmq.start()
        assert len({call.result(100) for call in calls}) == 1
    assert states == [LinkState.AWAY, LinkState.UP]
    assert orchestrator.jobs() == 1


def test_a_call_gives_a_broker_up_that_stays_away(url: str, orchestrator: Any, rabbitmq: RabbitMQ) -> None:
    with Client(url, ACCOUNT, timeout_s=1) as client:
        client.list_jobs()
        rabbitmq.kill()
        began = time.monotonic()
        with pytest.raises(BrokerUnavailableError, match=r"127\.0\.0\.1"):
            client.list_jobs()
        assert time.monotonic() - began < 3


def test_a_call_is_repeated_when_its_connection_is_closed_before_the_answer(
    client: Client, orchestrator: Any, rabbitmq: RabbitMQ, eventually: Callable[..., None]
) -> None:
    orchestrator.answers = False
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(client.submit, "p", idempotency_key="k")
        eventually(lambda: len(orchestrator.timeouts_ms) == 1)
        orchestrator.answers = True
        rabbitmq.close_all_connections()
        assert call.result(20)
    assert orchestrator.jobs() == 1


def test_calls_wait_while_the_broker_is_frozen(client: Client, orchestrator: Any, rabbitmq: RabbitMQ) -> None:
    client.list_jobs()
    rabbitmq.pause()
    waking = threading.Timer(1.5, rabbitmq.resume)
    waking.start()
    assert client.list_jobs().jobs == ()
    waking.join()


def test_calls_wait_while_the_broker_takes_no_messages_and_people_are_told(
    client: Client,
    orchestrator: Any,
    rabbitmq: RabbitMQ,
    states: list[LinkState],
    eventually: Callable[..., None],
) -> None:
    rabbitmq.raise_memory_alarm()
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(client.list_jobs)
        eventually(lambda: states == [LinkState.BLOCKED])
        rabbitmq.clear_alarms()
        assert call.result(20).jobs == ()
    eventually(lambda: states == [LinkState.BLOCKED, LinkState.UP])


def test_an_answer_nobody_waits_for_any_more_does_no_harm(url: str, orchestrator: Any) -> None:
    with Client(url, ACCOUNT) as client:
        orchestrator.tell(b"not an envelope", key="job.started")
        assert client.list_jobs().jobs == ()
