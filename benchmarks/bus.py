"""What the bus costs, as ratios measured in one run: ``python -m benchmarks.bus``.

Absolute numbers depend on the machine and its load, so each of ours stands beside the same work done with plain
pika on the same broker, in alternating rounds; the medians are compared.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pika
import psutil

from benchmarks.bus_messages import CALLS, PAYLOAD, TOPOLOGY, Said, Say, calls_per_second
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.run_folder import RunFolder
from shared.bus.connection import broker_connection
from shared.bus.declare import declare
from shared.bus.outgoing import OutgoingMessage
from shared.bus.publisher import Publisher
from shared.bus.topology import Binding, Exchange, ExchangeKind, Queue, QueueKind, Topology
from shared.contracts.envelope import decode, enclose, read

ROOT = Path(__file__).parent.parent
ROUNDS = 5
PUBLISHES = 300
IDLE_S = 10.0

SINK = Topology(
    exchanges=(Exchange(name="sink", kind=ExchangeKind.DIRECT),),
    queues=(Queue(name="sink", kind=QueueKind.QUORUM),),
    bindings=(Binding(exchange="sink", queue="sink", routing_key="sink"),),
)


def main() -> int:
    """Measure and print; returns 1 if a promise is broken."""
    broker = RabbitMQ(RunFolder(ROOT / ".run"))
    try:
        broker.start()
        results = list(measure(broker.url()))
    finally:
        broker.close()
    for name, value, unit, promise, kept in results:
        print(f"{name:<58} {value:>10.2f} {unit:<9} {promise:<12} {'' if kept else 'BROKEN'}")
    return 0 if all(kept for *_, kept in results) else 1


def measure(url: str) -> Iterator[tuple[str, float, str, str, bool]]:
    """All results: name, value, unit, promise, whether it is kept."""
    with broker_connection(url) as connection:
        declare(connection, TOPOLOGY + SINK)
    cost = envelope_cost_us()
    yield "envelope, encode and decode", cost, "us", "< 50", cost < 50
    with echo("bus_echo", url, "ours"), echo("pika_echo", url):
        ours, plain = alternate(lambda: calls_per_second(url), lambda: pika_calls_per_second(url))
    yield "remote calls, ours", ours, "/s", "", True
    yield "remote calls, plain pika", plain, "/s", "", True
    yield "remote calls, ours : pika", ours / plain, "x", ">= 0.4", ours / plain >= 0.4
    ours, plain = alternate(lambda: publishes_per_second(url), lambda: pika_publishes_per_second(url))
    yield "confirmed publishes one by one, ours", ours, "/s", "", True
    yield "confirmed publishes one by one, plain pika", plain, "/s", "", True
    yield "confirmed publishes, ours : pika", ours / plain, "x", ">= 0.5", ours / plain >= 0.5
    batched = publishes_per_second(url, batch=100)
    yield "confirmed publishes in batches of 100, ours", batched, "/s", "", True
    memory, rabbit = alternate(lambda: both_ends("memory://"), lambda: both_ends(url))
    yield "remote calls within one process, in memory", memory, "/s", "", True
    yield "remote calls within one process, RabbitMQ", rabbit, "/s", "", True
    yield "remote calls, in memory : RabbitMQ", memory / rabbit, "x", "", True
    for name, address in (("RabbitMQ", url), ("in memory", "memory://")):
        idle = idle_cpu_percent(address)
        yield f"CPU of an idle process, {name}", idle, "% of a core", "< 1", idle < 1


def alternate(ours: Callable[[], float], plain: Callable[[], float]) -> tuple[float, float]:
    """Medians of both, measured in turns."""
    pairs = [(ours(), plain()) for _ in range(ROUNDS)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def envelope_cost_us() -> float:
    """CPU time to enclose, encode, decode and read one message [us]; the best of many rounds, as timeit advises."""
    message = Say(text=PAYLOAD)

    def round_trip() -> float:
        began = time.process_time()
        for _ in range(200):
            read(decode(enclose(message, source="/studiomatic/bench", account_id="a", job_id="j").encode()), Say)
        return (time.process_time() - began) * 1_000_000 / 200

    return min(round_trip() for _ in range(50))


def pika_calls_per_second(url: str) -> float:
    """Call the pika echo one call after the other."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    answers: list[bytes] = []
    channel.basic_consume(queue, lambda _c, _m, _p, body: answers.append(body), auto_ack=True)
    options = pika.BasicProperties(reply_to=queue, correlation_id="1")
    body = enclose(Say(text=PAYLOAD), source="/studiomatic/bench").encode()
    began = time.perf_counter()
    for number in range(CALLS):
        channel.basic_publish("", "pika.rpc", body, options)
        while len(answers) <= number:
            connection.process_data_events(time_limit=None)
    rate = CALLS / (time.perf_counter() - began)
    connection.close()
    return rate


def publishes_per_second(url: str, batch: int = 1) -> float:
    """Publish with our publisher into a quorum queue."""
    publisher = Publisher(url)
    envelopes = [enclose(Said(text=PAYLOAD), source="/studiomatic/bench") for _ in range(PUBLISHES)]
    messages = [
        OutgoingMessage(envelope=each, exchange="sink", routing_key="sink", mandatory=True) for each in envelopes
    ]
    publisher.publish(messages[:1])
    began = time.perf_counter()
    for start in range(0, PUBLISHES, batch):
        publisher.publish(messages[start : start + batch])
    rate = PUBLISHES / (time.perf_counter() - began)
    publisher.close()
    return rate


def pika_publishes_per_second(url: str) -> float:
    """Publish with pika into the same queue, confirmed and mandatory."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    body = enclose(Said(text=PAYLOAD), source="/studiomatic/bench").encode()
    options = pika.BasicProperties(delivery_mode=2)
    began = time.perf_counter()
    for _ in range(PUBLISHES):
        channel.basic_publish("sink", "sink", body, options, mandatory=True)
    rate = PUBLISHES / (time.perf_counter() - began)
    connection.close()
    return rate


def both_ends(url: str) -> float:
    """Calls per second when caller and service share a process."""
    with echo("bus_echo", url, "both-ends") as process:
        assert process.stdout
        return float(process.stdout.readline())


def idle_cpu_percent(url: str) -> float:
    """CPU time of a process with a service that has nothing to do [% of a core]."""
    with echo("bus_echo", url, "ours") as process:
        watched = psutil.Process(process.pid)
        began, used = time.monotonic(), sum(watched.cpu_times()[:2])
        while time.monotonic() - began < IDLE_S:
            time.sleep(0.5)
        return 100 * (sum(watched.cpu_times()[:2]) - used) / (time.monotonic() - began)


@contextmanager
def echo(module: str, url: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running echo process."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, "STUDIO_BUS_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    try:
        yield process
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
