"""Migrates when told to by a line: URL SCHEMA FOLDER. Answers one line: migrated, or the error."""

import sys
from pathlib import Path

from shared.config import LogFormat
from shared.db import open_database
from shared.errors import StudiomaticError
from shared.logging import configure_logging
from shared.migrate import migrate

configure_logging(LogFormat.JSON, "info", service="demo")
url, schema, folder = sys.argv[1:]
database = open_database(url, schema=schema)
print("ready", flush=True)
sys.stdin.readline()
try:
    migrate(database, "demo", folder=Path(folder))
    print("migrated", flush=True)
except StudiomaticError as error:
    print(repr(error), flush=True)
