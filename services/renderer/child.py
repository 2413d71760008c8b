"""One render child as its service sees it: gets work, tells how far it is, and is ended.

Waits on pipes only, so it works the same in plain threads and after eventlet's monkey-patching. Imports neither
av nor cv2.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, cast

from pydantic import BaseModel, TypeAdapter

from services.renderer.template import ChildLimits, ChildLostError, ChildTemplate
from services.renderer.work import (
    RESULTS,
    Failed,
    Finished,
    Progressed,
    ResultT,
    Started,
    Work,
)
from shared.errors import TaskCancelledError, TaskFailedError

_CANCEL_POLL_SECONDS = 0.2
_REAP_SECONDS = 10.0

OnProgress = Callable[[int, int], None]
"""Called with (done, total), in units of the work's own, in the thread that waits for the work."""


class Cancelled(Protocol):
    """Says whether the work is still wanted; a ``threading.Event`` fits."""

    def is_set(self) -> bool:
        """Whether the work is to be given up."""


class RenderChild:
    """One child process: warm between pieces of work, which it does one at a time.

    Its temporary folder is created and removed here, because a killed child cannot.

    Args:
        template: What it is forked from.
    Raises:
        ChildLostError: No child can be started.
    """

    def __init__(self, template: ChildTemplate, limits: ChildLimits | None = None) -> None:
        self._folder = tempfile.mkdtemp(prefix="studiomatic-render-")
        try:
            self._process = template.fork(Path(self._folder), limits or ChildLimits())
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
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
        self._process.kill()
        self._process.close()
        shutil.rmtree(self._folder, ignore_errors=True)

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
                raise deadline_exceeded()
            line = self._process.answers.next_line(min(left, _CANCEL_POLL_SECONDS))
            if line is not None:
                return _parsed(line)

    def _crash(self) -> TaskFailedError:
        exit_code = self._process.exit_code(_REAP_SECONDS)
        how = (
            signal.Signals(-exit_code).name
            if exit_code is not None and exit_code < 0
            else f"exit code {exit_code}"
        )
        return TaskFailedError(
            f"the render process ended in mid-work ({how}; SIGKILL often means that memory ran out);"
            " free memory or lower the number of render slots",
            code="renderer.crashed",
            retryable=True,
        )

    def _send(self, line: BaseModel) -> None:
        with suppress(BrokenPipeError):  # it is gone: the missing answer says so
            self._process.requests.write(line.model_dump_json().encode() + b"\n")


def _parsed(line: bytes) -> BaseModel | None:
    return _ANSWERS.validate_json(line) if line else None


def _kind_of(work: BaseModel) -> str:
    return cast(str, work.kind)  # type: ignore[attr-defined]  # every kind of work has one


def deadline_exceeded() -> TaskFailedError:
    return TaskFailedError(
        "rendering took longer than allowed; resume on a faster or less busy machine",
        code="renderer.deadline_exceeded",
        retryable=True,
    )


_ANSWERS: TypeAdapter[Started | Progressed | Failed | Finished] = TypeAdapter(
    Started | Progressed | Failed | Finished
)
