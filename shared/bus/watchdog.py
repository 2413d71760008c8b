"""Notices that the event loop stands still, and names the code that blocks it.

A blocked loop answers no heartbeat and serves nobody, and it cannot complain itself: so an operating system
thread watches it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import eventlet
import structlog
from eventlet.patcher import original

BLOCKED_AFTER_S = 1.0
LOOK_S = 0.25

_OURS = ("services", "shared", "studiomatic")


@dataclass(frozen=True, kw_only=True)
class Blockage:
    """One time the loop stood still.

    Attributes:
        culprit: Where it was, ``module:line function``; of our own code if any was on the stack.
        stack: The whole stack of the main thread, outermost first.
    """

    culprit: str
    stack: str


class Watchdog:
    """Watches the main thread's event loop.

    Args:
        notify: Told about each blockage, in the watching thread, while it lasts.
    """

    def __init__(self, notify: Callable[[Blockage], None] | None = None) -> None:
        self.blockages = 0
        self._notify = notify or _log_blockage()
        self._main_thread = threading.main_thread().ident
        self._last_tick = time.monotonic()
        self._reported = False
        self._stopped = False

    def start(self) -> None:
        """Begin to watch the event loop of the calling thread."""
        self._ticker = eventlet.spawn(self._tick)
        original("_thread").start_new_thread(self._watch, ())

    def stop(self) -> None:
        self._stopped = True
        self._ticker.kill()

    def _tick(self) -> None:
        """Show that the loop runs."""
        while True:
            self._last_tick = time.monotonic()
            self._reported = False
            eventlet.sleep(LOOK_S)

    def _watch(self) -> None:
        sleep = original("time").sleep
        while not self._stopped:
            sleep(LOOK_S)
            if time.monotonic() - self._last_tick > BLOCKED_AFTER_S and not self._reported:
                if is_waiting(self._main_frame()):
                    continue  # nothing blocks it: the machine gives this process no time
                self._reported = True
                self.blockages += 1
                self._notify(self._look())

    def _look(self) -> Blockage:
        frame = self._main_frame()
        return Blockage(culprit=culprit_of(frame), stack="".join(traceback.format_stack(frame)))

    def _main_frame(self) -> FrameType:
        return sys._current_frames()[self._main_thread or 0]


def is_waiting(frame: FrameType) -> bool:
    """Whether this is the event loop itself, waiting for something to happen."""
    return str(frame.f_globals.get("__name__", "")).startswith("eventlet.hubs.")


def culprit_of(frame: FrameType) -> str:
    """The innermost frame of our own code, or else the innermost of all."""
    innermost = frame
    current: FrameType | None = frame
    while current is not None:
        if current.f_globals.get("__name__", "").split(".")[0] in _OURS:
            return _place(current)
        current = current.f_back
    return _place(innermost)


def _place(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '?')}:{frame.f_lineno} {frame.f_code.co_qualname}"


def _log_blockage() -> Callable[[Blockage], None]:
    """Log through a file object of our own: the usual one may be locked by the thread that stands still."""
    logger: Any = structlog.wrap_logger(structlog.WriteLogger(os.fdopen(os.dup(sys.stderr.fileno()), "w")))

    def notify(blockage: Blockage) -> None:
        logger.error("event_loop_blocked", culprit=blockage.culprit, stack=blockage.stack)

    return notify
