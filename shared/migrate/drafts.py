"""Draft the next migration of a service: what its tables in code have and its history lacks."""

from __future__ import annotations

import importlib
import re
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import MetaData

from shared.db import open_database
from shared.errors import ConfigurationError, InvalidInputError
from shared.migrate.history import config_of, migrate, newest_revision, services_folder

_ALEMBIC_COMMENT = re.compile(r"^ *# ### .*\n", re.M)
_WHAT = re.compile(r"^[a-z][a-z0-9_]*$")


def draft(service: str, what: str) -> Path:
    """Write ``services/<service>/migrations/NNNN_<what>.py``, to be read and corrected by a person.

    Compares ``METADATA`` in ``services.<service>.tables`` with a new SQLite file that has all earlier migrations.

    Raises:
        InvalidInputError: ``what`` is not a name in lower case.
        ConfigurationError: The service has no tables.
    """
    if not _WHAT.match(what):
        raise InvalidInputError(f"{what!r} cannot be part of a file name; use lower-case words joined by _")
    metadata = _tables_of(service)
    folder = services_folder() / service / "migrations"
    return draft_into(folder, metadata, what)


def draft_into(folder: Path, metadata: MetaData, what: str) -> Path:
    """Like ``draft``, for any folder and tables."""
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    config = config_of(folder)
    newest = newest_revision(config)
    number = f"{int(newest or 0) + 1:04}"
    with tempfile.TemporaryDirectory() as scratch:
        database = open_database(f"sqlite:///{scratch}", schema="draft")
        if newest is not None:
            migrate(database, "draft", folder=folder)
        with database.changing_schema() as connection:
            config.attributes.update(connection=connection, metadata=metadata)
            command.revision(
                config,
                what.replace("_", " ").capitalize(),
                autogenerate=True,
                rev_id=number,
                version_path=str(folder),
            )
        database.close()
    written = folder / f"{number}_{what}.py"
    written.write_text(_ALEMBIC_COMMENT.sub("", written.read_text()))
    return written


def _tables_of(service: str) -> MetaData:
    try:
        module = importlib.import_module(f"services.{service}.tables")
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"services.{service}.tables cannot be imported: {error}") from error
    metadata: MetaData = module.METADATA
    return metadata
