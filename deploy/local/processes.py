"""Programs that end with the process that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import guard
from deploy.local.errors import ServerUnavailableError

_LOG_TAIL_LINES = 30


@dataclass(frozen=True, kw_only=True)
class Program:
    """How to start one server program, and how it is ended when its owner is gone."""

    command: Sequence[str]
    log: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Which variables of this process it gets besides; None is all of them.
    inherited: frozenset[str] | None = None
    #: Account to run as; None is the account of this process.
    user: str | None = None
    #: What ends the program when its owner is gone; after the grace everything below it gets SIGKILL.
    last_signal: signal.Signals = signal.SIGKILL
    grace_s: float = 5.0
    #: Descriptors that stay open as long as the program may live.
    keep_open: tuple[int, ...] = ()


class GuardedProcess:
    """One running program under its guard (see ``guard.py``).

    Raises:
        ServerUnavailableError: The program could not be started.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        # Nobody else reads it: auth shows the token of the first administrator there.
        program.log.touch(mode=0o600)
        with program.log.open("ab") as log:
            self._guard = subprocess.Popen(
                _guarded(program),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=program.folder,
                env=_environment(program),
                pass_fds=program.keep_open,
                # Out of the terminal's reach: Ctrl-C is for the owner, who then ends its servers in order.
                start_new_session=True,
            )
        self.pid = self._first_pid()

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        return self._guard.poll() is None

    def pids(self) -> list[int]:
        """List every process of the program, its daemons included."""
        return guard.descendants(self._guard.pid)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program's first process."""
        guard.signal_each([self.pid], number)

    def send_to_all(self, number: signal.Signals) -> None:
        """Send a signal to every process of the program."""
        guard.signal_each(self.pids(), number)

    def wait(self, timeout_s: float) -> None:
        """Wait until nothing of the program is left.

        Raises:
            ServerUnavailableError: It has not ended in time.
        """
        try:
            self._guard.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ServerUnavailableError(
                f"{self._program.command[0]} (pid {self.pid}) has not ended within {timeout_s:.0f} s."
                f"{self.log_tail()}"
            ) from error

    def end(self) -> None:
        """End the program now, the way it ends when its owner is gone."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self.wait(self._program.grace_s + 10)

    def log_tail(self) -> str:
        """Return the last lines of the program's log, ready to be added to an error message."""
        lines = self._program.log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        return "".join(f"\n    {line}" for line in [f"{self._program.log}:", *lines])

    def _first_pid(self) -> int:
        assert self._guard.stdout is not None  # noqa: S101 - opened as a pipe above
        with self._guard.stdout as report:
            line = report.readline()
        if not line:
            raise ServerUnavailableError(f"{self._program.command[0]} could not be started.{self.log_tail()}")
        return int(line)


def _environment(program: Program) -> dict[str, str]:
    inherited = {
        name: value for name, value in os.environ.items() if program.inherited is None or name in program.inherited
    }
    return {**inherited, **program.environment}


def _guarded(program: Program) -> list[str]:
    options = [
        "--log",
        str(program.log),
        "--grace",
        str(program.grace_s),
        "--stop-signal",
        program.last_signal.name,
    ]
    if program.user:
        options += ["--user", program.user]
    # Isolated and without site-packages: the guard needs neither, and starts in half the time.
    return [sys.executable, "-IS", guard.__file__, *options, "--", *program.command]
