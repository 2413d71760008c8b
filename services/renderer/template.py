"""The service's side of the template: the process that has loaded everything, from which children are forked.

Waits on pipes only, so it works the same in plain threads and after eventlet's monkey-patching. Imports neither
av nor cv2, and never forks the process it runs in.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from pydantic import ValidationError

import services
from services.renderer.orders import Born, ChildOrder, Ended, Ready, TemplateHello
from shared.errors import InfrastructureError

_START_SECONDS = 60.0
_REAP_SECONDS = 10.0
_READ_BYTES = 1 << 16

# The whole program of the template. It gets our import path instead of finding its own, and -I keeps PYTHON*
# variables and the working directory out of it.
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from services.renderer.forking import main; main()"


@dataclass(frozen=True, kw_only=True)
class ChildLimits:
    """What one render child may use.

    ``memory_bytes`` bounds its address space, which is more than it keeps in memory. An idle child ends by itself
    after ``idle_seconds`` and gives its memory back; so does the template when no child has lived for as long.
    """

    memory_bytes: int = 6 << 30
    file_bytes: int = 64 << 30
    idle_seconds: float = 60.0


class ChildLostError(InfrastructureError):
    """A child ended before it took the work; the work may be given to another one."""

    code = "infrastructure.render_child"


def template_command() -> list[str]:
    """Command line that starts the real template."""
    root = str(Path(services.__file__).resolve().parents[1])
    import_path = [str(Path(entry).absolute()) for entry in sys.path if entry]
    return [sys.executable, "-I", "-S", "-c", _BOOT, root, *import_path]


class ForkedChild:
    """A child as its orderer holds it: the ends of its pipes, its process id, and how it ended."""

    def __init__(self, *, requests: int, answers: int, status: int) -> None:
        self.requests = os.fdopen(requests, "wb", buffering=0)
        self.answers = LineReader(answers)
        self._status = LineReader(status)
        self._exit_code: int | None = None
        self.pid = 0

    def wait_until_born(self) -> None:
        """Wait for its first sign of life.

        Raises:
            ChildLostError: There is none; ended or not, the child is nobody's any more once this is closed.
        """
        line = self._status.next_line(_START_SECONDS)
        try:
            self.pid = Born.model_validate_json(line or b"").pid
        except ValidationError as error:
            raise ChildLostError("the render process did not start; free memory or processes") from error

    def exit_code(self, timeout_s: float) -> int | None:
        """How it ended, negative for a signal; None when it lives on for so long."""
        if self._exit_code is None:
            line = self._status.next_line(timeout_s)
            if line is None:
                return None
            # Without a word its template has gone, and with it all its children.
            self._exit_code = Ended.model_validate_json(line).exit_code if line else -signal.SIGKILL
        return self._exit_code

    def kill(self) -> None:
        """End it and everything it has started, and wait for that."""
        if self.exit_code(0) is None:
            with suppress(ProcessLookupError):  # its template has gone in this moment
                os.killpg(self.pid, signal.SIGKILL)  # the template keeps its id from reuse until we close
            self.exit_code(_REAP_SECONDS)  # longer only if it is stuck in the kernel

    def close(self) -> None:
        """Give the pipes back; ends the child if it lives."""
        for stream in (self.requests, self.answers, self._status):
            stream.close()


class LineReader:
    """Lines that arrive on a pipe, which it owns."""

    def __init__(self, descriptor: int) -> None:
        self._stream = os.fdopen(descriptor, "rb", buffering=0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stream, selectors.EVENT_READ)
        self._received = b""

    def next_line(self, timeout_s: float) -> bytes | None:
        """The next line; None when none came in time, empty when none will come any more."""
        until = time.monotonic() + timeout_s
        while b"\n" not in self._received:
            if not self._selector.select(max(0.0, until - time.monotonic())):
                return None
            data = os.read(self._stream.fileno(), _READ_BYTES)
            if not data:
                return b""
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line

    def close(self) -> None:
        """Give the pipe back."""
        self._selector.close()
        self._stream.close()


class ChildTemplate:
    """Forks render children on request; starts its process when first needed, and again when that has ended.

    The process never opens an account's file, so nothing of one account can reach another one's child through it.

    Args:
        idle_seconds: It ends by itself when no child has lived for so long.
        command: What to start in place of the real process.
    """

    def __init__(self, idle_seconds: float = 60.0, command: Sequence[str] | None = None) -> None:
        self._idle_seconds = idle_seconds
        self._command = command or template_command()
        self._lock = threading.Lock()
        self._process: _TemplateProcess | None = None
        self._engine: str | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the template; None before the first use and after the last."""
        return self._process.pid if self._process is not None else None

    def engine(self) -> str:
        """What names the pixels and samples that children make; starts the process the first time.

        Raises:
            ChildLostError: It cannot be started.
        """
        with self._lock:
            return self._engine or self._running().engine

    def fork(self, folder: Path, limits: ChildLimits) -> ForkedChild:
        """A new child that has seen no file, at home in ``folder``.

        Raises:
            ChildLostError: None can be started.
        """
        order = ChildOrder(
            folder=folder,
            memory_bytes=limits.memory_bytes,
            file_bytes=limits.file_bytes,
            idle_seconds=limits.idle_seconds,
        )
        with self._lock:
            try:
                return self._running().fork(order)
            except ChildLostError:
                self._drop()  # it may have ended of idleness in the moment it was asked
                return self._running().fork(order)

    def close(self) -> None:
        """Order no more children; the process ends with the last child."""
        with self._lock:
            self._drop()

    def _running(self) -> _TemplateProcess:
        if self._process is None:
            self._process = _TemplateProcess(self._command, self._idle_seconds)
            self._engine = self._process.engine
        return self._process

    def _drop(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


class _TemplateProcess:
    """The running template."""

    def __init__(self, command: Sequence[str], idle_seconds: float) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = _started(command, theirs)
            except OSError as error:
                self._control.close()
                raise ChildLostError(
                    f"the render process cannot be started ({error.strerror}); free memory or processes"
                ) from error
        try:
            self.engine = self._greeted(idle_seconds)
        except BaseException:
            self._process.kill()
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def fork(self, order: ChildOrder) -> ForkedChild:
        with ExitStack() as theirs:
            child, descriptors = _piped(theirs)
            try:
                socket.send_fds(self._control, [order.model_dump_json().encode()], descriptors)
                theirs.close()  # so that silence is not ours
                child.wait_until_born()
            except OSError as error:
                child.close()
                raise ChildLostError("the template of the render processes is gone; try again") from error
            except BaseException:
                child.close()
                raise
        return child

    def close(self) -> None:
        self._control.close()
        for stream in (self._process.stdout, self._process.stderr):
            cast(IO[bytes], stream).close()
        self._process.poll()  # reaps it if it has ended; later ones are reaped by Popen's own housekeeping

    def _greeted(self, idle_seconds: float) -> str:
        hello = TemplateHello(
            parent=os.getpid(),
            # The kernel means the starting thread when it says parent; the main one lives as long as we do.
            ends_with_starter=threading.get_native_id() == os.getpid(),
            idle_seconds=idle_seconds,
        )
        with suppress(BrokenPipeError, ConnectionResetError):  # it is gone: the missing answer says so
            self._control.send(hello.model_dump_json().encode())
        line = LineReader(os.dup(cast(IO[bytes], self._process.stdout).fileno())).next_line(_START_SECONDS)
        if not line:
            raise ChildLostError(f"the render process did not start: {self._trouble()}")
        return Ready.model_validate_json(line).engine

    def _trouble(self) -> str:
        """The last thing it said on standard error, once it has ended."""
        self._process.kill()
        _, errors = self._process.communicate()
        lines = errors.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def _piped(theirs: ExitStack) -> tuple[ForkedChild, list[int]]:
    """Our ends of the three pipes of a child, and the child's, which ``theirs`` closes."""
    requests, answers, status = os.pipe(), os.pipe(), os.pipe()
    given = [requests[0], answers[1], status[1]]
    for descriptor in given:
        theirs.callback(os.close, descriptor)
    return ForkedChild(requests=requests[1], answers=answers[0], status=status[0]), given


def _started(command: Sequence[str], control: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=control.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=_ENVIRONMENT,
        start_new_session=True,
    )


_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_LOG_LEVEL": "ERROR",
}
"""Nothing of ours: no secret, no proxy, no preload; one thread for libraries that would start more."""
