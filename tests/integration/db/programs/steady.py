"""Writes all the time through one Database object, saying how it went: MODE URL SCHEMA. A line: ok, or a code."""

# ruff: noqa: E402  # patching must come before all other imports

import sys
import warnings

mode, url, schema = sys.argv[1:]
if mode == "green":
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet

    eventlet.monkey_patch()

import os
import threading
import time

from sqlalchemy import Column, Integer, MetaData, String, Table, update

from shared.db import open_database
from shared.errors import StudiomaticError

NOTES = Table("notes", MetaData(), Column("key", String, primary_key=True), Column("number", Integer))
database = open_database(url, schema=schema, patience_s=0.5)


def say(word):
    os.write(1, f"{word}\n".encode())  # one call, so that threads do not mix their lines


def write():
    while True:
        try:
            with database.transaction() as connection:
                connection.execute(update(NOTES).values(number=NOTES.c.number + 1))
            say("ok")
        except StudiomaticError as error:
            say(error.code)
        time.sleep(0.05)


writers = [threading.Thread(target=write) for _ in range(3)]
for writer in writers:
    writer.start()
for writer in writers:
    writer.join()
