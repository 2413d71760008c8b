"""Runs services in a process of their own: ``python -m services renderer``; several names share one process.

Settings come from the environment (``STUDIO_*``). Importing this module makes the process green, so nothing
imports it.
"""

# ruff: noqa: E402 - the process turns green before anything else is imported

from __future__ import annotations

from shared.bus.green import patch

patch()

import argparse
import importlib
import sys
from collections.abc import Sequence

import structlog

from shared.bus.admission import require_admission
from shared.bus.run import run
from shared.config import PREFIX, Settings, load_settings
from shared.db import open_service_database
from shared.errors import ConfigurationError, StudiomaticError
from shared.logging import configure_logging
from shared.migrate import services_with_history
from shared.service_keys import configured_keys

#: Name -> module and class. A process imports only what it runs.
SERVICES = {
    "auth": ("services.auth.service", "AuthService"),
    "content": ("services.content.service", "ContentService"),
    "gdpr": ("services.gdpr.service", "GdprService"),
    "keyvault": ("services.keyvault.service", "KeyvaultService"),
    "orchestrator": ("services.orchestrator.service", "OrchestratorService"),
    "renderer": ("services.renderer.service", "RendererService"),
}

log = structlog.get_logger(__name__)


def main() -> int:
    """Run the services with these names until SIGTERM."""
    names = _parse(sys.argv[1:])
    try:
        settings = load_settings()
        configure_logging(settings.log_format, settings.log_level, service="+".join(names))
        _require_farm(settings, names)
        keys = configured_keys(settings, names)
        require_admission(settings.bus_url.get_secret_value())
        _require_databases(settings, names)
        key_id = "+".join(signer.key_id for signer in keys.signers.values())
        log.info("services_starting", services=names, key_id=key_id or None)
        run([_service(name) for name in names], settings, keys=keys)
    except StudiomaticError as error:
        print(f"error: {error.message} [{error.code}]", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _parse(arguments: list[str]) -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m services", description=main.__doc__)
    known = ", ".join(sorted(SERVICES))
    parser.add_argument("names", nargs="+", choices=sorted(SERVICES), metavar="NAME", help=known)
    return list(dict.fromkeys(parser.parse_args(arguments).names))


def _require_farm(settings: Settings, names: Sequence[str]) -> None:
    """Refuse what only works when everything is in one process.

    Raises:
        ConfigurationError: No broker, no database server or no bucket is named.
    """
    if settings.embedded:
        missing = "a broker: set {}BUS_URL=amqp://…"
    elif settings.s3_bucket is None:
        missing = "a bucket that all processes see: set {}S3_BUCKET and its keys"
    elif settings.database_url is None and _with_tables(names):
        missing = "a database: set {}DATABASE_URL=postgresql+psycopg2://…"
    else:
        return
    raise ConfigurationError(
        f"a service in a process of its own needs {missing.format(PREFIX)}"
        " (for everything in one process: studio serve)"
    )


def _require_databases(settings: Settings, names: Sequence[str]) -> None:
    """Ask each database for a sign of life, so that a wrong password is one line and no traceback.

    Raises:
        DatabaseUnavailableError: There was none.
    """
    for name in _with_tables(names):
        database = open_service_database(settings, name)
        try:
            database.ping()
        finally:
            database.close()


def _with_tables(names: Sequence[str]) -> list[str]:
    return [name for name in names if name in services_with_history()]


def _service(name: str) -> type:
    module, service = SERVICES[name]
    found: type = getattr(importlib.import_module(module), service)
    return found


if __name__ == "__main__":
    sys.exit(main())
