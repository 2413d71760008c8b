"""A farm on one machine: every service its own process, on private servers, over the loopback address."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.farm_process import FarmProcess
from deploy.local.farm_provision import DATABASE, EDGE, VAULT, VHOST, Provision, provision
from deploy.local.postgres import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.radosgw import Radosgw
from deploy.local.servers import Servers
from deploy.local.sockets import tcp_sockets
from shared.bus.topology import TOPOLOGY
from shared.storage import S3Location

_ROOT = Path(__file__).parents[2]
_NUMBERS = itertools.count(1)


class Farm:
    """The services as processes of their own; the servers below belong to somebody else and outlive it.

    One at a time on the same servers: a new one takes over vhost, users, roles and database of the one before.

    Args:
        servers: Where it runs; those that do not run yet are started.
        lease_s: A worker that is silent for so long loses its attempt.
        renderers: Renderer processes, one render each at a time.
        contents: Content processes.
        stop_grace_s: How long running tasks may take when a service is stopped.

    Attributes:
        vhost: The farm's on the broker.
        database: The farm's on the database server.
        folder: Logs, as ``<name>.log``; keys and pins.
        processes: By name: ``orchestrator``, ``auth``, ``content-1``, ``renderer-1``, …
    """

    def __init__(
        self, servers: Servers, *, lease_s: int = 60, renderers: int = 2, contents: int = 2, stop_grace_s: int = 25
    ) -> None:
        servers.begin_all()
        self.vhost = VHOST
        self.database = DATABASE
        self.rabbitmq: RabbitMQ = servers.rabbitmq.get()
        self.postgres: PostgreSQL = servers.postgres.get()
        self.radosgw: Radosgw = servers.radosgw.get()
        self.folder = servers.run.folder_for(f"farm-{next(_NUMBERS)}")
        self._provision: Provision = provision(servers, self.folder)
        self._lock = servers.run.lock
        self._lease_s = lease_s
        self._stop_grace_s = stop_grace_s
        self.processes: dict[str, FarmProcess] = {}
        for service in ("auth", "keyvault", "gdpr", "orchestrator"):
            self._add(service, service)
        for number in range(1, contents + 1):
            self._add(f"content-{number}", "content")
        for number in range(1, renderers + 1):
            self._add(f"renderer-{number}", "renderer")

    def start(self) -> None:
        """Start all services and wait until all take messages.

        Raises:
            ServerUnavailableError: One ended or did not start in time; shows the end of its log.
        """
        for process in self.processes.values():
            process.launch()
        for process in self.processes.values():
            process.wait_until_consuming()

    def add_renderer(self) -> FarmProcess:
        """Start one more renderer and wait until it takes messages."""
        number = 1 + sum(process.service == "renderer" for process in self.processes.values())
        process = self._add(f"renderer-{number}", "renderer")
        process.start()
        return process

    def close(self) -> None:
        """Stop all services in order, each within its grace; the servers stay."""
        running = [process for process in self.processes.values() if process.alive]
        for process in running:
            process.request_stop()
        for process in running:
            process.wait_until_stopped()

    def edge_environment(self) -> dict[str, str]:
        """What a client needs to use the farm."""
        return {
            "STUDIO_BUS_URL": self._provision.bus_urls["edge"],
            "STUDIO_ACCOUNT_ID": self._provision.account_id,
            "STUDIO_SIGNING_KEY_FILE": str(self._provision.key_files[EDGE]),
            "STUDIO_SIGNING_PINS_FILE": str(self._provision.pins_file),
        }

    def administrator_database_url(self) -> str:
        """SQLAlchemy address of the farm's database, for its superuser."""
        return self._provision.administrator_database_url

    def s3_location(self) -> S3Location:
        """The farm's bucket."""
        return self._provision.s3

    @property
    def vault_user(self) -> str | None:
        """The account of keyvault's own; None when it runs as everybody else here."""
        return self._provision.vault_user

    def environment_of(self, service: str) -> dict[str, str]:
        """Settings of one service, with its own secrets and nobody else's."""
        given, s3 = self._provision, self._provision.s3
        environment = {
            "STUDIO_BUS_URL": given.bus_urls[service],
            "STUDIO_S3_ENDPOINT": s3.endpoint or "",
            "STUDIO_S3_REGION": s3.region,
            "STUDIO_S3_BUCKET": s3.bucket,
            "STUDIO_S3_ACCESS_KEY": s3.access_key.get_secret_value(),
            "STUDIO_S3_SECRET_KEY": s3.secret_key.get_secret_value(),
            "STUDIO_SIGNING_KEY_FILE": str(given.key_files[service]),
            "STUDIO_SIGNING_PINS_FILE": str(given.pins_file),
            "STUDIO_LOG_FORMAT": "json",
            "STUDIO_LEASE_S": str(self._lease_s),
            "STUDIO_STOP_GRACE_S": str(self._stop_grace_s),
        }
        if service in given.database_urls:
            environment["STUDIO_DATABASE_URL"] = given.database_urls[service]
        for setting, file in given.secret_files.get(service, {}).items():
            environment[setting] = str(file)
        if service == "renderer":
            environment["STUDIO_RENDER_SLOTS"] = "1"
        return environment

    def _add(self, name: str, service: str) -> FarmProcess:
        process = FarmProcess(
            name=name,
            service=service,
            environment={**self.environment_of(service), "PYTHONPATH": str(_ROOT)},
            folder=self.folder,
            command=[sys.executable, "-m", "services", service],
            stop_grace_s=self._stop_grace_s,
            keep_open=(self._lock,),
            consumes=self._consumes,
            user=self._provision.vault_user if service == VAULT else None,
        )
        self.processes[name] = process
        return process

    def _consumes(self, process: FarmProcess) -> bool:
        """Whether every queue of the service has a reader at the other end of one of the process's sockets."""
        consumers = self.rabbitmq.consumers(self.vhost)
        try:
            ports = {socket.port for socket in tcp_sockets(process.pid)}
        except PermissionError:  # keyvault lets only root look into it; there is one process of it
            ports = {each.client_port for each in consumers}
        read = {each.queue for each in consumers if each.client_port in ports}
        return read >= _QUEUES[process.service]


_QUEUES: Mapping[str, set[str]] = {rights.user: set(rights.consumes) for rights in TOPOLOGY.rights}
"""The queues that each service reads, of all its processes together."""
