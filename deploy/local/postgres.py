"""A private PostgreSQL server."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import sql

from deploy.local.errors import ServerUnavailableError
from deploy.local.ports import HOST, ReservedPort
from deploy.local.processes import GuardedProcess, Program
from deploy.local.programs import find_program
from deploy.local.run_folder import RunFolder

_SUPERUSER = "studio"
#: PostgreSQL refuses to run as root; these accounts take its place, best first.
_ACCOUNTS = ("postgres", "nobody")
_START_S = 60.0
_STOP_S = 30.0

#: Nothing here outlives its machine, so nothing waits for the disk; a killed server still loses no commit, because
#: what was written stays with the operating system.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "timezone": "UTC",
}


class PostgreSQL:
    """One database server with its own folder, port and superuser.

    Data survives ``stop``, ``kill`` and ``restart``; ``close`` ends it for good.

    Raises:
        ServerUnavailableError: PostgreSQL is not installed; from ``start``, it has not started in time.
    """

    def __init__(self, run: RunFolder) -> None:
        folders = _program_folders()
        self._server = find_program("postgres", packages="postgresql", folders=folders)
        self._initdb = find_program("initdb", packages="postgresql", folders=folders)
        self._run = run
        self._folder = run.folder_for("postgres")
        self._log = self._folder / "postgres.log"
        self._account = _account()
        self._password = secrets.token_urlsafe(16)
        self._port = ReservedPort()
        self._data = self._folder / "data"
        self._process: GuardedProcess | None = None

    @property
    def port(self) -> int:
        """TCP port; the same for the whole run."""
        return self._port.number

    @property
    def alive(self) -> bool:
        """Whether the server's process exists, answering or not."""
        return self._process is not None and self._process.alive

    def url(self, database: str = "postgres", *, user: str = _SUPERUSER, password: str | None = None) -> str:
        """Return the SQLAlchemy address of a database, credentials included."""
        return f"postgresql+psycopg2://{user}:{password or self._password}@{HOST}:{self.port}/{database}"

    def pids(self) -> list[int]:
        """List every process of the server."""
        return [] if self._process is None else self._process.pids()

    # Life and death

    def start(self) -> None:
        """Start the server on the data it had, and wait until it answers."""
        if not self._data.exists():
            self._make_data_folder()
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        self._process = GuardedProcess(
            Program(
                command=[str(self._server), "-D", str(self._data.resolve()), "-p", str(self.port), *settings],
                log=self._log,
                folder=self._data.resolve(),
                user=self._account,
                # Immediate shutdown gives the shared memory back, which SIGKILL would not.
                last_signal=signal.SIGQUIT,
                keep_open=(self._run.lock,),
            )
        )
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the server in order, closing every session (``pg_ctl stop -m fast``)."""
        self._end(signal.SIGINT)

    def stop_immediately(self) -> None:
        """Stop the server without a checkpoint (``pg_ctl stop -m immediate``); it recovers at the next start."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """End every process of the server with SIGKILL."""
        process = self._started()
        process.send_to_all(signal.SIGKILL)
        process.wait(_STOP_S)

    def restart(self) -> None:
        """Stop in order and start again."""
        self.stop()
        self.start()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Keep the server away inside a ``with`` block."""
        self.stop_immediately()
        try:
            yield
        finally:
            self.start()

    def pause(self) -> None:
        """Freeze the server with SIGSTOP: connections stay open and nothing answers."""
        self._started().send_to_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo ``pause``."""
        self._started().send_to_all(signal.SIGCONT)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep the server frozen inside a ``with`` block."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def heal(self) -> None:
        """Undo what a failed test may have left: a dead or frozen server."""
        if self.alive:
            self.resume()
        else:
            self.start()

    def close(self) -> None:
        """End the server at once and give its port back."""
        if self._process is not None:
            self._process.end()
        self._port.close()

    # Databases and roles

    def create_database(self, name: str, *, owner: str = _SUPERUSER) -> str:
        """Make an empty database and return its address for the superuser."""
        self.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)),
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end every session in it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def create_role(self, name: str, password: str) -> None:
        """Make a role that may log in and nothing else."""
        self.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(password)),
        )

    def drop_role(self, name: str) -> None:
        """Drop a role; what it owns must be gone."""
        self.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))

    def execute(self, statement: sql.Composable, database: str = "postgres") -> None:
        """Run one statement as the superuser, outside a transaction."""
        connection = self._connect(database)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def _connect(self, database: str) -> psycopg2.extensions.connection:
        return psycopg2.connect(
            host=HOST, port=self.port, user=_SUPERUSER, password=self._password, dbname=database, connect_timeout=5
        )

    def _started(self) -> GuardedProcess:
        if self._process is None or not self._process.alive:
            raise ServerUnavailableError("The private PostgreSQL is not running; start() it first.")
        return self._process

    def _end(self, how: signal.Signals) -> None:
        process = self._started()
        process.send(how)
        process.wait(_STOP_S)

    def _wait_until_ready(self) -> None:
        process = self._started()
        deadline = time.monotonic() + _START_S
        while True:
            try:
                self._connect("postgres").close()
            except psycopg2.OperationalError as error:
                if not process.alive or time.monotonic() > deadline:
                    raise ServerUnavailableError(
                        f"The private PostgreSQL has not started: {error}{process.log_tail()}"
                    ) from error
                time.sleep(0.05)
            else:
                return

    def _make_data_folder(self) -> None:
        """Initialise the data folder, where the account of the server can reach it."""
        if self._account is None:
            self._data.mkdir(mode=0o700)
        else:
            self._give_data_folder(self._account)
        self._initialise(self._data.resolve())

    def _give_data_folder(self, account: str) -> None:
        self._folder.chmod(0o711)
        if _may_enter(self._folder, account):
            self._data.mkdir(mode=0o700)
        else:
            # A checkout below /root is closed to others: the data lives elsewhere, the run points to it.
            self._data.symlink_to(tempfile.mkdtemp(prefix="studio-postgres-"))
        os.chown(self._data, pwd.getpwnam(account).pw_uid, -1)

    def _initialise(self, place: Path) -> None:
        reader, writer = os.pipe()
        if self._account:
            os.chown(reader, pwd.getpwnam(self._account).pw_uid, -1)
        os.write(writer, self._password.encode())
        os.close(writer)
        try:
            done = subprocess.run(
                [
                    self._initdb,
                    *("-D", place, "-U", _SUPERUSER, f"--pwfile=/dev/fd/{reader}", "--auth=scram-sha-256"),
                    *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
                ],
                cwd="/",
                user=self._account,
                extra_groups=[] if self._account else None,
                pass_fds=(reader,),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            os.close(reader)
        if done.returncode != 0:
            raise ServerUnavailableError(
                f"initdb could not make a PostgreSQL data folder in {place}: {done.stderr}"
            )


def _program_folders() -> list[Path]:
    """Return Debian's folders of PostgreSQL programs, newest version first; they are not on PATH."""
    found = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(found, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0), reverse=True)


def _account() -> str | None:
    """Return the account to run as: this one, unless it is root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _ACCOUNTS if name in known)


def _may_enter(folder: Path, account: str) -> bool:
    found = subprocess.run(["test", "-x", folder], user=account, extra_groups=[], cwd="/", check=False)
    return found.returncode == 0
