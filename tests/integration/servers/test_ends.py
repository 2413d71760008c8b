"""A run ends exactly what it started, however it ends, and stays out of the way of others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from deploy.local.postgres import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.radosgw import Radosgw
from deploy.local.run_folder import RunFolder

ROOT = Path(__file__).parents[3]

WAITING_TEST = """
import pathlib, signal

def test_waits_for_its_end(rabbitmq, postgres, radosgw):
    rabbitmq.control("rabbit:is_running()")
    pathlib.Path(__file__).with_name("ports").write_text(f"{rabbitmq.port} {postgres.port} {radosgw.port}")
    signal.pause()
"""

TEST_WITHOUT_SERVER = """
import deploy.local.programs
deploy.local.programs._which = lambda name: None

def test_needs_a_broker(rabbitmq):
    pass
"""


@contextmanager
def a_run_of(folder: Path, test: str) -> Iterator[subprocess.Popen[str]]:
    """Start a test run of its own, with the fixtures of this one."""
    (folder / "test_child.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-q", str(folder)]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield run
    finally:
        run.kill()
        run.communicate()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_the_end_of_a_run_leaves_no_process_and_does_not_touch_another_run(
    rabbitmq: RabbitMQ,
    postgres: PostgreSQL,
    radosgw: Radosgw,
    tmp_path: Path,
    eventually: Callable[..., None],
    end: signal.Signals,
) -> None:
    ports = tmp_path / "ports"
    with a_run_of(tmp_path, WAITING_TEST) as run:
        eventually(lambda: ports.exists() or run.poll() is not None, within_s=90)
        started = psutil.Process(run.pid).children(recursive=True)
        names = {process.name() for process in started}
        assert {"beam.smp", "epmd", "postgres", "ceph-mon", "ceph-osd", "radosgw"} <= names

        run.send_signal(end)
        run.communicate(timeout=60)

    assert psutil.wait_procs(started, timeout=20)[1] == []
    assert {rabbitmq.port, postgres.port, radosgw.port}.isdisjoint(map(int, ports.read_text().split()))
    assert rabbitmq.alive
    assert postgres.alive
    assert radosgw.alive


def test_everything_listens_on_loopback_only(rabbitmq: RabbitMQ, postgres: PostgreSQL, radosgw: Radosgw) -> None:
    rabbitmq.control("rabbit:is_running()")
    processes = psutil.Process().children(recursive=True)
    sockets = [socket for process in processes for socket in process.net_connections("inet")]
    listening = {socket.laddr for socket in sockets if socket.status == psutil.CONN_LISTEN}
    assert {rabbitmq.port, postgres.port, radosgw.port} <= {address.port for address in listening}
    assert {address.ip for address in listening} <= {"127.0.0.1", "::1"}


def test_a_test_whose_server_is_not_installed_fails_and_says_what_to_install(tmp_path: Path) -> None:
    with a_run_of(tmp_path, TEST_WITHOUT_SERVER) as run:
        output, _ = run.communicate(timeout=60)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "apt-get install --no-install-recommends rabbitmq-server" in output
    assert "skipped" not in output


def test_a_new_run_removes_what_a_killed_run_left_and_nothing_of_a_living_one(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    killed, living = RunFolder(tmp_path / ".run"), RunFolder(tmp_path / ".run")
    (killed.folder_for("postgres") / "data").symlink_to(elsewhere)
    os.close(killed.lock)

    newest = RunFolder(tmp_path / ".run")

    assert not killed.path.exists()
    assert not elsewhere.exists()
    assert living.path.exists()
    living.close()
    newest.close()


def test_only_the_logs_of_a_finished_run_stay(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / ".run")
    folder = run.folder_for("postgres")
    for name in ("postgres.log", "secret.conf"):
        (folder / name).touch()
    (folder / "data").mkdir()

    run.close()

    assert [entry.name for entry in folder.iterdir()] == ["postgres.log"]
