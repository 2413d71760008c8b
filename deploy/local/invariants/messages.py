"""No work waits in a queue, and every dead letter is explained."""

# mypy: allow-untyped-calls
# (kombu is only partly annotated)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from kombu.connection import Connection
from sqlalchemy import select

from services.content.tables import CANCELLED_JOBS
from services.orchestrator.tables import INBOX, TASKS
from shared.bus.connection import broker_connection
from shared.bus.topology import TOPOLOGY, UNREADABLE_QUEUE, Topology, dead_queue
from shared.contracts.envelope import Envelope, decode
from shared.contracts.jobs import JobCancelling, TaskState
from shared.db import Database
from shared.errors import InvalidMessageError

MOST_READ = 100
"""Dead letters that are read from one queue; more are no news."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A message that nobody could handle, and the queue it ended in."""

    queue: str
    body: bytes


class BrokerLook:
    """Reads queues over AMQP without taking anything out of them."""

    def __init__(self, bus_url: str, topology: Topology = TOPOLOGY) -> None:
        self._connection: Connection = broker_connection(bus_url)
        self._topology = topology

    def __enter__(self) -> Self:
        self._connection.ensure_connection(max_retries=3, interval_start=0.5)
        self._channel = self._connection.channel()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.release()

    def depths(self) -> dict[str, int]:
        """Messages ready for delivery in every queue of the topology."""
        return {
            queue.name: self._channel.queue_declare(queue.name, passive=True).message_count
            for queue in self._topology.queues
        }

    def dead_letters(self) -> list[DeadLetter]:
        """What lies in the dead letter queues; it goes back when the connection is closed.

        Going back counts as a delivery, of which a dead letter queue allows a limited number, so only queues that
        hold something are read.
        """
        depths = self.depths()
        dead = [name for name, depth in depths.items() if _is_dead(name) and depth]
        return [letter for name in dead for letter in self._read(name, depths[name])]

    def _read(self, queue: str, depth: int) -> Iterator[DeadLetter]:
        for _ in range(min(depth, MOST_READ)):
            message = self._channel.basic_get(queue, no_ack=False)
            if message is None:
                return
            body = message.body
            yield DeadLetter(queue=queue, body=body.encode() if isinstance(body, str) else bytes(body))


def queue_violations(depths: Mapping[str, int]) -> Iterator[str]:
    """Queues in which work waits."""
    for name, depth in depths.items():
        if depth and not _is_dead(name):
            yield f"{depth} messages wait in queue {name}"


def dead_letter_violations(
    letters: Iterable[DeadLetter], orchestrator: Database, content: Database
) -> Iterator[str]:
    """Dead letters of which something was lost; one whose news arrived another way is explained."""
    for letter in letters:
        try:
            envelope = decode(letter.body)
        except InvalidMessageError as error:
            yield f"queue {letter.queue} holds a message that nobody can read: {error.message}"
            continue
        if not _is_explained(envelope, letter.queue, orchestrator, content):
            name = f"{envelope.type} {envelope.id} of job {envelope.jobid}"
            yield f"queue {letter.queue} holds {name}, which nobody handled"


def _is_explained(envelope: Envelope, queue: str, orchestrator: Database, content: Database) -> bool:
    if envelope.type == JobCancelling.type:
        return _knows_cancelled(content, envelope.jobid)
    if queue == dead_queue("orchestrator.attempts"):
        return _was_handled(orchestrator, envelope.id) or _task_has_ended(orchestrator, envelope)
    return False


def _was_handled(orchestrator: Database, message_id: str) -> bool:
    with orchestrator.reading() as connection:
        return connection.execute(select(INBOX).where(INBOX.c.message_id == message_id)).first() is not None


def _task_has_ended(orchestrator: Database, envelope: Envelope) -> bool:
    """A report that came to nothing is no loss once another execution did the task, or nobody wants it."""
    query = select(TASKS.c.state).where(TASKS.c.task_id == envelope.data.get("task_id"))
    with orchestrator.reading() as connection:
        state = connection.scalar(query)
    return state is not None and TaskState(state).is_terminal


def _knows_cancelled(content: Database, job_id: str | None) -> bool:
    query = select(CANCELLED_JOBS).where(CANCELLED_JOBS.c.job_id == job_id)
    with content.reading() as connection:
        return connection.execute(query).first() is not None


def _is_dead(queue: str) -> bool:
    return queue == UNREADABLE_QUEUE or queue.endswith(dead_queue(""))
