"""How fast the relay takes messages from an outbox to the broker, and what it costs when there is nothing to do.

``python -m benchmarks.outbox_relay``: starts a private PostgreSQL and RabbitMQ, prints one line per case, ends with
status 1 if PostgreSQL to RabbitMQ is slower than the promised 1,000 messages/s.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROMISED_PER_S = 1_000
IDLE_S = 5.0
QUEUE = "bench.relay"
NO_BROKER = "none"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run in a process of its own."""

    mode: str
    database: str
    broker: str
    database_url: str
    broker_url: str


def main() -> int:
    """Run all cases; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument(
        "--measure", nargs=3, metavar=("MODE", "DATABASE_URL", "BROKER_URL"), help=argparse.SUPPRESS
    )
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure, messages=arguments.messages)))
        return 0
    promised_kept = True
    print(f"{'process':8} {'database':11} {'broker':9} {'stored/s':>9} {'relayed/s':>10} {'idle CPU':>9}")
    for case in cases():
        result = run(case, arguments.messages)
        print(
            f"{case.mode:8} {case.database:11} {case.broker:9} {result['stored_per_s']:9.0f}"
            f" {result['relayed_per_s']:10.0f} {result['idle_cpu_percent']:8.2f}%"
        )
        if (case.database, case.broker) == ("postgresql", "rabbitmq"):
            promised_kept &= result["relayed_per_s"] >= PROMISED_PER_S
    print(
        f"promised: {PROMISED_PER_S} messages/s from PostgreSQL to RabbitMQ: {'kept' if promised_kept else 'MISSED'}"
    )
    return 0 if promised_kept else 1


def cases() -> Iterator[Case]:
    """Both databases, without and with a broker, green and in plain threads."""
    from deploy.local.servers import Servers

    servers = Servers(Path(".run"))
    try:
        servers.postgres.begin()
        rabbitmq, postgres = servers.rabbitmq.get(), servers.postgres.get()
        brokers = {"instant": NO_BROKER, "rabbitmq": rabbitmq.add_vhost("bench")}
        for mode in ("green", "threads"):
            for database in ("sqlite", "postgresql"):
                for broker, broker_url in brokers.items():
                    with tempfile.TemporaryDirectory() as folder:
                        name = f"bench_{mode}_{broker}"
                        url = f"sqlite:///{folder}" if database == "sqlite" else postgres.create_database(name)
                        yield Case(
                            mode=mode, database=database, broker=broker, database_url=url, broker_url=broker_url
                        )
    finally:
        servers.close()


def run(case: Case, messages: int) -> dict[str, float]:
    """Measure one case in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.outbox_relay", "--messages", str(messages)]
    command += ["--measure", case.mode, case.database_url, case.broker_url]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return result


def measure(mode: str, database_url: str, broker_url: str, *, messages: int) -> dict[str, float]:
    """Store messages, start a relay, wait until the broker has them all, then watch the relay idle."""
    if mode == "green":
        import eventlet

        eventlet.monkey_patch()
    from shared.bus.outbox import DURABLE, Outbox, outbox_table
    from shared.bus.relay import Relay
    from shared.db import new_metadata, open_database

    metadata = new_metadata()
    outbox = Outbox(outbox_table(metadata))
    database = open_database(database_url, schema="bench")
    with database.changing_schema() as connection:
        metadata.create_all(connection)
    stored_s = timed(lambda: store(database, outbox, messages))

    publish = confirmed_at_once if broker_url == NO_BROKER else rabbitmq_publisher(broker_url)
    publish([])  # connected before the clock starts
    counter = Counter(publish, messages)
    relay = Relay(database, outbox, counter.publish, DURABLE)
    relayed_s = timed(lambda: (relay.start(), counter.all_sent.wait()))
    idle = idle_cpu_percent()
    relay.stop()
    return {
        "stored_per_s": messages / stored_s,
        "relayed_per_s": messages / relayed_s,
        "idle_cpu_percent": idle,
    }


class Counter:
    """Passes batches on and tells when all messages were confirmed."""

    def __init__(self, publish: Callable[[Sequence[object]], None], total: int) -> None:
        self._publish = publish
        self._missing = total
        self.all_sent = threading.Event()

    def publish(self, batch: Sequence[object]) -> None:
        self._publish(batch)
        self._missing -= len(batch)
        if self._missing <= 0:
            self.all_sent.set()


def store(database, outbox, messages: int) -> None:
    """Store messages of many jobs, ten in a transaction."""
    from shared.bus.outgoing import fact
    from shared.clock import SystemClock
    from shared.contracts.envelope import Envelope
    from shared.ids import new_id

    for start in range(0, messages, 10):
        with database.transaction() as connection:
            for number in range(start, min(start + 10, messages)):
                envelope = Envelope(
                    id=new_id(),
                    source="/studiomatic/bench",
                    type="task.succeeded.v1",
                    time=SystemClock().now(),
                    jobid=f"job-{number % 50}",
                    accountid=new_id(),
                    data={"task_id": new_id(), "number": number, "key": "accounts/x/segments/" + "0" * 64},
                )
                outbox.add(connection, fact(envelope, "bench", mandatory=True))


def confirmed_at_once(_batch: Sequence[object]) -> None:
    """Publish to nowhere: what is left is the relay's own work."""


def rabbitmq_publisher(url: str) -> Callable[[Sequence[object]], None]:
    """Publishes with confirms, mandatory and persistent, into an empty quorum queue."""
    from kombu.connection import Connection

    from shared.bus.declare import declare
    from shared.bus.publisher import Publisher
    from shared.bus.topology import TOPOLOGY, events_of, listener

    with Connection(url) as connection:
        declare(connection, TOPOLOGY + events_of("bench") + listener(QUEUE, ("bench", "task.*")))
        connection.default_channel.queue_purge(QUEUE)
    return Publisher(url, timeout_s=30).publish


def idle_cpu_percent() -> float:
    """Share of one CPU that this process uses while the relay only asks."""
    wall, cpu = time.monotonic(), time.process_time()
    time.sleep(IDLE_S)
    return 100 * (time.process_time() - cpu) / (time.monotonic() - wall)


def timed(action: Callable[[], object]) -> float:
    """Seconds an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
