"""Upgrade a service's tables along its history of migrations.

``services/<service>/migrations/NNNN_what.py`` is one step; its revision is ``NNNN``, its predecessor the number
before. All steps run in one transaction, of which only one runs at a time, so any number of processes may
start at once and none sees half a schema.
"""

from __future__ import annotations

import re
import threading
from importlib.resources import files
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from shared.db import Database
from shared.errors import ConfigurationError, StudiomaticError

_FILE_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.py$")

# Alembic keeps the running migration in module globals.
_one_at_a_time = threading.Lock()

_log = structlog.get_logger(__name__)


class HistoryError(StudiomaticError):
    """A history of migrations is not one unbroken, numbered line; the message names the file."""

    code = "migration_history"


def migrate(database: Database, service: str, *, folder: Path | None = None) -> None:
    """Upgrade the tables of ``service`` to the newest version; does nothing if they are.

    Args:
        folder: Where the migrations are, if not in ``services/<service>/migrations``.

    Raises:
        HistoryError: The migrations are not numbered without gap, or the tables are newer than this program.
        DatabaseUnavailableError: Away, or a table stayed locked; nothing was changed, try again.
        ConfigurationError: There is no such service.
    """
    config = config_of(folder or _folder_of(service))
    newest = newest_revision(config)
    if newest is None:
        raise HistoryError(f"{service} has no migrations")
    with _one_at_a_time, database.changing_schema() as connection:
        before = _version(connection)
        if before == newest:
            return
        if before is not None and before > newest:
            raise HistoryError(
                f"the tables of {service} are at {before}, this program knows {newest}; install the newer version"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    _log.info("database_migrated", service=service, before=before, after=newest)


def services_with_history() -> list[str]:
    """Names of the services that have migrations."""
    return sorted(folder.parent.name for folder in services_folder().glob("*/migrations"))


def services_folder() -> Path:
    """Where the services are installed."""
    return Path(str(files("services")))


def _folder_of(service: str) -> Path:
    folder = services_folder() / service / "migrations"
    if not folder.is_dir():
        raise ConfigurationError(f"no service {service!r} with migrations; there are {services_with_history()}")
    return folder


def config_of(folder: Path) -> Config:
    """Tell Alembic about one history."""
    config = Config()
    config.set_main_option("script_location", _escaped(Path(__file__).parent / "alembic"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", _escaped(folder))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _escaped(path: Path) -> str:
    """For Alembic's configuration, where a percent sign starts a variable."""
    return str(path).replace("%", "%%")


def newest_revision(config: Config) -> str | None:
    """Number of the last step, none if there is no step.

    Raises:
        HistoryError: The steps are not numbered without gap.
    """
    script = ScriptDirectory.from_config(config)
    steps = sorted(script.walk_revisions(), key=lambda step: step.revision)
    for number, step in enumerate(steps, start=1):
        named = _FILE_NAME.match(Path(step.path).name)
        before = f"{number - 1:04}" if number > 1 else None
        if named is None or named[1] != step.revision or step.revision != f"{number:04}":
            raise HistoryError(f"{step.path} must be named {number:04}_what.py and have revision {number:04}")
        if step.down_revision != before:
            raise HistoryError(f"{step.path} must follow {before}, not {step.down_revision}")
    return steps[-1].revision if steps else None


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
