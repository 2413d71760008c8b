"""SQLite, one file per service: writers take turns under a lock of their own before they touch the file.

A connection of one process cannot wait for another inside SQLite without freezing every green thread, so the
busy timeout is 0 and waiting happens here: first for the turn within this process, then, by retrying BEGIN
IMMEDIATE, for other processes. Readers use connections of their own that cannot write; in WAL mode they never
wait for a writer.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from shared.db.discretion import make_discreet
from shared.db.failures import damage_reported, is_busy
from shared.db.turns import Turn
from shared.errors import ConfigurationError, DatabaseUnavailableError, StudiomaticError

FIRST_RETRY_S = 0.001
LAST_RETRY_S = 0.025

WRITER_PRAGMAS = (
    "journal_mode = WAL",
    # A commit is on the disk when it returns: money is spent after some of them.
    "synchronous = FULL",
    "foreign_keys = ON",
    "busy_timeout = 0",
)
READER_PRAGMAS = ("query_only = ON", "busy_timeout = 0")


class BrokenReferenceError(StudiomaticError):
    """A migration left a row that refers to a missing one; correct the migration."""

    code = "broken_reference"


_turns: WeakValueDictionary[str, Turn] = WeakValueDictionary()
"""One turn for each file, however many Database objects of this process have it open."""


class SqliteFile:
    """The two sets of connections to one file: one that writes, and those that only read.

    Args:
        path: The file; missing folders are made, readable by this user only.
        patience_s: How long a writer waits for its turn, and then for other processes.
    """

    def __init__(self, path: Path, *, patience_s: float) -> None:
        _make_private_folder(path.parent)
        self.path = path
        self._patience_s = patience_s
        self._turn = _turns.setdefault(os.path.realpath(path), Turn())
        self._writer = _engine(path, begin="BEGIN IMMEDIATE", pragmas=WRITER_PRAGMAS, pool_size=1)
        self._readers = _engine(path, begin="BEGIN", pragmas=READER_PRAGMAS, pool_size=5)
        event.listen(self._readers, "begin", _take_snapshot)
        self._watching: sqlite3.Connection | None = None

    @property
    def engine(self) -> Engine:
        """The engine that writes."""
        return self._writer

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Hold the file's only write transaction; commits at the end, rolls back on any exception."""
        with damage_reported(self.path), self._our_turn(), self._begun(self._writer) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read one consistent snapshot; an attempt to write fails."""
        with damage_reported(self.path), self._begun(self._readers) as connection:
            yield connection

    @contextmanager
    def changing_schema(self) -> Iterator[Connection]:
        """Like ``writing``, with references checked once at the end.

        SQLite alters a table by copying and dropping it, which would delete what refers to its rows.

        Raises:
            BrokenReferenceError: Nothing was changed.
        """
        with (
            damage_reported(self.path),
            self._our_turn(),
            self._references_unchecked(),
            self._begun(self._writer) as connection,
        ):
            yield connection
            _check_references(connection)

    def version(self) -> int | None:
        """A number that is another one after every commit, of other processes, too; asking costs next to nothing.

        Source: SQLite's ``PRAGMA data_version``, on a connection that never writes. None when it cannot be told.
        """
        try:
            if self._watching is None:
                self._watching = sqlite3.connect(self.path, timeout=0, check_same_thread=False)
            version: int = self._watching.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            return None
        return version

    def close(self) -> None:
        if self._watching is not None:
            self._watching.close()
            self._watching = None
        self._readers.dispose()
        self._writer.dispose()

    @contextmanager
    def _our_turn(self) -> Iterator[None]:
        if not self._turn.acquire(self._patience_s):
            raise DatabaseUnavailableError(
                f"{self.path.name} was being written by this process for over {self._patience_s:g} s"
            )
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _references_unchecked(self) -> Iterator[None]:
        """SQLite ignores the pragma inside a transaction, so it surrounds one."""
        self._set_references_checked(False)
        try:
            yield
        finally:
            self._set_references_checked(True)

    def _set_references_checked(self, checked: bool) -> None:
        with self._patiently(self._writer.connect) as connection:
            connection.connection.cursor().execute(f"PRAGMA foreign_keys = {checked:d}")

    @contextmanager
    def _begun(self, engine: Engine) -> Iterator[Connection]:
        connection = self._patiently(lambda: _begin(engine))
        try:
            with connection.get_transaction():  # type: ignore[union-attr]  # it has just been begun
                yield connection
        finally:
            connection.close()

    def _patiently(self, connect: Callable[[], Connection]) -> Connection:
        """Connect, trying again while another process holds the file."""
        deadline = time.monotonic() + self._patience_s
        pause = FIRST_RETRY_S
        while True:
            try:
                return connect()
            except OperationalError as error:
                if not is_busy(error) or time.monotonic() >= deadline:
                    raise
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311  # jitter, not a secret
            pause = min(2 * pause, LAST_RETRY_S)


def _make_private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the database folder {folder} cannot be made ({error.strerror}); choose another data folder"
        ) from error


def _engine(path: Path, *, begin: str, pragmas: tuple[str, ...], pool_size: int) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        pool_size=pool_size,
        hide_parameters=True,  # they may be personal, and errors are logged
        max_overflow=-1,  # a connection to a file costs little; waiting for one could deadlock
        connect_args={"check_same_thread": False, "timeout": 0},
    )

    def set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    make_discreet(engine)
    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _take_snapshot(connection: Connection) -> None:
    """Start reading now: what follows can no longer find the file locked."""
    connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1")


def _begin(engine: Engine) -> Connection:
    connection = engine.connect()
    try:
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise BrokenReferenceError(f"row {broken[1]} of {broken[0]} refers to a missing row of {broken[2]}")
