"""How a worker tells about its executions: straight to the broker, or through an outbox."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Protocol

from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.bus.outgoing import OutgoingMessage, fact
from shared.contracts.attempts import AttemptFact, AttemptProgressed
from shared.contracts.envelope import Envelope, enclose
from shared.db import Database


class Publish(Protocol):
    """Sends messages and returns when the broker has confirmed them all."""

    def publish(self, messages: Sequence[OutgoingMessage]) -> None: ...


class Reports(Protocol):
    """Where the facts of executions go. Every method may raise ``InfrastructureError`` and is then repeated."""

    def is_settled(self, command: Envelope, /) -> bool:
        """Whether the outcome of this command was reported before; then it needs no work, only an ack."""
        ...

    def announce(self, fact: AttemptFact, command: Envelope) -> None:
        """Report what is not the outcome: started."""
        ...

    def progress(self, fact: AttemptProgressed, command: Envelope) -> None:
        """Report progress; may be lost."""
        ...

    def settle(self, fact: AttemptFact, command: Envelope) -> None:
        """Report the outcome; when this returns the command may be acknowledged."""
        ...


class DirectReports:
    """Reports of a service without a database: confirmed by the broker before the command is acknowledged.

    Args:
        service: Whose facts they are, e.g. ``renderer``.
    """

    def __init__(self, publisher: Publish, service: str) -> None:
        self._publisher = publisher
        self._service = service

    def is_settled(self, _command: Envelope, /) -> bool:
        return False

    def announce(self, fact: AttemptFact, command: Envelope) -> None:
        self._publisher.publish([attempt_fact(fact, command, self._service)])

    def progress(self, fact: AttemptProgressed, command: Envelope) -> None:
        self._publisher.publish([progress_fact(fact, command, self._service)])

    def settle(self, fact: AttemptFact, command: Envelope) -> None:
        self._publisher.publish([attempt_fact(fact, command, self._service)])


class OutboxReports:
    """Reports of a service with a database: the outcome is stored once, before the command is acknowledged.

    Started and progress go straight to the broker, they have nothing to be atomic with.

    Args:
        service: Whose facts they are, e.g. ``content``.
    """

    def __init__(self, database: Database, outbox: Outbox, inbox: Inbox, publisher: Publish, service: str) -> None:
        self._database = database
        self._outbox = outbox
        self._inbox = inbox
        self._direct = DirectReports(publisher, service)
        self._service = service
        self._consumer = f"{service}.tasks"

    def is_settled(self, command: Envelope, /) -> bool:
        with self._database.reading() as connection:
            return self._inbox.seen(connection, self._consumer, command.id)

    def announce(self, fact: AttemptFact, command: Envelope) -> None:
        self._direct.announce(fact, command)

    def progress(self, fact: AttemptProgressed, command: Envelope) -> None:
        self._direct.progress(fact, command)

    def settle(self, fact: AttemptFact, command: Envelope) -> None:
        outgoing = attempt_fact(fact, command, self._service)
        with self._database.transaction() as connection:
            if self._inbox.first_time(connection, self._consumer, command.id):
                self._outbox.add(connection, outgoing)


def attempt_fact(body: AttemptFact, command: Envelope, service: str) -> OutgoingMessage:
    """A fact of an attempt that must reach the orchestrator."""
    return fact(_answer(body, command, service), service, mandatory=True)


def progress_fact(body: AttemptProgressed, command: Envelope, service: str) -> OutgoingMessage:
    """A progress report; the next one replaces it, so it may be lost."""
    return fact(_answer(body, command, service), service, persistent=False)


def worker_name(service: str) -> str:
    """Which process works, e.g. ``renderer@host:1234``."""
    return f"{service}@{socket.gethostname()}:{os.getpid()}"


def _answer(body: AttemptFact, command: Envelope, service: str) -> Envelope:
    return enclose(body, source=f"/studiomatic/{service}", subject=body.task_id, cause=command)
