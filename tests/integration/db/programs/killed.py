"""Kills green threads that wait for the database, then uses it: URL SCHEMA. Prints "usable" at the end."""

# ruff: noqa: E402  # patching must come before all other imports

import sys
import warnings

warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
import eventlet

eventlet.monkey_patch()

from sqlalchemy import Column, Integer, MetaData, String, Table, text, update

from shared.db import open_database

NOTES = Table("notes", MetaData(), Column("key", String, primary_key=True), Column("number", Integer))
database = open_database(*sys.argv[1:2], schema=sys.argv[2], pool_size=1)


def slow_statement():
    with database.transaction() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))


def waits_for_its_turn():
    with database.transaction():
        print("never")


if database.dialect == "postgresql":
    victim = eventlet.spawn(slow_statement)
    eventlet.sleep(0.3)
    victim.kill()
else:
    # A yield inside a transaction, which is forbidden elsewhere, makes the others wait for their turn.
    with database.transaction():
        victims = [eventlet.spawn(waits_for_its_turn) for _ in range(3)]
        eventlet.sleep(0)
        for victim in victims:
            victim.kill()
        with eventlet.Timeout(0.05, False):
            eventlet.spawn(waits_for_its_turn).kill()

with eventlet.Timeout(10), database.transaction() as connection:
    connection.execute(update(NOTES).values(number=1))
print("usable", flush=True)
