"""The private servers of a test run, and a clean place on each of them for every test that asks."""

from __future__ import annotations

import inspect
import itertools
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import boto3
import numpy as np
import pytest
from av.filter import Graph
from botocore.config import Config
from pydantic import SecretStr

ROOT = Path(__file__).parent.parent
# deploy/ is not part of the installed project; the servers are shared with the command line.
sys.path.insert(0, str(ROOT))

from deploy.local.postgres import PostgreSQL  # noqa: E402
from deploy.local.rabbitmq import RabbitMQ  # noqa: E402
from deploy.local.radosgw import Radosgw  # noqa: E402
from deploy.local.servers import S, Servers, StartedOnDemand  # noqa: E402
from shared.errors import StudiomaticError  # noqa: E402
from shared.storage import S3Location  # noqa: E402

#: Cheap tests first: a broken rule shows before the first server is up.
FOLDER_ORDER = ("unit", "contract", "integration", "e2e", "fault")
#: Marker of the tests that need a server -> fixture that gives the server.
SERVER_FIXTURES = {"rabbitmq": "rabbitmq", "postgres": "postgres", "s3": "radosgw"}

_SERVERS = pytest.StashKey[Servers]()
_NUMBERS = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by folder and mark those that use a server, before ``-m`` selects."""
    items.sort(key=_folder_rank)
    for item in items:
        for mark, fixture in SERVER_FIXTURES.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the servers that the selected tests need while the first tests already run."""
    if not session.config.option.collectonly:
        for server in {server for item in session.items for server in _needed_by(item)}:
            server.begin()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail, never skip, a test whose server cannot be had."""
    for server in _needed_by(item):
        _had(server)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Heal the servers, whatever the test pulled, before its fixtures clean up and the next test begins."""
    for server in _needed_by(item):
        server.heal()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop exactly what was started; when this is not reached, the guards of the servers do it."""
    if _SERVERS in config.stash:
        config.stash[_SERVERS].close()


@pytest.fixture(scope="session")
def rabbitmq(pytestconfig: pytest.Config) -> RabbitMQ:
    """The run's own broker. Tests may kill, restart, freeze or alarm it; it is healed after each test."""
    return _had(_servers(pytestconfig).rabbitmq)


@pytest.fixture
def rabbitmq_vhost(rabbitmq: RabbitMQ) -> Iterator[str]:
    """The ``amqp://`` address of an empty vhost for one test."""
    yield from _fresh_vhost(rabbitmq)


@pytest.fixture(scope="module")
def rabbitmq_module_vhost(rabbitmq: RabbitMQ) -> Iterator[str]:
    """The ``amqp://`` address of a vhost that the tests of one file share."""
    yield from _fresh_vhost(rabbitmq)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> PostgreSQL:
    """The run's own database server. Tests may kill, restart or freeze it; it is healed after each test."""
    return _had(_servers(pytestconfig).postgres)


@pytest.fixture
def postgres_url(postgres: PostgreSQL) -> Iterator[str]:
    """The ``postgresql+psycopg2://`` address of an empty database for one test, as its superuser."""
    yield from _fresh_database(postgres)


@pytest.fixture(scope="module")
def postgres_module_url(postgres: PostgreSQL) -> Iterator[str]:
    """The ``postgresql+psycopg2://`` address of a database that the tests of one file share."""
    yield from _fresh_database(postgres)


@pytest.fixture(scope="session")
def radosgw(pytestconfig: pytest.Config) -> Radosgw:
    """The run's own S3 server. Tests may kill, restart or freeze its gateway; it is healed after each test."""
    return _had(_servers(pytestconfig).radosgw)


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config, rabbitmq: RabbitMQ, postgres: PostgreSQL, radosgw: Radosgw) -> Servers:
    """All servers of the run, for a `Farm`, which uses them and does not own them."""
    return _servers(pytestconfig)


@pytest.fixture(scope="module")
def s3_location(radosgw: Radosgw) -> S3Location:
    """An empty bucket that the tests of one file share, with the keys of its owner. It ends with the server."""
    location = S3Location(
        bucket=f"test-{next(_NUMBERS)}",
        endpoint=radosgw.access.endpoint,
        access_key=SecretStr(radosgw.access.access_key),
        secret_key=SecretStr(radosgw.access.secret_key),
    )
    _make_bucket(location)
    return location


def _make_bucket(location: S3Location) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=location.endpoint,
        region_name=location.region,
        aws_access_key_id=location.access_key.get_secret_value(),
        aws_secret_access_key=location.secret_key.get_secret_value(),
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=location.bucket)
    client.close()


@pytest.fixture(scope="session")
def eventually() -> Callable[..., None]:
    """Wait for a condition instead of for a time: ``eventually(lambda: queue.empty(), within_s=5)``."""
    return _wait_until


def _fresh_vhost(rabbitmq: RabbitMQ) -> Iterator[str]:
    name = f"test-{next(_NUMBERS)}"
    yield rabbitmq.add_vhost(name)
    rabbitmq.delete_vhost(name)


def _fresh_database(postgres: PostgreSQL) -> Iterator[str]:
    name = f"test_{next(_NUMBERS)}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


def _servers(config: pytest.Config) -> Servers:
    if _SERVERS not in config.stash:
        config.stash[_SERVERS] = Servers(ROOT / ".run")
    return config.stash[_SERVERS]


def _wait_until(condition: Callable[[], object], *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not true within {within_s} s: {inspect.getsource(condition).strip()}")
        time.sleep(0.02)


def _needed_by(item: pytest.Item) -> list[StartedOnDemand[Any]]:
    marked = [mark for mark in SERVER_FIXTURES if item.get_closest_marker(mark)]
    return [getattr(_servers(item.config), SERVER_FIXTURES[mark]) for mark in marked]


def _had(server: StartedOnDemand[S]) -> S:
    try:
        return server.get()
    except StudiomaticError as error:
        failure = pytest.fail.Exception(error.message, pytrace=False)
    raise failure


def _folder_rank(item: pytest.Item) -> int:
    return next((rank for rank, folder in enumerate(FOLDER_ORDER) if folder in item.path.parts), len(FOLDER_ORDER))


@pytest.fixture
def independent_loudness() -> Callable[[Iterable[np.ndarray]], tuple[float, float]]:
    """FFmpeg's own meter (EBU R 128): integrated loudness [LUFS] and true peak [dBTP] of 48 kHz stereo parts."""
    return _measured_by_ffmpeg


def _measured_by_ffmpeg(parts: Iterable[np.ndarray]) -> tuple[float, float]:
    graph = Graph()
    source = graph.add_abuffer(sample_rate=48_000, format="fltp", layout="stereo")
    meter, sink = graph.add("ebur128", "metadata=1:framelog=quiet:peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    heard = np.concatenate(list(parts), axis=1).astype(np.float32)
    padded = np.pad(heard, ((0, 0), (0, max(0, 19_200 - heard.shape[1]))))  # it measures blocks of 400 ms
    source.push(_audio_frame(padded))
    source.push(None)
    answers: dict[str, str] = {}
    try:
        while True:
            answers = sink.pull().metadata or answers
    except av.EOFError:
        peak = float(answers["lavfi.r128.true_peak"])
        return float(answers["lavfi.r128.I"]), 20 * math.log10(peak) if peak > 0 else -math.inf


def _audio_frame(samples: np.ndarray) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts = 48_000, 0
    return frame
