"""A tiny town: the foreman orders walls, the mason and the sculptor build them, the clerk notes what stands.

The mason reports through an outbox, the sculptor has no database and reports straight to the broker.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contracts import (
    AskNonsense,
    BuildWall,
    OrderWall,
    WallBuilt,
    WallFinished,
    WallOrdered,
)
from eventlet.patcher import original
from sqlalchemy import Connection, insert
from store import HEARD, INBOX, METADATA, OUTBOX, TERMINAL, change, is_ordered, order

from shared.bus.context import Caller, TaskContext
from shared.bus.dependency import Provided, Wiring
from shared.bus.entrypoints import answer, listen, task
from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.bus.outgoing import command, fact
from shared.bus.relay import Relay
from shared.bus.reports import OutboxReports
from shared.contracts.attempts import ATTEMPT_FACTS, AttemptFact, AttemptFailed
from shared.contracts.envelope import Envelope, enclose, read
from shared.db import open_database
from shared.errors import (
    BadMediaError,
    ConflictError,
    NotFoundError,
    StorageUnavailableError,
    TaskDeferredError,
    TaskFailedError,
    UnknownTypeError,
)

SCENE = Path(os.environ["TOWN_FOLDER"])
SLOTS = 4
SAGA, SAGA_S = "saga-", 1.5


def note(**what: object) -> None:
    """Write one line that outlives the process."""
    with (SCENE / "executions.jsonl").open("a") as file:
        file.write(json.dumps({**what, "pid": os.getpid(), "at": time.time()}) + "\n")


def times_noted(**what: object) -> int:
    """How many lines say all that."""
    path = SCENE / "executions.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return sum(all(json.loads(line).get(key) == value for key, value in what.items()) for line in lines)


class Books:
    """A service's database, outbox, inbox and relay."""

    def __init__(self, wiring: Wiring, service: str) -> None:
        self.database = open_database(os.environ["TOWN_DATABASE"], schema=service)
        with self.database.changing_schema() as connection:
            METADATA.create_all(connection)
        self.outbox = Outbox(OUTBOX)
        self.inbox = Inbox(INBOX)
        self.relay = Relay(self.database, self.outbox, wiring.publisher.publish, wiring.epoch)

    def start(self) -> None:
        self.relay.start()

    def stop(self) -> None:
        self.relay.stop()
        self.database.close()


class MasonBooks(Books):
    """The mason also reports through them."""

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring, "mason")
        self.reports = OutboxReports(self.database, self.outbox, self.inbox, wiring.publisher, "mason")


@dataclass(frozen=True, kw_only=True)
class Work:
    """One way of building a wall after the other."""

    order: BuildWall
    context: TaskContext

    def do(self) -> WallBuilt:
        note(event="began", task=self.order.task_id, execution=self.context.execution_id)
        result: WallBuilt = getattr(self, f"build_{self.order.how}")()
        note(event="ended", task=self.order.task_id, execution=self.context.execution_id)
        return result

    def build_well(self) -> WallBuilt:
        return WallBuilt(bricks="red")

    def build_slowly(self) -> WallBuilt:
        end = time.monotonic() + self.order.seconds
        while time.monotonic() < end:
            self.context.progress(1, 2)
            self.context.cancelled.wait(0.05)
            self.context.raise_if_cancelled()
        return WallBuilt(bricks="red")

    def build_slowly_at_first(self) -> WallBuilt:
        if times_noted(event="began", task=self.order.task_id) == 1:
            return self.build_slowly()
        return WallBuilt(bricks="red")

    def build_stubbornly(self) -> WallBuilt:
        time.sleep(self.order.seconds)
        return WallBuilt(bricks="red")

    def build_blocking(self) -> WallBuilt:
        original("time").sleep(self.order.seconds)
        return WallBuilt(bricks="red")

    def build_too_much(self) -> WallBuilt:
        return WallBuilt(bricks="red" * 200_000)

    def build_later(self) -> WallBuilt:
        raise TaskDeferredError("it rains", until=datetime(2031, 1, 1, tzinfo=UTC), limit_key="weather")

    def build_badly(self) -> WallBuilt:
        raise TaskFailedError("the sand is wet", code="mason.wet_sand", retryable=True)

    def build_of_rubbish(self) -> WallBuilt:
        raise BadMediaError("that is no brick")

    def build_nowhere(self) -> WallBuilt:
        raise NotFoundError("there is no such place")

    def build_drunk(self) -> WallBuilt:
        raise ZeroDivisionError("secret of the mason")

    def build_when_the_store_opens(self) -> WallBuilt:
        if times_noted(event="began", task=self.order.task_id) <= self.order.times:
            raise StorageUnavailableError
        return WallBuilt(bricks="red")


class Mason:
    """Builds walls and keeps books."""

    name = "mason"
    books = Provided(MasonBooks)

    @task("mason", accepts=(BuildWall,), slots=SLOTS)
    def build(self, order: BuildWall, context: TaskContext) -> WallBuilt:
        return Work(order=order, context=context).do()


class Sculptor:
    """Builds walls and keeps no books."""

    name = "sculptor"

    @task("sculptor", accepts=(BuildWall,), slots=1)
    def build(self, order: BuildWall, context: TaskContext) -> WallBuilt:
        return Work(order=order, context=context).do()


STATES = {
    "attempt.started.v1": "running",
    "attempt.deferred.v1": "deferred",
    "attempt.succeeded.v1": "succeeded",
    "attempt.failed.v1": "failed",
}
CONTRACTS = {contract.type: contract for contract in ATTEMPT_FACTS}


class Foreman:
    """Orders walls, follows their building and tells when they are done with."""

    name = "foreman"
    books: Books = Provided(lambda wiring: Books(wiring, "foreman"))  # type: ignore[assignment]

    @answer(OrderWall)
    def order_wall(self, query: OrderWall, caller: Caller) -> WallOrdered:
        build = BuildWall(
            task_id=query.task_id,
            attempt=1,
            deadline_s=query.deadline_s,
            how=query.how,
            seconds=query.seconds,
            times=query.times,
        )
        envelope = enclose(build, source="/studiomatic/foreman", cause=caller.envelope, job_id=query.task_id)
        with self.books.database.transaction() as connection:
            if is_ordered(connection, query.task_id):
                raise ConflictError(f"{query.task_id} is ordered already")
            order(connection, query.task_id)
            self.books.outbox.add(connection, command(envelope, query.pool))
        return WallOrdered(task_id=query.task_id, account_id=caller.account_id)

    @answer(AskNonsense)
    def refuse(self, query: AskNonsense, caller: Caller) -> WallOrdered:
        note(event="asked", how=query.how)
        if query.how == "slowly":
            time.sleep(query.seconds)
            return WallOrdered(task_id="", account_id=caller.account_id)
        raise {
            "unknown": NotFoundError("there is no such wall"),
            "own": TaskFailedError("no", code="foreman.on_strike", retryable=True),
            "crash": ZeroDivisionError("secret of the foreman"),
        }[query.how]

    @listen("foreman.attempts")
    def follow(self, envelope: Envelope) -> None:
        contract = CONTRACTS.get(envelope.type)
        if contract is None:
            raise UnknownTypeError(f"{envelope.type} is no fact of an attempt")
        body = read(envelope, contract)
        with self.books.database.transaction() as connection:
            if self.books.inbox.first_time(connection, "foreman.attempts", envelope.id):
                self._record(connection, envelope, body)

    @listen("foreman.progress")
    def watch(self, envelope: Envelope) -> None:
        note(event="progressed", task=envelope.subject)

    def _record(self, connection: Connection, envelope: Envelope, body: AttemptFact) -> None:
        connection.execute(insert(HEARD).values(message_id=envelope.id, type=envelope.type, task_id=body.task_id))
        state = STATES[envelope.type]
        code = body.error.code if isinstance(body, AttemptFailed) else None
        if change(connection, body.task_id, state, body.execution_id, code) and state in TERMINAL:
            finished = WallFinished(task_id=body.task_id, state=state)
            told = enclose(finished, source="/studiomatic/foreman", subject=body.task_id, cause=envelope)
            self.books.outbox.add(connection, fact(told, "foreman"))


class Clerk:
    """Notes which walls are done with, and what could never be delivered."""

    name = "clerk"
    books: Books = Provided(lambda wiring: Books(wiring, "clerk"))  # type: ignore[assignment]

    @listen("clerk.walls")
    def note_wall(self, envelope: Envelope) -> None:
        body = read(envelope, WallFinished)
        with self.books.database.transaction() as connection:
            if self.books.inbox.first_time(connection, "clerk.walls", envelope.id):
                connection.execute(
                    insert(HEARD).values(message_id=envelope.id, type=envelope.type, task_id=body.task_id)
                )

    @listen("clerk.sagas")
    def sing(self, envelope: Envelope) -> None:
        """Sing of a wall; a saga takes its time."""
        body = read(envelope, WallFinished)
        note(event="singing", task=body.task_id)
        if body.task_id.startswith(SAGA):
            time.sleep(SAGA_S)
        note(event="sung", task=body.task_id)

    @listen("clerk.curses")
    def note_curse(self, envelope: Envelope) -> None:
        note(event="cursed", message=envelope.id)
        raise ZeroDivisionError("no clerk can write this down")

    @listen("sculptor.dead")
    def bury(self, envelope: Envelope) -> None:
        note(event="buried", message=envelope.id)


SERVICES = {service.name: service for service in (Mason, Sculptor, Foreman, Clerk)}
