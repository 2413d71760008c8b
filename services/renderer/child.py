"""The parent's side of render children: starts them, gives them work, and ends them.

Waits on pipes only, so it works the same in plain threads and after eventlet's monkey-patching. Imports neither
av nor cv2.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast

from pydantic import BaseModel, TypeAdapter

import services
from services.renderer.work import (
    RESULTS,
    Failed,
    Finished,
    Hello,
    Progressed,
    Ready,
    ResultT,
    Started,
    Work,
)
from shared.errors import InfrastructureError, TaskCancelledError, TaskFailedError

_CANCEL_POLL_SECONDS = 0.2
_START_SECONDS = 60.0
_REAP_SECONDS = 10.0
_READ_BYTES = 1 << 16
_STDERR_TAIL_BYTES = 2_000

# The whole program of the child. It gets our import path instead of finding its own, and -I keeps PYTHON*
# variables and the working directory out of it.
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from services.renderer.worker import main; main()"

OnProgress = Callable[[int, int], None]
"""Called with (done, total), in units of the work's own, in the thread that waits for the work."""


class Cancelled(Protocol):
    """Says whether the work is still wanted; a ``threading.Event`` fits."""

    def is_set(self) -> bool:
        """Whether the work is to be given up."""


@dataclass(frozen=True, kw_only=True)
class ChildLimits:
    """What one render child may use.

    ``memory_bytes`` bounds its address space, which is more than it keeps in memory. An idle child ends by itself
    after ``idle_seconds`` and gives its memory back.
    """

    memory_bytes: int = 6 << 30
    file_bytes: int = 64 << 30
    idle_seconds: float = 60.0


class ChildLostError(InfrastructureError):
    """A child ended before it took the work; the work may be given to another one."""

    code = "infrastructure.render_child"


def child_command() -> list[str]:
    """Command line that starts the real child."""
    root = str(Path(services.__file__).resolve().parents[1])
    import_path = [str(Path(entry).absolute()) for entry in sys.path if entry]
    return [sys.executable, "-I", "-S", "-c", _BOOT, root, *import_path]


class RenderChild:
    """One child process: warm between pieces of work, which it does one at a time.

    Its temporary folder is created and removed here, because a killed child cannot.

    Args:
        command: What to start in place of the real child.
    Raises:
        ChildLostError: No child can be started.
    """

    def __init__(self, limits: ChildLimits | None = None, command: Sequence[str] | None = None) -> None:
        self._folder = tempfile.mkdtemp(prefix="studiomatic-render-")
        try:
            self._process = _started(command or child_command(), self._folder)
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise ChildLostError(
                f"the render process cannot be started ({error.strerror}); free memory or processes"
            ) from error
        self._answers = _Answers(self._process)
        try:
            self.engine = self._greeted(limits or ChildLimits())
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def run(
        self, work: Work[ResultT], *, on_progress: OnProgress, deadline_s: float, cancelled: Cancelled
    ) -> ResultT:
        """Do one piece of work; kills the child unless the work succeeded.

        Raises:
            ChildLostError: The child was gone before it took the work.
            TaskCancelledError: ``cancelled`` was set.
            TaskFailedError: The work failed; ``code`` is ``renderer.crashed``, ``renderer.deadline_exceeded``,
                ``renderer.disk_full`` or what the pipeline says.
        """
        try:
            return self._performed(work, on_progress, time.monotonic() + deadline_s, cancelled)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End the child at once and remove its temporary folder; may be called again."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # stuck in the kernel; it is reaped when it comes out
            self._process.wait(timeout=_REAP_SECONDS)
        self._answers.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _greeted(self, limits: ChildLimits) -> str:
        hello = Hello(
            parent=os.getpid(),
            # The kernel means the starting thread when it says parent; the main one lives as long as we do.
            ends_with_starter=threading.get_native_id() == os.getpid(),
            memory_bytes=limits.memory_bytes,
            file_bytes=limits.file_bytes,
            idle_seconds=limits.idle_seconds,
        )
        self._send(hello)
        line = self._answers.next_line(_START_SECONDS)
        if not line:
            raise ChildLostError(f"the render process did not start: {self._answers.trouble()}")
        return Ready.model_validate_json(line).engine

    def _performed(
        self, work: Work[ResultT], on_progress: OnProgress, deadline: float, cancelled: Cancelled
    ) -> ResultT:
        self._send(work)
        if not isinstance(self._awaited(deadline, cancelled), Started):
            raise ChildLostError("the render process ended before it took the work")
        while True:
            match self._awaited(deadline, cancelled):
                case Progressed(done=done, total=total):
                    on_progress(done, total)
                case Failed(code=code, message=message, retryable=retryable):
                    raise TaskFailedError(message, code=code, retryable=retryable)
                case Finished(result=result):
                    return cast(ResultT, RESULTS[_kind_of(work)].model_validate(result))
                case _:
                    raise self._crash()

    def _awaited(self, deadline: float, cancelled: Cancelled) -> BaseModel | None:
        """The next answer; None when there will be none."""
        while True:
            if cancelled.is_set():
                raise TaskCancelledError
            left = deadline - time.monotonic()
            if left <= 0:
                raise _deadline_exceeded()
            line = self._answers.next_line(min(left, _CANCEL_POLL_SECONDS))
            if line is not None:
                return _parsed(line)

    def _crash(self) -> TaskFailedError:
        exit_code = self._process.wait(timeout=_REAP_SECONDS)
        how = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
        return TaskFailedError(
            f"the render process ended in mid-work ({how}; SIGKILL often means that memory ran out);"
            " free memory or lower the number of render slots",
            code="renderer.crashed",
            retryable=True,
        )

    def _send(self, line: BaseModel) -> None:
        stdin = cast(IO[bytes], self._process.stdin)
        try:
            stdin.write(line.model_dump_json().encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # it is gone: the missing answer says so


class _Answers:
    """The lines a child writes; keeps the end of its standard error for whoever must explain its death."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._stdout = cast(IO[bytes], process.stdout)
        self._stderr = cast(IO[bytes], process.stderr)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)
        self._received = b""
        self._errors = b""

    def next_line(self, timeout_s: float) -> bytes | None:
        """The next line; None when none came in time, empty when none will come any more."""
        until = time.monotonic() + timeout_s
        while b"\n" not in self._received:
            events = self._selector.select(max(0.0, until - time.monotonic()))
            if not events:
                return None
            for key, _ in events:
                if not self._receive(key.fileobj is self._stdout):
                    return b""
        line, _, self._received = self._received.partition(b"\n")
        return line

    def trouble(self) -> str:
        """The last thing the child said on standard error."""
        lines = self._errors.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def close(self) -> None:
        """Give the pipes back."""
        self._selector.close()
        for stream in (self._process.stdin, self._stdout, self._stderr):
            if stream is not None:
                with suppress(BrokenPipeError):  # a line was still waiting to be written to it
                    stream.close()

    def _receive(self, from_stdout: bool) -> bool:
        """Read what is there; False at the end of the answers."""
        stream = self._stdout if from_stdout else self._stderr
        data = os.read(stream.fileno(), _READ_BYTES)
        if from_stdout:
            self._received += data
            return bool(data)
        if not data:
            self._selector.unregister(stream)
        self._errors = (self._errors + data)[-_STDERR_TAIL_BYTES:]
        return True


class ChildPool:
    """Runs work in render children: as many at a time as there are slots, each child for one account only.

    Args:
        slots: How much work may run at a time; also how many warm children are kept.
    """

    def __init__(
        self, slots: int, limits: ChildLimits | None = None, command: Sequence[str] | None = None
    ) -> None:
        self._limits = limits
        self._command = command
        self._slots = slots
        self._free = threading.Semaphore(slots)
        self._lock = threading.Lock()
        self._idle: list[_IdleChild] = []
        self._engine: str | None = None

    def engine(self) -> str:
        """What names the pixels and samples that children make; starts a child the first time.

        Raises:
            ChildLostError: No child can be started.
        """
        if self._engine is None:
            child = self._new_child()
            self._keep(child, account_id=None)
        return cast(str, self._engine)

    def run(
        self,
        account_id: str,
        work: Work[ResultT],
        *,
        on_progress: OnProgress,
        deadline_s: float,
        cancelled: Cancelled,
    ) -> ResultT:
        """Do one piece of work in a child that has never seen another account's files.

        Args:
            deadline_s: Longest time, waiting for a slot included [s].
            cancelled: Looked at several times a second.
        Raises:
            TaskCancelledError: ``cancelled`` was set; the child was killed.
            TaskFailedError: See :meth:`RenderChild.run`.
            ChildLostError: No child can be started.
        """
        deadline = time.monotonic() + deadline_s
        self._take_slot(deadline, cancelled)
        try:
            return self._run_in_slot(account_id, work, on_progress, deadline, cancelled)
        finally:
            self._free.release()

    def close(self) -> None:
        """End the idle children; work that runs is not touched."""
        with self._lock:
            children, self._idle = self._idle, []
        for idle in children:
            idle.child.kill()

    def _take_slot(self, deadline: float, cancelled: Cancelled) -> None:
        while not self._free.acquire(timeout=_CANCEL_POLL_SECONDS):
            if cancelled.is_set():
                raise TaskCancelledError
            if time.monotonic() >= deadline:
                raise _deadline_exceeded()

    def _run_in_slot(
        self,
        account_id: str,
        work: Work[ResultT],
        on_progress: OnProgress,
        deadline: float,
        cancelled: Cancelled,
    ) -> ResultT:
        child = self._warm_child(account_id) or self._new_child()
        try:
            result = child.run(
                work, on_progress=on_progress, deadline_s=deadline - time.monotonic(), cancelled=cancelled
            )
        except ChildLostError:
            child = self._new_child()  # a warm one may end of idleness in the moment it is taken
            result = child.run(
                work, on_progress=on_progress, deadline_s=deadline - time.monotonic(), cancelled=cancelled
            )
        self._keep(child, account_id)
        return result

    def _warm_child(self, account_id: str) -> RenderChild | None:
        """An idle child of this account, or one that has seen no files; ends one of another account instead."""
        with self._lock:
            fitting = [idle for idle in self._idle if idle.account_id in (account_id, None)]
            if fitting:
                self._idle.remove(fitting[-1])
                return fitting[-1].child
            oldest = self._idle.pop(0) if len(self._idle) >= self._slots else None
        if oldest is not None:
            oldest.child.kill()
        return None

    def _new_child(self) -> RenderChild:
        child = RenderChild(self._limits, self._command)
        self._engine = child.engine
        return child

    def _keep(self, child: RenderChild, account_id: str | None) -> None:
        with self._lock:
            self._idle.append(_IdleChild(child=child, account_id=account_id))
            surplus = self._idle.pop(0) if len(self._idle) > self._slots else None
        if surplus is not None:
            surplus.child.kill()


@dataclass(frozen=True, kw_only=True)
class _IdleChild:
    """A warm child and the account whose files it has seen; None when it has seen none."""

    child: RenderChild
    account_id: str | None


def _started(command: Sequence[str], folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=_environment(folder),
        start_new_session=True,
    )


def _environment(folder: str) -> dict[str, str]:
    """Nothing of ours: no secret, no proxy, no preload; one thread for libraries that would start more."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": folder,
        "TMPDIR": folder,
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENCV_LOG_LEVEL": "ERROR",
    }


def _parsed(line: bytes) -> BaseModel | None:
    return _ANSWERS.validate_json(line) if line else None


def _kind_of(work: BaseModel) -> str:
    return cast(str, work.kind)  # type: ignore[attr-defined]  # every kind of work has one


def _deadline_exceeded() -> TaskFailedError:
    return TaskFailedError(
        "rendering took longer than allowed; resume on a faster or less busy machine",
        code="renderer.deadline_exceeded",
        retryable=True,
    )


_ANSWERS: TypeAdapter[Started | Progressed | Failed | Finished] = TypeAdapter(
    Started | Progressed | Failed | Finished
)
