"""Services work under the rights of the generated definitions, and the broker refuses everything else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from amqp.exceptions import AccessRefused
from kombu.connection import Connection
from kombu.entity import Exchange, Queue

from deploy.local.rabbitmq import RabbitMQ
from shared.bus.rpc import RpcClient
from shared.contracts.jobs import GetJob, JobList, SubmitJob

PROGRAM = Path(__file__).parent / "programs" / "service.py"
VHOST = "rights"

UrlOf = Callable[[str], str]


@pytest.fixture
def services(url_of: UrlOf, tmp_path: Path) -> Iterator[None]:
    """Orchestrator and renderer, each with nothing but its own rights."""
    processes = []
    for name in ("orchestrator", "renderer"):
        with (tmp_path / f"{name}.log").open("w") as log:
            processes.append(
                subprocess.Popen(
                    [sys.executable, str(PROGRAM), name],
                    env={**os.environ, "STUDIO_BUS_URL": url_of(name)},
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            )
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", [path.read_text() for path in tmp_path.iterdir()]
    yield
    for process in processes:
        process.kill()
        process.wait()


def test_call_command_report_cancel_and_reply_all_fit_the_rights(services: None, url_of: UrlOf) -> None:
    client = RpcClient(url_of("edge"), user="edge")
    submit = SubmitJob(project_id="p", idempotency_key="k")
    assert client.call("orchestrator", submit, JobList, account_id="me", timeout_s=25) == JobList(jobs=())
    cancel = GetJob(job_id="job")
    assert client.call("orchestrator", cancel, JobList, account_id="me", timeout_s=25) == JobList(jobs=())
    client.close()


def refused(url: str, act: Callable[[Connection], object]) -> bool:
    """Whether the broker forbids ``act``."""
    with Connection(url, transport_options={"confirm_publish": True}) as connection:
        try:
            act(connection)
        except AccessRefused:
            return True
        return False


def publish(exchange: str, key: str) -> Callable[[Connection], object]:
    def act(connection: Connection) -> None:
        channel = connection.channel()
        channel.basic_publish(channel.prepare_message(b"x"), exchange=exchange, routing_key=key)

    return act


def read(queue: str) -> Callable[[Connection], object]:
    return lambda connection: connection.channel().basic_get(queue)


def declare(queue: str) -> Callable[[Connection], object]:
    return lambda connection: connection.channel().queue_declare(queue, exclusive=True)


def subscribe(user: str, exchange: str, key: str) -> Callable[[Connection], object]:
    def act(connection: Connection) -> None:
        name = f"control.{user}.test"
        queue = Queue(name, Exchange(exchange, no_declare=True), key, exclusive=True)(connection.channel())
        queue.queue_declare()
        queue.queue_bind()

    return act


def subscribe_durably(queue: str, exchange: str, key: str) -> Callable[[Connection], object]:
    """Leave a durable queue behind, bind it and read it."""

    def act(connection: Connection) -> None:
        channel = connection.channel()
        channel.queue_declare(queue, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(queue, exchange, key)
        channel.basic_get(queue)

    return act


@pytest.mark.parametrize(
    ("user", "act", "forbidden"),
    [
        pytest.param("renderer", publish("renderer.events", "attempt.started"), False, id="report"),
        pytest.param("renderer", publish("renderer.events", "job.succeeded"), True, id="fact of a job"),
        pytest.param("renderer", publish("content.events", "attempt.started"), True, id="report of others"),
        pytest.param("renderer", publish("studio.commands", "content-text"), True, id="command"),
        pytest.param("renderer", publish("", "content-text"), True, id="past the exchanges"),
        pytest.param("renderer", publish("studio.rpc", "orchestrator.submit_job"), True, id="call for somebody"),
        pytest.param("renderer", read("renderer"), False, id="own queue"),
        pytest.param("renderer", read("content-text"), True, id="queue of others"),
        pytest.param("renderer", read("renderer.dead"), True, id="dead letters"),
        pytest.param("renderer", declare("mine"), True, id="declare a queue"),
        pytest.param("renderer", declare("control.content.x"), True, id="control queue of others"),
        pytest.param(
            "renderer", subscribe("renderer", "orchestrator.events", "job.cancelling"), False, id="cancel"
        ),
        pytest.param("renderer", subscribe("renderer", "orchestrator.events", "#"), True, id="all facts"),
        pytest.param(
            "content", publish("studio.rpc", "orchestrator.submit_job"), True, id="content calls for somebody"
        ),
        pytest.param("edge", publish("studio.rpc", "orchestrator.submit_job"), False, id="edge calls"),
        pytest.param("edge", publish("studio.commands", "renderer"), True, id="edge commands"),
        pytest.param("edge", read("orchestrator.attempts"), True, id="edge reads reports"),
        pytest.param("edge", publish("studio.replies", "replies.edge.x"), True, id="edge forges an answer"),
        pytest.param(
            "edge",
            subscribe_durably("subscriptions.edge.mails", "orchestrator.events", "job.succeeded"),
            False,
            id="subscription",
        ),
        pytest.param(
            "edge",
            subscribe_durably("subscriptions.edge.all", "orchestrator.events", "#"),
            True,
            id="subscription to everything",
        ),
        pytest.param(
            "edge",
            subscribe_durably("subscriptions.edge.reports", "renderer.events", "attempt.started"),
            True,
            id="subscription to reports",
        ),
        pytest.param(
            "content",
            subscribe_durably("subscriptions.content.x", "orchestrator.events", "job.cancelling"),
            True,
            id="subscription of a worker",
        ),
        pytest.param("content", read("subscriptions.edge.mails"), True, id="subscription of others"),
        pytest.param("orchestrator", publish("studio.commands", "renderer"), False, id="orchestrator commands"),
        pytest.param("orchestrator", publish("content.events", "attempt.succeeded"), True, id="forged report"),
    ],
)
def test_the_broker_enforces_the_rights(
    url_of: UrlOf, user: str, act: Callable[[Connection], object], forbidden: bool
) -> None:
    assert refused(url_of(user), act) is forbidden


def test_a_subscription_outlives_its_subscriber_within_bounds(rabbitmq: RabbitMQ, url_of: UrlOf) -> None:
    queue = "subscriptions.edge.kept"
    with Connection(url_of("edge")) as connection:
        subscribe_durably(queue, "orchestrator.events", "job.*")(connection)
    with Connection(url_of("orchestrator"), transport_options={"confirm_publish": True}) as connection:
        publish("orchestrator.events", "job.succeeded")(connection)

    with Connection(url_of("edge")) as connection:
        message = connection.channel().basic_get(queue, no_ack=True)
    assert message is not None
    assert imposed_on(rabbitmq, queue) == "subscriptions"


def imposed_on(rabbitmq: RabbitMQ, queue: str) -> str:
    """Name of the policy that a queue is under."""
    lookup = f'rabbit_amqqueue:lookup(rabbit_misc:r(<<"{VHOST}">>, queue, <<"{queue}">>))'
    return rabbitmq.control(f"begin {{ok, Q}} = {lookup}, rabbit_policy:name(Q) end")
