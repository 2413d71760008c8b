"""``python -m deploy.local``: private servers, and the farm on them, for a person at a terminal."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from deploy.local.farm_commands import add_commands, run_command
from deploy.local.programs import missing_packages
from deploy.local.servers import Servers
from shared.errors import StudiomaticError

_RUN_FOLDER = Path(__file__).parents[2] / ".run"


def main() -> int:
    """Run the chosen command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start RabbitMQ, PostgreSQL and radosgw, show their addresses, stop on Ctrl-C")
    missing = commands.add_parser(
        "missing", help="list the Debian packages to install first; nothing when all are there"
    )
    missing.add_argument("--for-tests", action="store_true", help="also those that only the tests need")
    farm = commands.add_parser("farm", help="start, use and stop a farm that goes on without the terminal")
    add_commands(farm, _RUN_FOLDER / "farm")
    arguments = parser.parse_args()
    match arguments.command:
        case "run":
            return _run()
        case "farm":
            return _farm(arguments)
        case _:
            return _missing(for_tests=arguments.for_tests)


def _farm(arguments: argparse.Namespace) -> int:
    try:
        return run_command(arguments)
    except KeyboardInterrupt:
        return 130
    except StudiomaticError as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 1


def _missing(*, for_tests: bool) -> int:
    for package in missing_packages(for_tests=for_tests):
        print(package)  # noqa: T201 - the answer
    return 0


def _run() -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    servers = Servers(_RUN_FOLDER)
    try:
        _show_addresses(servers)
        signal.pause()
    except KeyboardInterrupt:
        return 0
    except StudiomaticError as error:
        print(error.message, file=sys.stderr)  # noqa: T201
        return 1
    finally:
        servers.close()
    return 0


def _show_addresses(servers: Servers) -> None:
    servers.begin_all()
    access = servers.radosgw.get().access
    for line in (
        f"RabbitMQ    {servers.rabbitmq.get().url()}",
        f"PostgreSQL  {servers.postgres.get().url()}",
        f"S3          {access.endpoint}  access key {access.access_key}  secret key {access.secret_key}",
        "Ctrl-C stops them.",
    ):
        print(line, flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    sys.exit(main())
