"""Sleeps inside a SQLite transaction under the trap: FOLDER."""

# ruff: noqa: E402  # patching must come before all other imports

import sys
import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
import eventlet

eventlet.monkey_patch()

import time

from shared.db import open_database
from shared.db.yields import YieldInTransactionError, trap

database = open_database(f"sqlite:///{sys.argv[1]}", schema="demo")


def careless_handler():
    with database.transaction():
        time.sleep(0.01)


try:
    with trap():
        careless_handler()
except YieldInTransactionError as error:
    print(error)
