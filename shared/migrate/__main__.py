"""``python -m shared.migrate SERVICE|all`` upgrades tables; ``… draft SERVICE what_it_does`` starts a new step."""

from __future__ import annotations

import sys

from shared.config import Settings, load_settings
from shared.db import open_service_database
from shared.errors import StudiomaticError
from shared.logging import configure_logging
from shared.migrate import draft, migrate, services_with_history

USAGE = """\
usage: python -m shared.migrate SERVICE|all              upgrade the tables where the settings say
       python -m shared.migrate draft SERVICE add_this   draft a migration from what the code's tables have more\
"""


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit code of the process."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level, service="migrate")
    match arguments:
        case ["draft", service, what]:
            print(draft(service, what))  # noqa: T201
        case ["all"]:
            for service in services_with_history():
                _upgrade(settings, service)
        case [service] if not service.startswith("-"):
            _upgrade(settings, service)
        case _:
            print(f"{USAGE}\nservices: {', '.join(services_with_history())}", file=sys.stderr)  # noqa: T201
            return 2
    return 0


def _upgrade(settings: Settings, service: str) -> None:
    database = open_service_database(settings, service)
    try:
        migrate(database, service)
    finally:
        database.close()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StudiomaticError as error:
        sys.exit(f"error: {error.message}")
