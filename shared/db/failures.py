"""Tell a database that is away, busy or damaged from a statement that is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.errors import DatabaseUnavailableError, StudiomaticError, TransactionConflictError

_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_AWAY = _SQLITE_BUSY | {
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}

_SQLITE_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

# PostgreSQL appendix A: connection exceptions, out of resources, operator intervention (except a cancelled
# statement, listed below), system errors.
_POSTGRES_CLASSES_AWAY = ("08", "53", "57", "58")
_POSTGRES_READ_ONLY = "25006"
_POSTGRES_CODES_AWAY = {
    "55P03",  # lock_not_available: lock_timeout
}
_POSTGRES_CODES_CONFLICT = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
}


class DatabaseDamagedError(StudiomaticError):
    """A database file does not hold a database any more; waiting does not mend it."""

    code = "database.damaged"


@contextmanager
def damage_reported(path: Path) -> Iterator[None]:
    """Say which SQLite file is damaged, and what to do.

    Raises:
        DatabaseDamagedError: It is no database, or its pages contradict each other.
    """
    try:
        yield
    except DBAPIError as error:
        if not isinstance(error.orig, sqlite3.Error) or _sqlite_code(error.orig) not in _SQLITE_DAMAGED:
            raise
        raise DatabaseDamagedError(
            f"the database {path} is damaged ({_first_line(error)}); stop what uses it and put a backup "
            f"in its place, without {path.name}-wal and {path.name}-shm; with no backup, begin with another data "
            "folder (STUDIO_DATA_DIR)"
        ) from error


@contextmanager
def unavailability_reported(*, writing: bool) -> Iterator[None]:
    """Turn driver errors that mean "away, full or locked for too long" into one retryable error.

    Args:
        writing: A refusal to write then means a standby that a failover has not made the primary yet;
            otherwise it is a mistake of the caller.

    Raises:
        TransactionConflictError: Nothing of the transaction was done; repeat it at once.
        DatabaseUnavailableError: Retry the whole transaction. When the commit itself failed it may have
            taken effect; whoever retries must be idempotent.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise DatabaseUnavailableError(
            "all database connections of this process are in use; raise the pool size or lower the slots"
        ) from error
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) in _POSTGRES_CODES_CONFLICT:
            raise TransactionConflictError(
                f"the database undid a transaction that another stood in the way of: {_first_line(error)}"
            ) from error
        if not _is_away(error, writing=writing):
            raise
        raise DatabaseUnavailableError(f"the database does not answer: {_first_line(error)}") from error


def is_busy(error: OperationalError) -> bool:
    """Whether another process holds the lock on a SQLite file."""
    return isinstance(error.orig, sqlite3.Error) and _sqlite_code(error.orig) in _SQLITE_BUSY


def _is_away(error: DBAPIError, *, writing: bool) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_code(error.orig) in _SQLITE_AWAY
    state = getattr(error.orig, "pgcode", None)
    if state is None:  # no answer of the server at all, as when connecting fails
        return isinstance(error, OperationalError)
    if state == _POSTGRES_READ_ONLY:
        return writing
    return state in _POSTGRES_CODES_AWAY or state.startswith(_POSTGRES_CLASSES_AWAY)


def _sqlite_code(error: sqlite3.Error) -> int:
    """Primary result code; the extended one is in the upper bytes."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _first_line(error: DBAPIError) -> str:
    """The driver's words without statement and parameters, which may hold personal data."""
    return str(error.orig).strip().partition("\n")[0]
