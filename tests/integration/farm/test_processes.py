"""Every process of a farm has credentials of its own, and lives and dies alone."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg2
import pytest

from deploy.local.farm import Farm
from deploy.local.farm_process import FarmProcess
from deploy.local.farm_provision import SERVICES
from deploy.local.sockets import tcp_sockets
from shared.bus.rpc import RpcClient
from shared.contracts.jobs import JobList, ListJobs
from shared.ids import AccountId

NAMES = ["auth", "keyvault", "gdpr", "orchestrator", "content-1", "content-2", "renderer-1", "renderer-2"]


def environment(process: FarmProcess) -> dict[str, str]:
    """What the process really got."""
    rows = Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
    return dict(row.decode().split("=", 1) for row in rows if row)


def passwords(farm: Farm, service: str) -> set[str]:
    """The secrets that only this service has: passwords and the places of its keys."""
    settings = farm.environment_of(service)
    urls = [settings[name] for name in ("STUDIO_BUS_URL", "STUDIO_DATABASE_URL") if name in settings]
    files = ("STUDIO_SIGNING_KEY_FILE", "STUDIO_KEYRING_FILE", "STUDIO_PEPPER_FILE")
    return {urlsplit(url).password or "" for url in urls} | {settings[name] for name in files if name in settings}


def uid(process: FarmProcess) -> int:
    """The account that a process really runs as; the owner of its folder in /proc is another when it is hardened."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1])


def ports(process: FarmProcess) -> set[int]:
    return {socket.port for socket in tcp_sockets(process.pid)}


def users_on_the_broker(farm: Farm) -> dict[int, str]:
    """Client port -> broker user, of every connection."""
    listing = farm.rabbitmq.control(
        'lists:flatten([io_lib:format("~b ~ts~n", [Port, User]) || '
        "[{peer_port, Port}, {user, User}] <- rabbit_networking:connection_info_all([peer_port, user])])"
    )
    return {int(port): user for port, user in (line.split() for line in listing.splitlines())}


def roles_in_the_database(farm: Farm) -> dict[int, str]:
    """Client port -> role, of every session."""
    url = farm.administrator_database_url().replace("+psycopg2", "")
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT client_port, usename FROM pg_stat_activity WHERE client_port > 0")
            return dict(cursor.fetchall())
    finally:
        connection.close()


def test_there_are_two_workers_of_a_kind_and_one_of_the_others(farm: Farm) -> None:
    assert list(farm.processes) == NAMES
    assert all(process.alive for process in farm.processes.values())
    assert len({process.pid for process in farm.processes.values()}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_process_is_known_to_the_broker_by_its_own_user(farm: Farm, name: str) -> None:
    process, users = farm.processes[name], users_on_the_broker(farm)
    assert {users[port] for port in ports(process) & set(users)} == {process.service}


@pytest.mark.parametrize("name", NAMES)
def test_only_services_with_tables_are_in_the_database_and_under_their_own_role(farm: Farm, name: str) -> None:
    process, roles = farm.processes[name], roles_in_the_database(farm)
    used = {roles[port] for port in ports(process) & set(roles)}
    assert used <= {f"studio_{process.service}"}
    assert bool(used) == (process.service != "renderer")


@pytest.mark.parametrize("name", NAMES)
def test_no_process_is_given_a_secret_of_another_service(farm: Farm, name: str) -> None:
    process = farm.processes[name]
    given = "\n".join(environment(process).values())
    assert all(secret in given for secret in passwords(farm, process.service))
    for other in set(SERVICES) - {process.service}:
        assert not any(secret in given for secret in passwords(farm, other))
    for address in (
        farm.rabbitmq.url(),
        farm.administrator_database_url(),
        farm.edge_environment()["STUDIO_BUS_URL"],
    ):
        assert unquote(urlsplit(address).password or "nobody's") not in given


def test_a_renderer_knows_of_no_database(farm: Farm) -> None:
    given = environment(farm.processes["renderer-1"])
    assert "STUDIO_DATABASE_URL" not in given
    assert str(farm.postgres.port) not in "\n".join(given.values())
    assert given["STUDIO_RENDER_SLOTS"] == "1"


def test_settings_of_whoever_starts_a_farm_reach_no_service(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_ACCOUNT_ID", "somebody's")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody's")
    farm.processes["renderer-2"].restart()
    assert "somebody's" not in environment(farm.processes["renderer-2"]).values()


@pytest.mark.parametrize("name", NAMES)
def test_command_lines_hold_no_secret(farm: Farm, name: str) -> None:
    process = farm.processes[name]
    words = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode().split("\0")
    assert words[1:-1] == ["-m", "services", process.service]


def test_private_keys_are_their_owners_only(farm: Farm) -> None:
    for service in SERVICES:
        file = Path(farm.environment_of(service)["STUDIO_SIGNING_KEY_FILE"])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_keyring_and_pepper_may_be_read_by_their_service_and_by_nobody_else(farm: Farm) -> None:
    """The keyring belongs to an account of keyvault's own where whoever starts the farm can give it one."""
    for service, setting in (("keyvault", "STUDIO_KEYRING_FILE"), ("auth", "STUDIO_PEPPER_FILE")):
        about = Path(farm.environment_of(service)[setting]).stat()
        assert stat.S_IMODE(about.st_mode) == 0o400
        assert about.st_uid == uid(farm.processes[service])
    if farm.vault_user is not None:
        assert uid(farm.processes["keyvault"]) not in {
            uid(process) for process in farm.processes.values() if process.service != "keyvault"
        }


@pytest.mark.parametrize("name", NAMES)
def test_every_process_says_with_which_key_it_signs(farm: Farm, name: str) -> None:
    process = farm.processes[name]
    assert f'"key_id": "{process.service}-' in process.log_text()


def test_everything_listens_on_the_loopback_address_only(farm: Farm) -> None:
    servers = [*farm.rabbitmq.pids(), *farm.postgres.pids(), *farm.radosgw.pids()]
    services = [pid for process in farm.processes.values() for pid in process.pids()]
    listening = [socket for pid in [*servers, *services] for socket in tcp_sockets(pid) if socket.listening]
    assert {farm.rabbitmq.port, farm.postgres.port, farm.radosgw.port} <= {socket.port for socket in listening}
    assert [socket for socket in listening if not socket.loopback] == []


def test_an_edge_reaches_the_orchestrator_with_the_settings_it_is_given(farm: Farm) -> None:
    settings = farm.edge_environment()
    client = RpcClient(settings["STUDIO_BUS_URL"])
    try:
        account = AccountId(settings["STUDIO_ACCOUNT_ID"])
        assert client.call("orchestrator", ListJobs(), JobList, account_id=account).jobs == ()
    finally:
        client.close()


def test_a_killed_process_is_gone_and_comes_back_under_another_pid(farm: Farm) -> None:
    process = farm.processes["renderer-1"]
    pid, others = process.pid, [farm.processes[name].pid for name in NAMES if name != "renderer-1"]
    process.kill()
    assert not process.alive
    assert not Path(f"/proc/{pid}").exists()
    process.start()
    assert process.pid != pid
    assert process.worker.endswith(f":{process.pid}")
    assert [farm.processes[name].pid for name in NAMES if name != "renderer-1"] == others


def test_a_frozen_process_is_alive_and_goes_on(farm: Farm, eventually: Callable[..., None]) -> None:
    process = farm.processes["content-2"]
    process.pause()
    eventually(lambda: _state(process) == "T")
    assert process.alive
    process.resume()
    eventually(lambda: _state(process) != "T")


def test_a_frozen_process_can_be_stopped_in_order(farm: Farm) -> None:
    process = farm.processes["renderer-2"]
    process.pause()
    process.restart()
    assert process.log_text().count('"event": "services_stopped"') >= 1


def test_one_more_renderer_takes_messages(farm: Farm) -> None:
    before = farm.rabbitmq.queues(farm.vhost)["renderer"].consumers
    added = farm.add_renderer()
    assert added.name == "renderer-3"
    assert farm.rabbitmq.queues(farm.vhost)["renderer"].consumers == before + 1
    added.stop()
    assert not added.alive


def _state(process: FarmProcess) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
