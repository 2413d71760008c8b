"""Waits for the database in green threads and counts how often others ran meanwhile: URL SCHEMA WRITERS.

On SQLite the caller holds the file until it has read "waiting". Prints ticks of 10 ms at the end.
"""

# ruff: noqa: E402  # patching must come before all other imports

import sys
import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
import eventlet

eventlet.monkey_patch()

url, schema, writers = sys.argv[1:]

import threading
import time

from sqlalchemy import Column, Integer, MetaData, String, Table, text, update

from shared.db import open_database
from shared.db.yields import trap

NOTES = Table("notes", MetaData(), Column("key", String, primary_key=True), Column("number", Integer))
database = open_database(url, schema=schema)
done = threading.Event()
ticks = 0


def tick():
    global ticks
    while not done.is_set():
        time.sleep(0.01)
        ticks += 1
        if ticks == 50:
            print("waiting", flush=True)


def write():
    with database.transaction() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_sleep(1)"))
        connection.execute(update(NOTES).values(number=NOTES.c.number + 1))


with trap():
    ticker = threading.Thread(target=tick)
    ticker.start()
    threads = [threading.Thread(target=write) for _ in range(int(writers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    ticker.join()
print(ticks, flush=True)
