"""A private PostgreSQL server."""

from __future__ import annotations

import os
import pwd
import secrets
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg2
from psycopg2 import sql

from deploy.local.errors import ServerUnavailableError
from deploy.local.ports import HOST
from deploy.local.private_server import PrivateServer
from deploy.local.processes import GuardedProcess, Program
from deploy.local.programs import find_program
from deploy.local.run_folder import RunFolder

_SUPERUSER = "studio"
#: PostgreSQL refuses to run as root; these accounts take its place, best first.
_ACCOUNTS = ("postgres", "nobody")

#: Nothing here outlives its machine, so nothing waits for the disk; a killed server still loses no commit, because
#: what was written stays with the operating system.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    # In files of the data folder: nothing stays in /dev/shm after SIGKILL.
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "timezone": "UTC",
}


class PostgreSQL(PrivateServer):
    """One database server with its own superuser.

    Raises:
        ServerUnavailableError: PostgreSQL is not installed.
    """

    def __init__(self, run: RunFolder) -> None:
        self._server = find_program("postgres")
        self._initdb = find_program("initdb")
        super().__init__(run, "postgres")
        self._account = _account()
        self._password = secrets.token_urlsafe(16)
        self._data = self._folder / "data"

    def url(self, database: str = "postgres", *, user: str = _SUPERUSER, password: str | None = None) -> str:
        """Return the SQLAlchemy address of a database, credentials included."""
        return f"postgresql+psycopg2://{user}:{password or self._password}@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Start the server on the data it had, at first on an empty cluster, and wait until it answers."""
        if not self._data.exists():
            self._make_data_folder()
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        data = self._data.resolve()
        self._process = GuardedProcess(
            Program(
                command=[str(self._server), "-D", str(data), "-p", str(self.port), *settings],
                log=self._folder / "postgres.log",
                folder=data,
                user=self._account,
                # Immediate shutdown gives the shared memory back, which SIGKILL would not.
                last_signal=signal.SIGQUIT,
                keep_open=(self._run.lock,),
            )
        )
        self._wait_until(self._answers)

    def stop(self) -> None:
        """Stop the server in order, ending every session (``pg_ctl stop -m fast``)."""
        self._end(signal.SIGINT)

    def stop_immediately(self) -> None:
        """Stop the server without a checkpoint (``pg_ctl stop -m immediate``); it recovers at the next start."""
        self._end(signal.SIGQUIT)

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

    def _answers(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

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


def _account() -> str | None:
    """Return the account to run as: this one, unless it is root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _ACCOUNTS if name in known)


def _may_enter(folder: Path, account: str) -> bool:
    found = subprocess.run(["test", "-x", folder], user=account, extra_groups=[], cwd="/", check=False)
    return found.returncode == 0
