"""PostgreSQL, one schema and one role per service: an engine that sees only the service's schema."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2.extensions
from sqlalchemy import URL, Connection, Engine, create_engine, event

from shared.db.discretion import make_discreet
from shared.errors import ConfigurationError

CONNECT_TIMEOUT_S = 5
SILENCE_TIMEOUT_MS = 10_000
"""A server that acknowledges nothing for this long is given up (TCP_USER_TIMEOUT) [ms]."""
STATEMENT_TIMEOUT_MS = 30_000
LOCK_TIMEOUT_MS = 10_000
POOL_TIMEOUT_S = 10

# Warehouse's numbers (docs/dev/database-migrations.md): a migration that waits longer for a lock stalls
# everyone queued behind it. One that needs more says so itself with SET LOCAL.
MIGRATION_LOCK_TIMEOUT_MS = 4_000
MIGRATION_STATEMENT_TIMEOUT_MS = 5_000


class PostgresSchema:
    """Connections to one schema.

    Args:
        url: Server, database and role.
        schema: First and only entry of the search path.
        pool_size: Most connections at a time.
    """

    def __init__(self, url: URL, *, schema: str, pool_size: int) -> None:
        _require_green_driver()
        self.engine = _engine(url, schema, pool_size)
        self._schema = schema

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A READ COMMITTED transaction; commits at the end, rolls back on any exception."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction in which an attempt to write fails; each statement sees what is committed."""
        read_only = self.engine.connect().execution_options(postgresql_readonly=True)
        with read_only as connection, connection.begin():
            yield connection

    @contextmanager
    def changing_schema(self) -> Iterator[Connection]:
        """A transaction that makes the schema if it is missing, and never waits long for a table's lock."""
        with self.engine.begin() as connection:
            _make_schema(connection, self._schema)
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {MIGRATION_LOCK_TIMEOUT_MS}")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {MIGRATION_STATEMENT_TIMEOUT_MS}")
            yield connection

    def version(self) -> int | None:
        """Nothing: asking the server costs as much as looking."""
        return None

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: URL, schema: str, pool_size: int) -> Engine:
    options = (
        f"-c search_path={schema}"
        f" -c statement_timeout={STATEMENT_TIMEOUT_MS}"
        f" -c lock_timeout={LOCK_TIMEOUT_MS}"
        " -c timezone=UTC"
    )
    engine = create_engine(
        url.set(drivername="postgresql+psycopg2"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        hide_parameters=True,  # they may be personal, and errors are logged
        connect_args={
            "options": options,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "tcp_user_timeout": SILENCE_TIMEOUT_MS,
            "application_name": f"studiomatic-{schema}",
        },
    )

    make_discreet(engine)

    @event.listens_for(engine, "first_connect")
    def _name_schema(_driver: object, _record: object) -> None:
        # The dialect asks the server, which answers NULL while the schema does not exist yet.
        engine.dialect.default_schema_name = schema

    return engine


def _make_schema(connection: Connection, schema: str) -> None:
    """Make the schema, one process at a time; a service's role may use its own but make none."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql("SET LOCAL statement_timeout = 60000")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"schema {schema}",))
    if connection.exec_driver_sql("SELECT to_regnamespace(%s)", (schema,)).scalar() is None:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")


def _require_green_driver() -> None:
    """Refuse a driver that would freeze every green thread while it waits.

    Raises:
        ConfigurationError: Sockets are patched and psycopg2 does not know.
    """
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is None or not patcher.is_monkey_patched("socket"):
        return
    if psycopg2.extensions.get_wait_callback() is None:
        raise ConfigurationError(
            "psycopg2 does not yield to other green threads: let eventlet.monkey_patch() patch it too"
            " (psycopg=True), before any database is opened"
        )
