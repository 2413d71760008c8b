"""What every private server can be made to suffer, and how it comes back."""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deploy.local.errors import ServerUnavailableError
from deploy.local.ports import HOST, ReservedPort
from deploy.local.processes import GuardedProcess
from deploy.local.run_folder import RunFolder

_START_S = 90.0
_STOP_S = 30.0
_POLL_S = 0.05


class PrivateServer(ABC):
    """One server with its own folder and loopback port, both kept until ``close``.

    Its data survive ``stop``, ``kill`` and ``restart``.

    Args:
        run: The run that the server belongs to.
        name: Name of its folder, and of the server in messages.
    """

    def __init__(self, run: RunFolder, name: str) -> None:
        self._run = run
        self._name = name
        self._folder = run.folder_for(name)
        self._port = ReservedPort()
        self._process: GuardedProcess | None = None
        self._frozen = False

    @property
    def port(self) -> int:
        """TCP port for clients; the same for the whole run."""
        return self._port.number

    @property
    def alive(self) -> bool:
        """Whether the server's process exists, answering or not."""
        return self._process is not None and self._process.alive

    def pids(self) -> list[int]:
        """List every process of the server."""
        return [] if self._process is None else self._process.pids()

    @abstractmethod
    def start(self) -> None:
        """Start the server on the data it had, and wait until it answers.

        Raises:
            ServerUnavailableError: It has not started in time; the message shows the end of its log.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop the server in order."""

    def kill(self) -> None:
        """End every process of the server with SIGKILL."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop in order and start again."""
        self.stop()
        self.start()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Keep the server away inside a ``with`` block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def pause(self) -> None:
        """Freeze the server with SIGSTOP: connections stay open and nothing answers."""
        self._running().send_to_all(signal.SIGSTOP)
        self._frozen = True

    def resume(self) -> None:
        """Undo ``pause``."""
        self._running().send_to_all(signal.SIGCONT)
        self._frozen = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep the server frozen inside a ``with`` block."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def heal(self) -> None:
        """Undo what a failed test may have left: a dead or a frozen server."""
        if not self.alive:
            self.start()
        elif self._frozen:
            self.resume()

    def close(self) -> None:
        """End the server at once, for good."""
        if self._process is not None:
            self._process.end()
        self._port.close()

    def _end(self, how: signal.Signals) -> None:
        process = self._running()
        if how == signal.SIGKILL:
            process.send_to_all(how)
        else:
            process.send(how)
        process.wait(_STOP_S)

    def _running(self) -> GuardedProcess:
        if self._process is None or not self._process.alive:
            raise ServerUnavailableError(f"The private {self._name} is not running; start() it first.")
        return self._process

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        process = self._running()
        deadline = time.monotonic() + _START_S
        while not ready():
            if not process.alive:
                raise ServerUnavailableError(f"The private {self._name} ended while starting.{process.log_tail()}")
            if time.monotonic() > deadline:
                raise ServerUnavailableError(
                    f"The private {self._name} does not answer on {HOST}:{self.port} after {_START_S:.0f} s."
                    f"{process.log_tail()}"
                )
            time.sleep(_POLL_S)
