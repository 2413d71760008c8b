"""A subscription hands out every fact it was made for, also those that happened while nobody listened."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from deploy.local.rabbitmq import RabbitMQ
from shared.contracts.envelope import enclose
from shared.contracts.jobs import JobStarted
from shared.errors import InvalidInputError
from shared.ids import new_id
from studiomatic import Client
from studiomatic.client import BrokerRefusedError, Subscription

ACCOUNT, STRANGER = "account-a", "account-b"
QUORUM_SETTLES_S = 2.0
"""RabbitMQ 3.10.8 never finds a leader for a quorum queue that was declared 0.3 s before a kill -9; after 2 s it does."""

LISTENER = Path(__file__).parent / "programs" / "listener.py"


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """A trusted service: no account, all facts."""
    with Client(url) as client:
        yield client


@pytest.fixture
def name(rabbitmq: RabbitMQ) -> str:
    return f"test-{new_id()}"


def taken(subscription: Subscription, count: int) -> list[tuple[str, int]]:
    return [(event.fact.job_id, event.sequence) for event in islice(subscription, count)]


def test_only_facts_of_the_types_asked_for(client: Client, orchestrator: Any) -> None:
    with client.subscribe("job.succeeded", "job.queued") as facts:
        job = orchestrator.new_job()
        orchestrator.work(job, 3)
        orchestrator.succeed(job)
        assert taken(facts, 2) == [(job, 1), (job, 5)]


def test_a_client_of_one_account_hears_of_that_account_only(client: Client, orchestrator: Any) -> None:
    with client.as_account(ACCOUNT).subscribe("job.*") as mine, client.subscribe("job.*") as all_facts:
        theirs, ours = orchestrator.new_job(STRANGER), orchestrator.new_job(ACCOUNT)
        assert taken(mine, 1) == [(ours, 1)]
        assert taken(all_facts, 2) == [(theirs, 1), (ours, 1)]


def test_a_named_subscription_goes_on_where_it_stopped(client: Client, orchestrator: Any, name: str) -> None:
    with client.subscribe("task.*", name=name) as facts:
        job = orchestrator.new_job()
        orchestrator.work(job, 3)
        assert taken(facts, 2) == [(job, 2), (job, 3)]
    orchestrator.work(job, 2)
    with client.subscribe("task.*", name=name) as facts:
        assert taken(facts, 3) == [(job, 4), (job, 5), (job, 6)]


def test_a_fact_whose_handling_failed_comes_again(client: Client, orchestrator: Any, name: str) -> None:
    job = orchestrator.new_job()
    with suppress(ZeroDivisionError), client.subscribe("task.*", name=name) as facts:
        orchestrator.work(job, 2)
        next(facts)
        raise ZeroDivisionError
    with client.subscribe("task.*", name=name) as facts:
        assert sorted(taken(facts, 2)) == [(job, 2), (job, 3)]


def test_a_fact_in_the_hands_of_a_killed_program_comes_again_and_settled_ones_do_not(
    client: Client,
    orchestrator: Any,
    url: str,
    name: str,
    kept_messages: Callable[[str], int],
    eventually: Callable[..., None],
) -> None:
    client.subscribe("task.started", name=name).close()
    job = orchestrator.new_job()
    orchestrator.work(job, 5)
    with subprocess.Popen(
        [sys.executable, str(LISTENER), url, name], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        assert [program.stdout.readline() for _ in range(3)] == ["2\n", "3\n", "4\n"]
        eventually(lambda: kept_messages(f"subscriptions.edge.{name}") == 3)
        program.kill()
    with client.subscribe("task.started", name=name) as facts:
        assert sorted(taken(facts, 3)) == [(job, 4), (job, 5), (job, 6)]


def test_two_names_hear_everything_each_and_two_of_one_name_share(
    client: Client, orchestrator: Any, name: str
) -> None:
    with (
        client.subscribe("task.*", name=f"{name}-1") as first,
        client.subscribe("task.*", name=f"{name}-2") as second,
    ):
        job = orchestrator.new_job()
        orchestrator.work(job, 3)
        assert taken(first, 3) == taken(second, 3) == [(job, 2), (job, 3), (job, 4)]


@pytest.mark.parametrize("kind", ["named", "unnamed"])
def test_a_broker_that_is_killed_and_started_again_loses_and_doubles_no_fact(
    client: Client,
    orchestrator: Any,
    rabbitmq: RabbitMQ,
    eventually: Callable[..., None],
    name: str,
    kind: str,
) -> None:
    with ThreadPoolExecutor(1) as one, client.subscribe("task.*", name=name if kind == "named" else None) as facts:
        declared = time.monotonic()
        job = orchestrator.new_job()
        listening = one.submit(taken, facts, 90)
        orchestrator.work(job, 30)
        eventually(lambda: time.monotonic() - declared > QUORUM_SETTLES_S)
        rabbitmq.kill()
        orchestrator.work(job, 30)
        rabbitmq.start()
        orchestrator.work(job, 30)
        assert sorted(listening.result(120)) == [(job, sequence) for sequence in range(2, 92)]


def test_connections_that_are_closed_again_and_again_lose_and_double_no_fact(
    client: Client,
    orchestrator: Any,
    rabbitmq: RabbitMQ,
    name: str,
    connections: Callable[[], int],
    eventually: Callable[..., None],
) -> None:
    with ThreadPoolExecutor(1) as one, client.subscribe("task.*", name=name) as facts:
        job = orchestrator.new_job()
        listening = one.submit(taken, facts, 100)
        for _ in range(5):
            orchestrator.work(job, 20)
            eventually(lambda: connections() == 3)
            rabbitmq.close_all_connections()
        assert sorted(listening.result(120)) == [(job, sequence) for sequence in range(2, 102)]


def test_what_cannot_be_read_or_is_of_a_newer_release_does_not_stop_the_others(
    client: Client, orchestrator: Any, rabbitmq: RabbitMQ, name: str, eventually: Callable[..., None]
) -> None:
    with client.subscribe("job.started", name=name) as facts:
        job = new_id()
        fact = enclose(
            JobStarted(job_id=job, project_id="p"), source="/x", account_id=ACCOUNT, job_id=job, sequence=7
        )
        orchestrator.tell(b"\x00 not an envelope")
        orchestrator.tell(b"{}")
        orchestrator.tell(fact.model_copy(update={"id": new_id(), "data": {"other": "shape"}}))
        orchestrator.tell(fact.model_copy(update={"id": new_id(), "type": "job.started.v9"}))
        orchestrator.tell(fact)
        assert taken(facts, 1) == [(job, 7)]
    with client.subscribe("job.started", name=name) as facts:
        orchestrator.tell(fact.model_copy(update={"id": new_id(), "sequence": 8}))
        assert taken(facts, 1) == [(job, 8)]


def test_a_name_may_ask_for_other_types_later(client: Client, orchestrator: Any, name: str) -> None:
    client.subscribe("task.started", name=name).close()
    with client.subscribe("job.succeeded", name=name) as facts:
        job = orchestrator.new_job()
        orchestrator.work(job, 2)
        orchestrator.succeed(job)
        assert taken(facts, 1) == [(job, 4)]


def test_closing_ends_the_iteration_also_from_another_thread(client: Client) -> None:
    facts = client.subscribe("job.*")
    closing = threading.Timer(0.2, facts.close)
    closing.start()
    assert list(facts) == []
    closing.join()


def test_only_a_named_subscription_stays_on_the_broker(
    client: Client, queue_names: Callable[[str], set[str]], name: str, eventually: Callable[..., None]
) -> None:
    before = queue_names("subscriptions.edge.")
    with client.subscribe("job.*"), client.subscribe("job.*", name=name):
        assert len(queue_names("subscriptions.edge.") - before) == 2
    eventually(lambda: queue_names("subscriptions.edge.") - before == {f"subscriptions.edge.{name}"})


@pytest.mark.parametrize("types", [(), ("job.finished",), ("#",), ("*",), ("job.#",), ("attempt.started",)])
def test_unknown_facts_are_refused_with_a_list_of_those_there_are(client: Client, types: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputError, match=r"job\.succeeded"):
        client.subscribe(*types)


@pytest.mark.parametrize("bad", ["", "a/b", "a b", "x" * 101, "#"])
def test_names_that_could_be_misread_are_refused(client: Client, bad: str) -> None:
    with pytest.raises(InvalidInputError, match="name"):
        client.subscribe("job.*", name=bad)


def test_a_user_who_is_no_edge_is_told_so(url_of: Callable[[str], str]) -> None:
    with pytest.raises(BrokerRefusedError, match="renderer"):
        Client(url_of("renderer"))
