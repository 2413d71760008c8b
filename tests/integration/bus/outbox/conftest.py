from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from shared.bus.inbox import inbox_table
from shared.bus.outbox import Outbox, outbox_table
from shared.bus.outgoing import OutgoingMessage, fact
from shared.clock import SystemClock
from shared.contracts.envelope import Envelope
from shared.db import Database, new_metadata, open_database
from shared.ids import new_id

PROGRAMS = Path(__file__).parent / "programs"

METADATA = new_metadata()
OUTBOX = outbox_table(METADATA)
INBOX = inbox_table(METADATA)


class Broker:
    """Takes messages as a broker does; ``refuse`` decides what happens instead."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []
        self.refuse: Callable[[Sequence[OutgoingMessage]], None] = lambda batch: None
        self._changed = threading.Condition()

    def publish(self, batch: Sequence[OutgoingMessage]) -> None:
        self.refuse(batch)
        with self._changed:
            self.received += [outgoing.envelope for outgoing in batch]
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[Envelope]:
        """All messages received, once there are so many."""
        return self.wait_until(lambda received: len(received) >= count)

    def wait_until(self, enough: Callable[[list[Envelope]], bool]) -> list[Envelope]:
        """All messages received, once they are enough."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.received), timeout=20), self.received
            return list(self.received)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of both kinds, one after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url, schema="demo", pool_size=20)
    with opened.changing_schema() as connection:
        METADATA.create_all(connection)
    yield opened
    opened.close()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(OUTBOX)


@pytest.fixture
def inbox_rows() -> Table:
    return INBOX


@pytest.fixture
def make_message() -> Callable[..., OutgoingMessage]:
    """Makes facts; ``number`` says their place within a job."""

    def make(number: int = 0, *, job: str = "job", name: str = "started") -> OutgoingMessage:
        envelope = Envelope(
            id=new_id(),
            source="/studiomatic/demo",
            type=f"job.{name}.v1",
            time=SystemClock().now(),
            jobid=job,
            data={"number": number},
        )
        return fact(envelope, "demo", mandatory=True)

    return make


@pytest.fixture
def store(database: Database, outbox: Outbox) -> Callable[..., None]:
    """Stores messages, each in a transaction of its own."""

    def add(*messages: OutgoingMessage) -> None:
        for message in messages:
            with database.transaction() as connection:
                outbox.add(connection, message)

    return add


@pytest.fixture
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program of this folder to its end."""

    def run_program(name: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(PROGRAMS / name), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run_program
