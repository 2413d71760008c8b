"""Many writers of one process: MODE URL SCHEMA PREFIX WRITERS WRITES; waits for a line, answers one of JSON."""

# ruff: noqa: E402  # patching must come before all other imports

import sys
import warnings

mode, url, schema, prefix, writers, writes = sys.argv[1:]
if mode == "green":
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet

    eventlet.monkey_patch()

import json
import threading

from sqlalchemy import Column, Integer, MetaData, String, Table, select, update

from shared.db import insert_if_absent, open_database

NOTES = Table("notes", MetaData(), Column("key", String, primary_key=True), Column("number", Integer))
database = open_database(url, schema=schema)
errors = []


def write(writer):
    try:
        for number in range(int(writes)):
            with database.transaction() as connection:
                # Read, then write: loses an update or finds the file locked unless BEGIN takes the lock.
                total = connection.execute(
                    select(NOTES.c.number).where(NOTES.c.key == "total").with_for_update()
                ).scalar_one()
                connection.execute(update(NOTES).where(NOTES.c.key == "total").values(number=total + 1))
                insert_if_absent(connection, NOTES, key=f"{prefix}-{writer}-{number}")
    except Exception as error:  # noqa: BLE001  # the test shows it
        errors.append(repr(error))


threads = [threading.Thread(target=write, args=(writer,)) for writer in range(int(writers))]
print("ready", flush=True)
sys.stdin.readline()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(errors), flush=True)
