"""Calls a service's method in a Nameko worker, and ends it when its time is up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import eventlet
from eventlet.event import Event
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint

from shared.bus.context import TaskContext
from shared.bus.patience import HandedBackError
from shared.clock import SystemClock
from shared.errors import StudiomaticError, TaskCancelledError, TaskFailedError

CANCEL_GRACE_S = 5.0
"""How long a handler may take to leave after it was told to, before it is thrown out."""

RETHROW_S = 5.0


def call_method(entrypoint: Entrypoint, *arguments: Any) -> Any:
    """Call the decorated method of a fresh service instance; returns or raises what it does."""
    return _started(entrypoint, arguments).wait_for_outcome()


def call_method_in_time(entrypoint: Entrypoint, *arguments: Any, context: TaskContext) -> Any:
    """Call the decorated method, and end it at the deadline or some time after it was cancelled.

    The end is an exception thrown into the method, as cleanly as ``eventlet.Timeout`` does it.
    """
    call = _started(entrypoint, arguments)
    with _watched(partial(_end_in_time, call, context)):
        return call.wait_for_outcome()


class _Call:
    """A running method."""

    def __init__(self) -> None:
        self.outcome = Event()
        self.thread: Any = None

    def keep(self, _worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        self.outcome.send((result, exc_info))
        return result, exc_info

    def wait_for_outcome(self) -> Any:
        result, exc_info = self.outcome.wait()
        if exc_info is not None:
            raise exc_info[1]
        return result

    def throw(self, error: StudiomaticError) -> None:
        if not self.outcome.ready():
            self.thread.kill(error)


def _started(entrypoint: Entrypoint, arguments: tuple[Any, ...]) -> _Call:
    call = _Call()
    container = entrypoint.container
    try:
        worker = container.spawn_worker(entrypoint, arguments, {}, handle_result=call.keep)
    except ContainerBeingKilled:
        raise HandedBackError from None
    call.thread = container._worker_threads[worker]
    return call


@contextmanager
def _watched(watch: Callable[[], None]) -> Iterator[None]:
    watcher = eventlet.spawn(watch)
    try:
        yield
    finally:
        watcher.kill()


def _end_in_time(call: _Call, context: TaskContext) -> None:
    seconds = (context.deadline - SystemClock().now()).total_seconds()
    if context.cancelled.wait(max(seconds, 0.0)):
        eventlet.sleep(CANCEL_GRACE_S)
        error: StudiomaticError = TaskCancelledError()
    else:
        error = TaskFailedError("the task took longer than its deadline", code="deadline_exceeded", retryable=True)
    while not call.outcome.ready():
        call.throw(error)
        eventlet.sleep(RETHROW_S)
