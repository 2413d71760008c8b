"""A broker with the rights of a farm, and an orchestrator small enough to be told what happens when."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pika
import pytest

from deploy.local.rabbitmq import RabbitMQ
from shared.bus.definitions import definitions, hash_password
from shared.bus.outgoing import events_exchange, fact_key
from shared.bus.topology import REPLIES_EXCHANGE, TOPOLOGY, rpc_queue
from shared.contracts.attempts import ErrorInfo
from shared.contracts.calls import TIMEOUT_HEADER, CallFailed
from shared.contracts.envelope import Envelope, decode, enclose, read
from shared.contracts.jobs import (
    FactList,
    GetJob,
    JobFact,
    JobList,
    JobQueued,
    JobState,
    JobSucceeded,
    JobView,
    ListFacts,
    ListJobs,
    SubmitJob,
    TaskStarted,
)
from shared.contracts.message import Reply
from shared.contracts.references import AssetReference
from shared.ids import new_id
from studiomatic.client.address import parse_address
from studiomatic.client.channel import Fate
from studiomatic.client.link import Link

VHOST = "client"
ACCOUNT, STRANGER = "account-a", "account-b"
SOURCE = "/studiomatic/orchestrator"

UrlOf = Callable[[str], str]


@pytest.fixture(scope="module")
def url_of(rabbitmq: RabbitMQ) -> Iterator[UrlOf]:
    """The address of the broker for a user with exactly the rights of the generated definitions."""
    hashes = {rights.user: hash_password(f"{rights.user}-password") for rights in TOPOLOGY.rights}
    address = urlsplit(rabbitmq.add_vhost(VHOST))
    rabbitmq.import_definitions(json.dumps(definitions(TOPOLOGY, vhost=VHOST, password_hashes=hashes)))
    yield lambda user: f"amqp://{user}:{user}-password@{address.hostname}:{address.port}/{VHOST}"
    rabbitmq.delete_vhost(VHOST)


@pytest.fixture
def url(url_of: UrlOf) -> str:
    """The address for a client."""
    return url_of("edge")


@pytest.fixture
def connections(rabbitmq: RabbitMQ) -> Callable[[], int]:
    """How many connections there are to this vhost; others may be used by the tests of other files."""
    return lambda: rabbitmq.connections(VHOST)


@pytest.fixture
def queue_names(rabbitmq: RabbitMQ) -> Callable[[str], set[str]]:
    """The names of the queues that begin like this; also while some of them are being deleted."""
    listing = (
        "[begin {resource, _, queue, Name} = amqqueue:get_name(Queue), [Name, $\\n] end"
        f' || Queue <- rabbit_amqqueue:list(<<"{VHOST}">>)]'
    )
    return lambda prefix: {name for name in rabbitmq.control(listing).split() if name.startswith(prefix)}


@pytest.fixture
def kept_messages(rabbitmq: RabbitMQ) -> Callable[[str], int]:
    """How many messages a queue holds, those in the hands of its readers included."""
    return lambda queue: int(
        rabbitmq.control(
            f'begin {{ok, Q}} = rabbit_amqqueue:lookup({{resource, <<"{VHOST}">>, queue, <<"{queue}">>}}),'
            " [{messages, N}] = rabbit_amqqueue:info(Q, [messages]), integer_to_list(N) end"
        )
    )


@dataclass(kw_only=True)
class StoredJob:
    account_id: str
    facts: list[Envelope] = field(default_factory=list)


class Orchestrator:
    """Keeps facts, answers calls, and tells facts as an outbox does: at least once, in order, when a broker is there.

    Attributes:
        answers: Whether it answers calls; those that come meanwhile are never answered.
        timeouts_ms: What callers said about how long they wait.
    """

    def __init__(self, url: str) -> None:
        self._jobs: dict[str, StoredJob] = {}
        self._keys: dict[str, str] = {}
        self._untold: dict[str, Envelope] = {}
        self._closing = threading.Event()
        self._guard = threading.RLock()
        self.answers = True
        self.answered = 0
        self.timeouts_ms: list[int] = []
        self._link = Link(parse_address(url))
        self._link.on_open(setup=self._set_up, resume=self._tell)
        self._link.start()
        self._teller = threading.Thread(target=self._tell_again)
        self._teller.start()

    def close(self) -> None:
        self._closing.set()
        self._teller.join()
        self._link.close()

    def new_job(self, account_id: str = ACCOUNT) -> str:
        job_id = new_id()
        with self._guard:
            self._jobs[job_id] = StoredJob(account_id=account_id)
        self.happen(job_id, JobQueued(job_id=job_id, project_id="p", revision_id="r"))
        return job_id

    def happen(self, job_id: str, *facts: JobFact, told: bool = True) -> None:
        """Store facts, and tell them unless they are to be lost on the way."""
        with self._guard:
            job = self._jobs[job_id]
            for fact in facts:
                sequence = len(job.facts) + 1
                envelope = enclose(
                    fact, source=SOURCE, account_id=job.account_id, job_id=job_id, sequence=sequence
                )
                job.facts.append(envelope)
                if told:
                    self._untold[envelope.id] = envelope
                    self._link.submit(partial(self._tell_one, envelope))

    def work(self, job_id: str, steps: int) -> None:
        """Something happens, as often as that."""
        for number in range(steps):
            self.happen(job_id, started(job_id, number))

    def succeed(self, job_id: str) -> None:
        self.happen(job_id, JobSucceeded(job_id=job_id, project_id="p", files=()))

    def tell(self, envelope: Envelope | bytes, key: str = "job.started") -> None:
        """Publish whatever it is."""
        body = envelope if isinstance(envelope, bytes) else envelope.encode()
        self._link.submit(lambda channel: _publish(channel, key, body, lambda _fate: None))

    def jobs(self) -> int:
        with self._guard:
            return len(self._jobs)

    def _set_up(self, channel: Any) -> None:
        channel.amqp.basic_consume(rpc_queue("orchestrator"), partial(self._on_call, channel))

    def _tell(self, channel: Any) -> None:
        """Publish all that is not confirmed; a queue that looks for its leader neither confirms nor refuses."""
        with self._guard:
            untold = list(self._untold.values())
        for envelope in untold:
            self._tell_one(envelope, channel)

    def _tell_one(self, envelope: Envelope, channel: Any) -> None:
        _publish(channel, fact_key(envelope.type), envelope.encode(), partial(self._told, envelope))

    def _told(self, envelope: Envelope, fate: Fate) -> None:
        if fate is not Fate.REFUSED:
            with self._guard:
                self._untold.pop(envelope.id, None)

    def _tell_again(self) -> None:
        while not self._closing.wait(1):
            self._link.submit(self._tell)

    def _on_call(self, channel: Any, _amqp: Any, method: Any, properties: Any, body: bytes) -> None:
        channel.amqp.basic_ack(method.delivery_tag)
        self.timeouts_ms.append(properties.headers[TIMEOUT_HEADER])
        if self.answers:
            call = decode(body)
            answer = enclose(self._answer(call), source=SOURCE, cause=call)
            channel.amqp.basic_publish(REPLIES_EXCHANGE, properties.reply_to, answer.encode())
            self.answered += 1

    def _answer(self, call: Envelope) -> Reply:
        with self._guard:
            match call.type:
                case ListFacts.type:
                    return self._facts(call, read(call, ListFacts))
                case GetJob.type:
                    return self._job(call, read(call, GetJob).job_id)
                case ListJobs.type:
                    mine = [job_id for job_id, job in self._jobs.items() if job.account_id == call.accountid]
                    return JobList(jobs=tuple(self._view(job_id) for job_id in mine))
                case SubmitJob.type:
                    key = f"{call.accountid} {read(call, SubmitJob).idempotency_key}"
                    if key not in self._keys:
                        self._keys[key] = self.new_job(call.accountid or "")
                    return self._view(self._keys[key])
        raise AssertionError(f"{call.type} is not asked here")

    def _facts(self, call: Envelope, query: ListFacts) -> Reply:
        job = self._jobs.get(query.job_id)
        if job is None or job.account_id != call.accountid:
            return _not_found()
        page = job.facts[query.after_sequence : query.after_sequence + query.limit]
        return FactList(facts=tuple(page), last_sequence=len(job.facts))

    def _job(self, call: Envelope, job_id: str) -> Reply:
        job = self._jobs.get(job_id)
        return self._view(job_id) if job is not None and job.account_id == call.accountid else _not_found()

    def _view(self, job_id: str) -> JobView:
        facts = self._jobs[job_id].facts
        ended = bool(facts) and facts[-1].type == JobSucceeded.type
        return JobView(
            job_id=job_id,
            project_id="p",
            revision_id="r",
            state=JobState.SUCCEEDED if ended else JobState.RUNNING,
            reason="",
            created_at=datetime(2030, 1, 1, tzinfo=UTC),
            percent=0,
            last_sequence=len(facts),
        )


@pytest.fixture
def orchestrator(url_of: UrlOf, rabbitmq: RabbitMQ, eventually: Callable[..., None]) -> Iterator[Orchestrator]:
    """The only orchestrator on this broker, with its call queue empty."""
    found = Orchestrator(url_of("orchestrator"))
    yield found
    found.close()


def started(job_id: str, number: int) -> TaskStarted:
    return TaskStarted(
        job_id=job_id, project_id="p", task_id=f"task-{number}", stage="render", attempt=1, worker="renderer@a:1"
    )


def asset(account_id: str = ACCOUNT) -> AssetReference:
    return AssetReference(
        key=f"accounts/{account_id}/assets/{'0' * 64}", sha256="0" * 64, size_bytes=1, media_type="image/png"
    )


def _not_found() -> Reply:
    return CallFailed(error=ErrorInfo(code="not_found", message="there is no such job"))


def _publish(channel: Any, key: str, body: bytes, settled: Callable[[Fate], None]) -> None:
    properties = pika.BasicProperties(delivery_mode=2, message_id=new_id())
    channel.publish(events_exchange("orchestrator"), key, body, properties, settled)
