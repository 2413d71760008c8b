"""The render children of a service: how many work at a time, and for whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from services.renderer.child import Cancelled, OnProgress, RenderChild, deadline_exceeded
from services.renderer.template import ChildLimits, ChildLostError, ChildTemplate
from services.renderer.work import ResultT, Work
from shared.errors import TaskCancelledError

_CANCEL_POLL_SECONDS = 0.2


class ChildPool:
    """Runs work in render children: as many at a time as there are slots, each child for one account only.

    All are forked from one template, which has seen nobody's files.

    Args:
        slots: How much work may run at a time; also how many warm children are kept.
        command: What to start in place of the real template.
    """

    def __init__(
        self, slots: int, limits: ChildLimits | None = None, command: Sequence[str] | None = None
    ) -> None:
        self._limits = limits or ChildLimits()
        self._template = ChildTemplate(self._limits.idle_seconds, command)
        self._slots = slots
        self._free = threading.Semaphore(slots)
        self._lock = threading.Lock()
        self._idle: list[_IdleChild] = []

    def engine(self) -> str:
        """What names the pixels and samples that children make; starts the template the first time.

        Raises:
            ChildLostError: It cannot be started.
        """
        return self._template.engine()

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
        self._template.close()

    def _take_slot(self, deadline: float, cancelled: Cancelled) -> None:
        while not self._free.acquire(timeout=_CANCEL_POLL_SECONDS):
            if cancelled.is_set():
                raise TaskCancelledError
            if time.monotonic() >= deadline:
                raise deadline_exceeded()

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
        """An idle child of this account; ends one of another account if there is none and room is needed."""
        with self._lock:
            fitting = [idle for idle in self._idle if idle.account_id == account_id]
            if fitting:
                self._idle.remove(fitting[-1])
                return fitting[-1].child
            oldest = self._idle.pop(0) if len(self._idle) >= self._slots else None
        if oldest is not None:
            oldest.child.kill()
        return None

    def _new_child(self) -> RenderChild:
        return RenderChild(self._template, self._limits)

    def _keep(self, child: RenderChild, account_id: str) -> None:
        with self._lock:
            self._idle.append(_IdleChild(child=child, account_id=account_id))
            surplus = self._idle.pop(0) if len(self._idle) > self._slots else None
        if surplus is not None:
            surplus.child.kill()


@dataclass(frozen=True, kw_only=True)
class _IdleChild:
    """A warm child and the account whose files it has seen."""

    child: RenderChild
    account_id: str
