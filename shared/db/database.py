"""The database of one service: transactions, reads, and what happens after a commit."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import URL, Connection, Engine, make_url, text
from sqlalchemy.exc import ArgumentError

from shared.config import PREFIX, Environment, Settings
from shared.db import yields
from shared.db.failures import unavailability_reported
from shared.db.postgresql import PostgresSchema
from shared.db.sqlite import SqliteFile
from shared.errors import ConfigurationError, StudiomaticError

DEFAULT_POOL_SIZE = 10
DEFAULT_PATIENCE_S = 10.0

_SCHEMA_NAME = re.compile(r"^[a-z][a-z0-9_]{0,50}$")
_TRANSACTION = "studiomatic_transaction"

_log = structlog.get_logger(__name__)


class NestedTransactionError(StudiomaticError):
    """A transaction was begun inside another of the same thread; pass the connection down instead."""

    code = "nested_transaction"


class NoTransactionError(StudiomaticError):
    """Something was to happen after a commit, but this connection is not in a transaction()."""

    code = "no_transaction"


@dataclass(frozen=True, kw_only=True)
class _Transaction:
    """What a connection of ``transaction()`` carries along: whose it is, and what follows its commit."""

    database: Database
    callbacks: dict[Callable[[], None], None] = field(default_factory=dict)


class Connections(Protocol):
    """What a kind of database must offer; the contexts begin, and commit or roll back."""

    @property
    def engine(self) -> Engine: ...

    def writing(self) -> AbstractContextManager[Connection]: ...

    def reading(self) -> AbstractContextManager[Connection]: ...

    def changing_schema(self) -> AbstractContextManager[Connection]: ...

    def version(self) -> int | None: ...

    def close(self) -> None: ...


class Database:
    """The tables of one service; usable from green threads and plain threads alike.

    A server that goes away raises DatabaseUnavailableError until it is back; the same object then works again.
    """

    def __init__(self, connections: Connections, *, schema: str) -> None:
        self._connections = connections
        self._writers: set[int] = set()
        self._watchers: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self.schema = schema

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._connections.engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Write: all statements take effect together at the end, or none on any exception.

        On SQLite nothing inside may wait (sleep, network, another thread): every other writer stands still.

        Raises:
            DatabaseUnavailableError: Away, full or locked for too long; retry the whole transaction.
            NestedTransactionError: This thread is in a transaction of this database already.
        """
        with unavailability_reported(writing=True), self._only_once(), self._connections.writing() as connection:
            transaction = _Transaction(database=self)
            info = connection.info  # not to be had from a connection that was lost
            info[_TRANSACTION] = transaction
            try:
                with yields.forbidden(self.dialect == "sqlite"):
                    yield connection
            finally:
                info.pop(_TRANSACTION, None)
        _call_all(transaction.callbacks)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read only; on SQLite one snapshot and no lock, on PostgreSQL what is committed at each statement.

        Raises:
            DatabaseUnavailableError: Away; retry.
        """
        with unavailability_reported(writing=False), self._connections.reading() as connection:
            yield connection

    @contextmanager
    def changing_schema(self) -> Iterator[Connection]:
        """Migrate: a transaction of which only one runs at a time among all processes.

        Raises:
            DatabaseUnavailableError: Away, or a table stayed locked; nothing was changed.
        """
        with (
            unavailability_reported(writing=True),
            self._only_once(),
            self._connections.changing_schema() as connection,
        ):
            yield connection

    @staticmethod
    def after_commit(connection: Connection, callback: Callable[[], None]) -> None:
        """Call ``callback`` once when the transaction of ``connection`` has committed, never after a rollback.

        For nudges that only save somebody a wait: equal callbacks are called once, one that raises is logged,
        and none is called when the process dies in between.

        Raises:
            NoTransactionError: The connection is not one of ``transaction()``.
        """
        _transaction_of(connection).callbacks[callback] = None

    def watch(self, topic: str, callback: Callable[[], None]) -> None:
        """Call ``callback`` after each commit of this object that announced ``topic``."""
        self._watchers[topic].append(callback)

    @staticmethod
    def announce(connection: Connection, topic: str) -> None:
        """Tell those who watch ``topic`` once the transaction of ``connection`` has committed.

        Raises:
            NoTransactionError: The connection is not one of ``transaction()``.
        """
        transaction = _transaction_of(connection)
        transaction.callbacks.update(dict.fromkeys(transaction.database._watchers[topic]))

    def ping(self) -> None:
        """Ask for a sign of life.

        Raises:
            DatabaseUnavailableError: There was none.
        """
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def version(self) -> int | None:
        """A number that changes with every commit of anybody; None where it is not to be had for less than a look.

        For those who look again and again whether there is work.
        """
        return self._connections.version()

    def close(self) -> None:
        """Give all idle connections back."""
        self._connections.close()

    @contextmanager
    def _only_once(self) -> Iterator[None]:
        me = threading.get_ident()
        if me in self._writers:
            raise NestedTransactionError()
        self._writers.add(me)
        try:
            yield
        finally:
            self._writers.discard(me)


def open_database(
    url: str, *, schema: str, pool_size: int = DEFAULT_POOL_SIZE, patience_s: float = DEFAULT_PATIENCE_S
) -> Database:
    """Open the database of one service; connects when first used.

    Args:
        url: ``postgresql://role:password@host/database``, or ``sqlite:////folder``, which holds one file per
            service.
        schema: Name of the service: schema on PostgreSQL, name of the file on SQLite.
        pool_size: Most connections at a time (PostgreSQL).
        patience_s: How long a writer waits for others (SQLite).

    Raises:
        ConfigurationError: The URL cannot work; it is not shown, it may hold a password.
    """
    if not _SCHEMA_NAME.match(schema):
        raise ConfigurationError(f"{schema!r} cannot name a schema; use lower-case letters, digits and _")
    parsed = _parse(url)
    connections: Connections
    if parsed.get_backend_name() == "postgresql":
        connections = PostgresSchema(parsed, schema=schema, pool_size=pool_size)
    else:
        connections = SqliteFile(_file(parsed, schema), patience_s=patience_s)
    return Database(connections, schema=schema)


def open_service_database(settings: Settings, service: str) -> Database:
    """Open the database of ``service`` where the settings say; without any, files in the data folder.

    Raises:
        ConfigurationError: Production without a database server, or an address that cannot be one.
    """
    if settings.database_url is not None:
        return open_database(settings.database_url.get_secret_value(), schema=service)
    if settings.environment is Environment.PRODUCTION:
        raise ConfigurationError(f"production needs a database server: set {PREFIX}DATABASE_URL for {service}")
    return open_database(f"sqlite:///{settings.data_dir / 'db'}", schema=service)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError("the database URL cannot be read; see open_database for its form") from None
    if parsed.get_backend_name() not in ("postgresql", "sqlite"):
        raise ConfigurationError(
            f"no such kind of database: {parsed.get_backend_name()}; use postgresql or sqlite"
        )
    return parsed


def _file(url: URL, schema: str) -> Path:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("the SQLite URL must name a folder: sqlite:////path/of/folder")
    return Path(url.database) / f"{schema}.sqlite3"


def _transaction_of(connection: Connection) -> _Transaction:
    transaction: _Transaction | None = connection.info.get(_TRANSACTION)
    if transaction is None:
        raise NoTransactionError()
    return transaction


def _call_all(callbacks: dict[Callable[[], None], None]) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:  # noqa: BLE001  # whatever it is, it must not reach the caller: see below
            # The commit has happened; failing now would make the caller repeat it.
            _log.exception("after_commit_failed")
