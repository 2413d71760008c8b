"""Owns a farm that outlives the terminal: ``python -m deploy.local.farm_supervisor FOLDER``, for ``farm up``.

Writes ``ready`` to its standard output when all services take messages. Starts again what dies, and ends on
SIGTERM: services first, then the servers. When it is killed itself, the guards end everything at once.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import structlog

from deploy.local.farm import Farm
from deploy.local.farm_healing import Charge, Healing
from deploy.local.farm_home import FarmHome, FarmState
from deploy.local.ports import HOST
from deploy.local.servers import Servers
from shared.config import LogFormat
from shared.errors import StudiomaticError
from shared.logging import configure_logging

READY = "ready"

log = structlog.get_logger(__name__)


class Supervisor:
    """Keeps a farm and its servers going.

    Args:
        home: Where it tells what runs.
        farm: All of whose services run.
    """

    def __init__(self, home: FarmHome, farm: Farm) -> None:
        self._home = home
        self._farm = farm
        servers = {"rabbitmq": farm.rabbitmq, "postgres": farm.postgres, "radosgw": farm.radosgw}
        self._charges = [
            *(Charge(name=name, member=server, start=server.start) for name, server in servers.items()),
            *(Charge(name=each.name, member=each, start=each.launch) for each in farm.processes.values()),
        ]
        home.write_settings(farm.edge_environment())
        self._tell()

    def serve(self) -> None:
        """Look after everybody until interrupted."""
        Healing(self._charges, restarted=self._tell).serve()

    def _tell(self) -> None:
        farm, s3 = self._farm, self._farm.s3_location()
        self._home.write_state(
            FarmState(
                supervisor=os.getpid(),
                addresses={
                    "RabbitMQ": f"{HOST}:{farm.rabbitmq.port}  vhost {farm.vhost}",
                    "PostgreSQL": f"{HOST}:{farm.postgres.port}  database {farm.database}",
                    "S3": f"{s3.endpoint}  bucket {s3.bucket}",
                },
                services={name: process.pid for name, process in farm.processes.items()},
                logs=str(farm.folder),
            )
        )


def main() -> int:
    """Run the farm of one folder."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    configure_logging(LogFormat.JSON, "info", service="farm")
    home = FarmHome(Path(sys.argv[1]))
    if not home.take():
        print("another supervisor runs", file=sys.stderr)  # noqa: T201
        return 1
    servers = Servers(home.path)
    farm: Farm | None = None
    try:
        farm = Farm(servers)
        farm.start()
        supervisor = Supervisor(home, farm)
        _report_ready()
        supervisor.serve()
    except KeyboardInterrupt:
        return 0
    except StudiomaticError as error:
        print(f"error: {error.message} [{error.code}]", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
        _close(farm, servers)
    return 0


def _close(farm: Farm | None, servers: Servers) -> None:
    try:
        if farm is not None:
            farm.close()
    finally:
        servers.close()


def _report_ready() -> None:
    print(READY, flush=True)  # noqa: T201 - the answer
    # Whoever started this goes away now.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
