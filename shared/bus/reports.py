"""How a worker tells about its executions: straight to the broker, or through an outbox."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Protocol

from shared.bus.outgoing import OutgoingMessage, fact
from shared.contracts.attempts import AttemptFact, AttemptProgressed
from shared.contracts.envelope import Envelope, enclose


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
