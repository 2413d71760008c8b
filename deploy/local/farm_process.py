"""One service of a farm in a process of its own, and what can be done to it."""

from __future__ import annotations

import shutil
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.local.errors import ServerUnavailableError
from deploy.local.processes import GuardedProcess, Program

#: What a service may know of the environment of whoever started the farm; all its settings are its own.
_INHERITED = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TZ"})
_STARTED = '"event": "services_started"'
_START_S = 60.0
#: Beyond the grace for running tasks: answering them, closing connections, ending the interpreter.
_STOP_S = 10.0
_POLL_S = 0.05


class FarmProcess:
    """A service that can be stopped, killed, frozen and started again under the same name.

    It ends with the process that started it, at once.

    Args:
        name: E.g. ``renderer-1``; names its log and its folder.
        service: E.g. ``renderer``.
        environment: Settings and secrets; nobody else's.
        folder: Of the farm: ``<name>.log`` and the folder ``<name>`` are made there.
        command: What it runs, without secrets.
        stop_grace_s: How long running tasks may take when it is stopped.
        keep_open: Descriptors that stay open as long as it may live.
        consumes: Says whether the process with this pid reads all its queues.
        user: Account to run as; None is that of this process.
    """

    def __init__(
        self,
        *,
        name: str,
        service: str,
        environment: Mapping[str, str],
        folder: Path,
        command: list[str],
        stop_grace_s: int,
        keep_open: tuple[int, ...],
        consumes: Callable[[FarmProcess], bool],
        user: str | None = None,
    ) -> None:
        self.name = name
        self.service = service
        self.log_file = folder / f"{name}.log"
        self._folder = folder / name
        self._stop_grace_s = stop_grace_s
        self._consumes = consumes
        self._scratch = self._folder / "tmp"
        self._user = user
        self._program = Program(
            command=command,
            log=self.log_file,
            folder=self._folder,
            environment={
                **environment,
                "STUDIO_DATA_DIR": str(self._folder / "data"),
                "TMPDIR": str(self._scratch),
                **({"HOME": str(self._folder)} if user else {}),
            },
            user=user,
            inherited=_INHERITED,
            keep_open=keep_open,
        )
        self._process: GuardedProcess | None = None
        self._log_begin = 0

    @property
    def alive(self) -> bool:
        """Whether the process exists, frozen or not."""
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int:
        """Of the service itself, of its last start."""
        return self._started().pid

    @property
    def worker(self) -> str:
        """What the process calls itself in attempts and reports."""
        return f"{self.service}@{socket.gethostname()}:{self.pid}"

    def pids(self) -> list[int]:
        """The service and everything below it, such as render children."""
        return [] if self._process is None else self._process.pids()

    def log_text(self) -> str:
        """Everything it logged, over all its starts."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def launch(self) -> None:
        """Start without waiting.

        Raises:
            ServerUnavailableError: It runs already.
        """
        if self.alive:
            raise ServerUnavailableError(f"{self.name} runs already, as pid {self.pid}")
        shutil.rmtree(self._folder, ignore_errors=True)  # scratch files that a killed one left
        self._scratch.mkdir(parents=True, mode=0o700)
        if self._user is not None:
            shutil.chown(self._folder, self._user)
            shutil.chown(self._scratch, self._user)
        self._log_begin = self.log_file.stat().st_size if self.log_file.exists() else 0
        self._process = GuardedProcess(self._program)

    def start(self) -> None:
        """Start, and wait until the service takes messages.

        Raises:
            ServerUnavailableError: It ended or did not start in time; shows the end of its log.
        """
        self.launch()
        self.wait_until_consuming()

    def wait_until_consuming(self) -> None:
        """Wait until the service takes messages.

        Raises:
            ServerUnavailableError: It ended or did not start in time; shows the end of its log.
        """
        process = self._started()
        deadline = time.monotonic() + _START_S
        while not self.is_consuming():
            if not process.alive:
                raise ServerUnavailableError(f"{self.name} ended while starting.{process.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerUnavailableError(
                    f"{self.name} takes no messages after {_START_S:.0f} s.{process.log_tail()}"
                )
            time.sleep(_POLL_S)

    def is_consuming(self) -> bool:
        """Whether the service says that it has started and the broker knows it as reader of all its queues."""
        with self.log_file.open(errors="replace") as log:
            log.seek(self._log_begin)
            started = _STARTED in log.read()
        return started and self.alive and self._consumes(self)

    def stop(self) -> None:
        """SIGTERM, and wait: running tasks may finish within the grace; what is left after it is killed."""
        self.request_stop()
        self.wait_until_stopped()

    def request_stop(self) -> None:
        """SIGTERM, also to one that is frozen."""
        process = self._started()
        process.send(signal.SIGTERM)
        process.send_to_all(signal.SIGCONT)

    def wait_until_stopped(self) -> None:
        """Wait for the end that was requested, and bring it about when the grace is over."""
        process = self._started()
        try:
            process.wait(self._stop_grace_s + _STOP_S)
        except ServerUnavailableError:
            process.end()

    def kill(self) -> None:
        """SIGKILL to the service and everything below it."""
        process = self._started()
        process.send_to_all(signal.SIGKILL)
        process.wait(_STOP_S)

    def pause(self) -> None:
        """SIGSTOP to the service and everything below it."""
        self._started().send_to_all(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT to the service and everything below it."""
        self._started().send_to_all(signal.SIGCONT)

    def restart(self) -> None:
        """Stop if it runs, and start."""
        if self.alive:
            self.stop()
        self.start()

    def _started(self) -> GuardedProcess:
        if self._process is None:
            raise ServerUnavailableError(f"{self.name} was never started")
        return self._process
