"""The farm of a checkout as a person has it: ``farm up``, ``farm down``, and everything that dies in between."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local import guard
from deploy.local.ports import accepts_connections
from shared.bus.rpc import RpcClient
from shared.contracts.jobs import JobList, ListJobs
from shared.ids import AccountId

ROOT = Path(__file__).parents[3]
SERVICES = ["auth", "keyvault", "gdpr", "orchestrator", "content-1", "content-2", "renderer-1", "renderer-2"]


class Checkout:
    """The commands, in a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def farm(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", "farm", command, "--folder", str(self.folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def up(self) -> str:
        done = self.farm("up")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def down(self) -> str:
        done = self.farm("down")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def state(self) -> Any:
        return json.loads((self.folder / "state.json").read_text())

    def pids(self) -> list[int]:
        supervisor = self.state()["supervisor"]
        return [supervisor, *guard.descendants(supervisor)]

    def ports(self) -> list[int]:
        return [int(address.split()[0].rpartition(":")[2]) for address in self.state()["addresses"].values()]

    def settings(self) -> dict[str, str]:
        """What a shell has after sourcing the settings."""
        script = f"set -a; . {self.folder}/settings.env; set +a; exec env -0"
        shown = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True).stdout
        rows = (row.split("=", 1) for row in shown.split("\0") if row.startswith("STUDIO_"))
        return dict(rows)


@pytest.fixture(scope="module")
def checkout() -> Iterator[Checkout]:
    # Not pytest's own folder: the sockets of the servers must fit into 107 characters.
    checkout = Checkout(Path(tempfile.mkdtemp(prefix="farm-")))
    try:
        yield checkout
    finally:
        checkout.farm("down")
        shutil.rmtree(checkout.folder)


@pytest.fixture
def running(checkout: Checkout) -> Checkout:
    """The same farm for all tests, started again for a test whose predecessor ended it."""
    checkout.up()
    return checkout


def test_a_second_up_starts_nothing_and_shows_the_settings_again(running: Checkout) -> None:
    before = running.pids()
    shown = running.up()
    assert "already runs" in shown
    assert f". {running.folder}/settings.env" in shown
    assert all(f"{name:<12}  pid {running.state()['services'][name]}" in shown for name in SERVICES)
    assert running.pids() == before


def test_the_settings_are_private_and_lead_to_the_orchestrator(running: Checkout) -> None:
    file = running.folder / "settings.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    settings = running.settings()
    client = RpcClient(settings["STUDIO_BUS_URL"])
    try:
        account = AccountId(settings["STUDIO_ACCOUNT_ID"])
        assert client.call("orchestrator", ListJobs(), JobList, account_id=account).jobs == ()
    finally:
        client.close()


def test_what_is_shown_holds_no_password(running: Checkout) -> None:
    shown = running.up() + (running.folder / "state.json").read_text()
    password = running.settings()["STUDIO_BUS_URL"].split("@")[0].rpartition(":")[2]
    assert len(password) > 20
    assert password not in shown
    assert "amqp://" not in shown


def test_a_killed_renderer_comes_back_and_only_it(running: Checkout, eventually: Callable[..., None]) -> None:
    before = running.state()["services"]
    os.kill(before["renderer-1"], signal.SIGKILL)
    eventually(lambda: running.state()["services"]["renderer-1"] != before["renderer-1"])
    after = running.state()["services"]
    assert Path(f"/proc/{after['renderer-1']}").exists()
    assert {**after, "renderer-1": None} == {**before, "renderer-1": None}


def test_a_killed_database_comes_back(running: Checkout, eventually: Callable[..., None]) -> None:
    server, port = _database_server(running), running.ports()[1]
    os.kill(server, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{server}").exists())
    eventually(lambda: accepts_connections(port), within_s=30)


def test_a_killed_supervisor_takes_everything_along_and_down_and_up_still_work(running: Checkout) -> None:
    pids = running.pids()
    os.kill(running.state()["supervisor"], signal.SIGKILL)
    assert "had been killed" in running.down()
    assert guard.living(pids) == []
    assert "The farm runs." in running.up()


def test_down_leaves_no_process_and_no_socket_and_may_be_said_twice(running: Checkout) -> None:
    pids, ports = running.pids(), running.ports()
    assert all(accepts_connections(port) for port in ports)
    said = running.down()
    assert all(name in said for name in SERVICES)
    assert guard.living(pids) == []
    assert not any(accepts_connections(port) for port in ports)
    assert not (running.folder / "settings.env").exists()
    assert running.down() == "No farm runs.\n"
    assert running.farm("demo").returncode == 1


def _database_server(running: Checkout) -> int:
    """The first process of PostgreSQL: the parent of its others comes before them."""
    return next(pid for pid in running.pids() if Path(f"/proc/{pid}/comm").read_text() == "postgres\n")
