"""The town: real processes of test services on each broker and database, and hands to disturb them with."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from deploy.local.postgres import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from shared.contracts.envelope import Envelope, enclose
from shared.contracts.jobs import JobCancelling
from shared.db import open_database
from shared.errors import DatabaseUnavailableError
from shared.ids import new_id

PROGRAM = Path(__file__).parent / "town" / "process.py"
MASTERS, MASONS = ("foreman", "clerk"), ("mason", "sculptor")
PATIENCE_S = 45.0


def eventually(condition: Callable[[], Any], *, within_s: float = PATIENCE_S, what: str = "") -> Any:
    """Wait until ``condition`` returns something true, and return that."""
    end = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {within_s:.0f} s: {what or condition}"
        time.sleep(0.03)
    return value


class CallFailedError(Exception):
    """A remote call that a process of the town made was answered with an error."""

    def __init__(self, error: dict[str, str]) -> None:
        super().__init__(str(error))
        self.type, self.code, self.message = error["type"], error["code"], error["message"]


class Process:
    """A running process of the town."""

    def __init__(self, services: tuple[str, ...], environment: dict[str, str], folder: Path) -> None:
        self.services = services
        self.log = folder / f"{'+'.join(services)}.log"
        with self.log.open("a") as log:
            self.popen = subprocess.Popen(
                [sys.executable, str(PROGRAM), *services],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **environment},
                text=True,
            )
        self._answers: dict[int, Queue[dict[str, Any]]] = {}
        self._number = 0
        self._ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_until_ready(self) -> None:
        eventually(lambda: self._ready.is_set() or self.popen.poll() is not None, what=f"{self.services} started")
        assert self._ready.is_set(), self.log.read_text()[-4000:]

    def ask(self, do: str, **fields: Any) -> Any:
        """Have the process do something and return how it ended."""
        self._number += 1
        number = self._number
        self._answers[number] = Queue()
        assert self.popen.stdin
        self.popen.stdin.write(json.dumps({"number": number, "do": do, **fields}) + "\n")
        self.popen.stdin.flush()
        try:
            answer = self._answers[number].get(timeout=PATIENCE_S)
        except Empty:
            raise AssertionError(f"{self.services} did not answer {do}: {self.log.read_text()[-4000:]}") from None
        if "error" in answer:
            raise CallFailedError(answer["error"])
        return answer["result"]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of its log with that event."""
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == name]

    def counted(self, name: str, /, **labels: str) -> float:
        """A number of its metrics page; 0 if it tells none."""
        port = self.events("metrics_served")[-1]["port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            families = text_string_to_metric_families(answer.read().decode())
            samples = [sample for family in families for sample in family.samples]
        return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def end(self) -> int:
        """Wait for its end and return its exit code."""
        return self.popen.wait(PATIENCE_S)

    def _read(self) -> None:
        assert self.popen.stdout
        for line in self.popen.stdout:
            answer = json.loads(line)
            if answer.get("ready"):
                self._ready.set()
            else:
                self._answers[answer["number"]].put(answer)


@dataclass(kw_only=True)
class Town:
    """The services on one broker and one database.

    On RabbitMQ masters and masons have a process each, on the in-memory broker all share one.
    """

    broker: str
    database: str
    bus_url: str
    database_url: str
    folder: Path

    def __post_init__(self) -> None:
        self.processes: dict[str, Process] = {}
        self._databases = {
            name: open_database(self.database_url, schema=name) for name in ("foreman", "clerk", "mason")
        }

    @property
    def name(self) -> str:
        return f"{self.broker}-{self.database}"

    def start(self, **settings: str) -> Town:
        """Start whoever is not running."""
        self.begin(**settings)
        for process in set(self.processes.values()):
            process.wait_until_ready()
        return self

    def begin(self, **settings: str) -> None:
        """Start whoever is not running, without waiting."""
        groups = (MASTERS + MASONS,) if self.broker == "memory" else (MASTERS, MASONS)
        begun = [
            Process(group, self._environment(settings), self.folder)
            for group in groups
            if group[0] not in self.processes
        ]
        for process in begun:
            self.processes.update(dict.fromkeys(process.services, process))

    def process_of(self, service: str) -> Process:
        return self.processes[service]

    def kill(self, service: str) -> None:
        """End the process of a service as a power cut would."""
        process = self.processes[service]
        process.signal(signal.SIGKILL)
        process.end()
        self._forget(process)

    def stop(self, service: str) -> int:
        """Ask the process of a service to stop; returns its exit code."""
        process = self.processes[service]
        process.signal(signal.SIGTERM)
        code = process.end()
        self._forget(process)
        return code

    def close(self) -> None:
        for process in set(self.processes.values()):
            process.popen.kill()
            process.popen.wait()
        for database in self._databases.values():
            database.close()

    def order(self, how: str = "well", pool: str = "mason", **fields: Any) -> str:
        """Have a wall built; returns its task id."""
        task_id = new_id()
        self.call("OrderWall", task_id=task_id, how=how, pool=pool, **fields)
        return task_id

    def cancel(self, job_id: str) -> None:
        """Say that a job is being cancelled, as the orchestrator does."""
        body = JobCancelling(job_id=job_id, project_id="project")
        self.publish(
            "orchestrator.events",
            "job.cancelling",
            enclose(body, source="/studiomatic/orchestrator", job_id=job_id),
        )

    def call(self, query: str, **fields: Any) -> Any:
        return self.processes["foreman"].ask("call", query=query, reply="WallOrdered", **fields)

    def publish(self, exchange: str, routing_key: str, message: Envelope | bytes, times: int = 1) -> None:
        body = message if isinstance(message, bytes) else message.model_dump_json(exclude_none=True).encode()
        self.processes["foreman"].ask(
            "publish",
            exchange=exchange,
            routing_key=routing_key,
            body=base64.b64encode(body).decode(),
            times=times,
        )

    def counted(self, service: str, name: str, /, **labels: str) -> float:
        """A number that the process of a service tells of itself."""
        return self.processes[service].counted(name, **labels)

    def depth(self, queue: str) -> int:
        return int(self.processes["foreman"].ask("depth", queue=queue))

    def rows(self, service: str, query: str, **values: Any) -> list[dict[str, Any]]:
        """Read a service's tables; nothing while its database is away."""
        try:
            with self._databases[service].reading() as connection:
                return [dict(row) for row in connection.execute(text(query), values).mappings()]
        except DatabaseUnavailableError:
            return []

    def wall(self, task_id: str) -> dict[str, Any]:
        rows = self.rows("foreman", "SELECT * FROM walls WHERE task_id = :task_id", task_id=task_id)
        return rows[0] if rows else {"state": "unknown"}

    def wait_for(self, task_id: str, *states: str, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until a wall is in one of ``states``."""
        eventually(
            lambda: self.wall(task_id)["state"] in states, within_s=within_s, what=f"{states} on {self.name}"
        )
        return self.wall(task_id)

    def notes(self, **what: Any) -> list[dict[str, Any]]:
        """What the workers wrote down about their doings."""
        path = self.folder / "executions.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if all(line.get(key) == value for key, value in what.items())]

    def facts(self, task_id: str) -> list[str]:
        """Types of the facts the foreman took in, in order, each once."""
        query = "SELECT type FROM heard WHERE task_id = :task_id ORDER BY number"
        return [row["type"] for row in self.rows("foreman", query, task_id=task_id)]

    def told_to_clerk(self, task_id: str) -> int:
        """How often the clerk noted that a wall is done with."""
        return len(self.rows("clerk", "SELECT 1 FROM heard WHERE task_id = :task_id", task_id=task_id))

    def outbox_has(self, service: str, task_id: str, message_type: str) -> bool:
        """Whether a service stored a message about a wall."""
        rows = self.rows(service, "SELECT body FROM outbox WHERE type = :type", type=message_type)
        return any(json.loads(row["body"])["data"].get("task_id") == task_id for row in rows)

    def eventually(self, condition: Callable[[], Any], *, within_s: float = PATIENCE_S) -> Any:
        """Wait until ``condition`` returns something true, and return that."""
        return eventually(condition, within_s=within_s, what=f"on {self.name}")

    def _forget(self, process: Process) -> None:
        self.processes = {name: other for name, other in self.processes.items() if other is not process}

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        return {
            "TOWN_FOLDER": str(self.folder),
            "TOWN_DATABASE": self.database_url,
            "STUDIO_BUS_URL": self.bus_url,
            "STUDIO_LEASE_S": "3",
            "STUDIO_STOP_GRACE_S": "3",
            "STUDIO_METRICS_PORT": "0",
            **settings,
        }


@pytest.fixture(scope="session")
def towns(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], Town]]:
    """Gives the running town of a broker and a database; all that the selected tests need start at once."""
    built = {key: _build(*key, request, tmp_path_factory) for key in _wanted(request.session.items)}
    for each in built.values():
        each.begin()
    yield lambda broker, database: built[broker, database].start()
    for each in built.values():
        each.close()


def _wanted(items: list[pytest.Item]) -> set[tuple[str, str]]:
    """The towns that the selected tests ask for."""
    wanted: set[tuple[str, str]] = set()
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "town" in fixtures and hasattr(item, "callspec"):  # other folders have towns of their own
            wanted.add(item.callspec.params["town"])
        wanted.update(key for name, keys in SHARED_TOWNS.items() if name in fixtures for key in keys)
    return wanted


def _build(broker: str, database: str, request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Town:
    folder = folders.mktemp(f"{broker}-{database}")
    name = f"town_{broker}_{database}"
    bus_url, database_url = "memory://", f"sqlite:///{folder}"
    if broker == "rabbitmq":
        server: RabbitMQ = request.getfixturevalue("rabbitmq")
        bus_url = server.add_vhost(name)
        environment = {**os.environ, "STUDIO_BUS_URL": bus_url}
        subprocess.run([sys.executable, str(PROGRAM.with_name("declare.py"))], env=environment, check=True)
    if database == "postgresql":
        postgres: PostgreSQL = request.getfixturevalue("postgres")
        database_url = postgres.create_database(name)
    return Town(broker=broker, database=database, bus_url=bus_url, database_url=database_url, folder=folder)


@pytest.fixture
def call_failed() -> type[CallFailedError]:
    """What a refused remote call raises."""
    return CallFailedError


ALL_TOWNS = [
    pytest.param(("memory", "sqlite"), id="memory-sqlite"),
    pytest.param(("memory", "postgresql"), id="memory-postgresql", marks=pytest.mark.postgres),
    pytest.param(("rabbitmq", "sqlite"), id="rabbitmq-sqlite", marks=pytest.mark.rabbitmq),
    pytest.param(
        ("rabbitmq", "postgresql"),
        id="rabbitmq-postgresql",
        marks=[pytest.mark.rabbitmq, pytest.mark.postgres],
    ),
]


SHARED_TOWNS = {
    "rabbit_towns": (("rabbitmq", "sqlite"), ("rabbitmq", "postgresql")),
    "postgres_towns": (("memory", "postgresql"), ("rabbitmq", "postgresql")),
}
"""Fixtures that give all towns on one server."""


@pytest.fixture
def rabbit_towns(towns: Callable[[str, str], Town], rabbitmq: RabbitMQ) -> list[Town]:
    """The towns that share the broker."""
    return [towns(*key) for key in SHARED_TOWNS["rabbit_towns"]]


@pytest.fixture
def postgres_towns(towns: Callable[[str, str], Town], postgres: PostgreSQL) -> list[Town]:
    """The towns that share the database server."""
    return [towns(*key) for key in SHARED_TOWNS["postgres_towns"]]


@pytest.fixture(params=ALL_TOWNS)
def town(request: pytest.FixtureRequest, towns: Callable[[str, str], Town]) -> Town:
    """The running town of each broker and database in turn."""
    return towns(*request.param)
