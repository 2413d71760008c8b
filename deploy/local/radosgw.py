"""A private S3 server: Ceph's RADOS gateway on one monitor and one object daemon that keeps all in memory."""

from __future__ import annotations

import secrets
import subprocess
import time
import uuid
from dataclasses import dataclass, field

from deploy.local.errors import ServerCommandError, ServerUnavailableError
from deploy.local.ports import HOST, ReservedPort, accepts_connections
from deploy.local.private_server import PrivateServer
from deploy.local.processes import GuardedProcess, Program
from deploy.local.programs import find_program
from deploy.local.run_folder import RunFolder

_PROGRAMS = ("monmaptool", "ceph-mon", "ceph-osd", "ceph", "radosgw", "radosgw-admin")
_USER = "studio"
_COMMAND_S = 60.0

#: Seconds that the gateway takes for a day of a lifecycle rule, so that expiry can be tested for real.
LIFECYCLE_DAY_S = 10

_SETTINGS = """\
[global]
fsid = {fsid}
mon host = v1:{host}:{monitor_port}
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
public addr = {host}
cluster addr = {host}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon max pg per osd = 1000
osd crush chooseleaf type = 0
# A fairly full disk would block a server that never writes to it.
mon data avail warn = 1
mon data avail crit = 1
# Every pool waits for a few rounds of one second each by default, and nobody else votes here.
paxos propose interval = 0.02
# How long a killed gateway still counts as a listener that the others wait for; 30 by default.
osd client watch timeout = 3
osd objectstore = memstore
memstore device bytes = 4294967296
keyring = /dev/null
run dir = {folder}/run
log file = {folder}/$name.log
admin socket = {folder}/run/$name.asok
pid file = {folder}/run/$name.pid
mon data = {folder}/mon
osd data = {folder}/osd
[client.rgw]
rgw frontends = beast endpoint={host}:{port}
rgw lc debug interval = {lifecycle_day_s}
"""


@dataclass(frozen=True, kw_only=True)
class S3Access:
    """Where the S3 API is and the keys of one of its users."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)


class Radosgw(PrivateServer):
    """One S3 endpoint with its own store and user.

    Objects live in the memory of the object daemon. What stops, dies, freezes and restarts is the gateway alone,
    so they stay until ``close``.

    Raises:
        ServerUnavailableError: Ceph is not installed.
    """

    def __init__(self, run: RunFolder) -> None:
        self._programs = {name: find_program(name) for name in _PROGRAMS}
        super().__init__(run, "radosgw")
        self._settings = self._folder / "ceph.conf"
        self._monitor_port = ReservedPort()
        self._store: list[GuardedProcess] = []
        self._access = self._new_keys()

    @property
    def access(self) -> S3Access:
        """The S3 API for the run's own user."""
        return self._access

    def pids(self) -> list[int]:
        """List every process of the server, the store below the gateway included."""
        return super().pids() + [pid for process in self._store for pid in process.pids()]

    def start(self) -> None:
        """Start the gateway, at first with the store below it, and wait until it answers."""
        first = not self._store
        if first:
            self._start_store()
        self._process = self._daemon("radosgw", "-n", "client.rgw")
        self._wait_until(self._answers)
        if first:
            self._make_user(_USER, self._access)

    def stop(self) -> None:
        """End the gateway as ``kill`` does: in order it takes up to 30 s, and it has nothing to save."""
        self.kill()

    def close(self) -> None:
        """End everything at once, for good."""
        super().close()
        for process in reversed(self._store):
            process.end()
        self._monitor_port.close()

    def create_user(self, name: str) -> S3Access:
        """Make another user and return its keys."""
        access = self._new_keys()
        self._make_user(name, access)
        return access

    def _new_keys(self) -> S3Access:
        return S3Access(
            endpoint=f"http://{HOST}:{self.port}",
            access_key=secrets.token_hex(10),
            secret_key=secrets.token_urlsafe(30),
        )

    def _make_user(self, name: str, access: S3Access) -> None:
        keys = (f"--access-key={access.access_key}", f"--secret-key={access.secret_key}")
        self._command("radosgw-admin", "user", "create", f"--uid={name}", f"--display-name={name}", *keys)

    def _answers(self) -> bool:
        for process in self._store:
            if not process.alive:
                raise ServerUnavailableError(f"The store below the private radosgw ended.{process.log_tail()}")
        return accepts_connections(self.port)

    def _start_store(self) -> None:
        fsid = str(uuid.uuid4())
        for name in ("run", "mon", "osd"):
            (self._folder / name).mkdir()
        self._write_settings(fsid)
        monitor = f"[v1:{HOST}:{self._monitor_port.number}]"
        monitors = str(self._folder / "monmap")
        self._command("monmaptool", "--create", "--addv", "a", monitor, "--fsid", fsid, monitors)
        self._command("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors)
        self._store.append(self._daemon("ceph-mon", "-i", "a"))
        # The daemon comes up only under the very id that the monitor has heard of.
        identity = str(uuid.uuid4())
        self._register_daemon(identity)
        self._command("ceph-osd", "-i", "0", "--mkfs", "--no-mon-config", "--osd-uuid", identity)
        self._store.append(self._daemon("ceph-osd", "-i", "0"))

    def _register_daemon(self, identity: str) -> None:
        """Tell the monitor of its one object daemon; telling it twice is harmless.

        A command that is sent before the client has heard the name of the cluster is refused with EPERM.
        """
        deadline = time.monotonic() + _COMMAND_S
        while True:
            try:
                self._command("ceph", "osd", "new", identity, "0")
            except ServerCommandError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def _write_settings(self, fsid: str) -> None:
        text = _SETTINGS.format(
            fsid=fsid,
            host=HOST,
            monitor_port=self._monitor_port.number,
            folder=self._folder,
            port=self.port,
            lifecycle_day_s=LIFECYCLE_DAY_S,
        )
        self._settings.write_text(text)

    def _daemon(self, name: str, *arguments: str) -> GuardedProcess:
        # Daemons that ask the monitor for settings forget the name of the cluster meanwhile; a command that they
        # send just then is refused, and the object daemon ends.
        options = ("-c", str(self._settings), "-f", "--no-mon-config")
        return GuardedProcess(
            Program(
                command=[str(self._programs[name]), *options, *arguments],
                log=self._folder / f"{name}.log",
                folder=self._folder,
                keep_open=(self._run.lock,),
            )
        )

    def _command(self, name: str, *arguments: str) -> str:
        settings = () if name == "monmaptool" else ("-c", str(self._settings))
        try:
            done = subprocess.run(
                [self._programs[name], *settings, *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=_COMMAND_S,
            )
        except subprocess.TimeoutExpired as error:
            raise ServerUnavailableError(f"{name} {arguments[0]} took over {_COMMAND_S:.0f} s.") from error
        if done.returncode != 0:
            raise ServerCommandError(f"{name} {arguments[0]} failed: {done.stderr[-2000:]}")
        return done.stdout
