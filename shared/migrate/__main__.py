"""``python -m shared.migrate SERVICE|all``: upgrade tables where the settings say."""

from __future__ import annotations

import sys

from shared.config import load_settings
from shared.db import open_service_database
from shared.errors import StudiomaticError
from shared.logging import configure_logging
from shared.migrate import migrate, services_with_history

USAGE = "usage: python -m shared.migrate SERVICE|all"


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code of the process."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(f"{USAGE}\nservices: {', '.join(services_with_history())}", file=sys.stderr)  # noqa: T201
        return 2
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level, service="migrate")
    for service in services_with_history() if arguments[0] == "all" else arguments:
        database = open_service_database(settings, service)
        migrate(database, service)
        database.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StudiomaticError as error:
        sys.exit(f"error: {error.message}")
