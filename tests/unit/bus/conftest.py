"""Deliveries, reports and commands without a broker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.bus.executions import Executions
from shared.bus.performing import CommandPerformer
from shared.contracts.attempts import AttemptFact, AttemptProgressed
from shared.contracts.envelope import Envelope, enclose
from shared.contracts.tasks import TaskCommand, TaskResult
from shared.errors import BrokerUnavailableError
from shared.ids import new_id


@dataclass(kw_only=True)
class FakeDelivery:
    """A delivery that remembers how it was answered."""

    body: bytes
    delivery_count: int = 0
    headers: dict[str, object] = field(default_factory=dict)
    route: tuple[str, str] = ("", "")
    properties: dict[str, object] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)

    def ack(self) -> None:
        self.answers.append("ack")

    def requeue(self) -> None:
        self.answers.append("requeue")

    def dead_letter(self) -> None:
        self.answers.append("dead_letter")


class FakeReports:
    """Reports into a list; may be away for some calls, or know outcomes already."""

    def __init__(self) -> None:
        self.facts: list[AttemptFact] = []
        self.settled: set[str] = set()
        self.away = 0

    def is_settled(self, command: Envelope, /) -> bool:
        return command.id in self.settled

    def announce(self, fact: AttemptFact, command: Envelope) -> None:
        self._take(fact)

    def progress(self, fact: AttemptProgressed, command: Envelope) -> None:
        self._take(fact)

    def settle(self, fact: AttemptFact, command: Envelope) -> None:
        self._take(fact)
        self.settled.add(command.id)

    @property
    def types(self) -> list[str]:
        return [fact.type for fact in self.facts]

    def _take(self, fact: AttemptFact) -> None:
        if self.away:
            self.away -= 1
            raise BrokerUnavailableError
        self.facts.append(fact)


class LayBrick(TaskCommand):
    """A command for tests."""

    type = "mason.lay_brick.v1"


class BrickLaid(TaskResult):
    """A result for tests."""

    bricks: str = "red"


@dataclass(kw_only=True)
class Bench:
    """A performer and all that it uses."""

    performer: CommandPerformer
    reports: FakeReports
    executions: Executions
    stopping: threading.Event


def a_command(*, job_id: str = "job", message_id: str | None = None) -> Envelope:
    """A command in its envelope."""
    brick = LayBrick(task_id="task", attempt=1, deadline_s=60)
    return enclose(
        brick,
        source="/studiomatic/foreman",
        account_id="account",
        job_id=job_id,
        message_id=message_id or new_id(),
    )


def a_delivery(envelope: Envelope | None = None, **fields: Any) -> FakeDelivery:
    """A delivery of a message."""
    return FakeDelivery(body=(envelope or a_command()).encode(), **fields)


def a_bench(invoke: Callable[..., Any], *, slots: int = 1) -> Bench:
    """A performer that calls ``invoke``."""
    reports, executions, stopping = FakeReports(), Executions(), threading.Event()
    performer = CommandPerformer(
        service="mason",
        pool="mason",
        accepts=(LayBrick,),
        reports=reports,
        invoke=invoke,
        executions=executions,
        slots=slots,
        stopping=stopping,
    )
    return Bench(performer=performer, reports=reports, executions=executions, stopping=stopping)


@pytest.fixture
def bench() -> Callable[..., Bench]:
    return a_bench


@pytest.fixture
def command() -> Callable[..., Envelope]:
    return a_command


@pytest.fixture
def delivery() -> Callable[..., FakeDelivery]:
    return a_delivery


@pytest.fixture
def brick_laid() -> type[BrickLaid]:
    return BrickLaid
