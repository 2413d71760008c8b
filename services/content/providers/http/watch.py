"""Ends an exchange whose time is up or that nobody wants any more, by closing its socket from outside."""

from __future__ import annotations

import contextlib
import socket
import threading
from datetime import timedelta
from enum import StrEnum
from types import TracebackType

from services.content.providers.http.call import Call

_POLL_S = 0.05


class Ended(StrEnum):
    """Why a watch has ended an exchange."""

    CANCELLED = "cancelled"
    CONNECT = "connect"
    FIRST_BYTE = "first byte"
    IDLE = "idle"
    TOTAL = "total"


class Watch:
    """Watches one exchange from a thread of its own; a context manager.

    Reading with short timeouts instead would tear a response apart in the middle of a line. The watch keeps a
    second handle of the socket, which stays good when the first is wrapped for encryption.

    Args:
        total_s: All the time there is [s]; the deadline of the call counts, too.
    """

    def __init__(self, call: Call, total_s: float) -> None:
        self._call = call
        left = call.seconds_left()
        self._end = call.clock.now() + timedelta(seconds=total_s if left is None else min(total_s, left))
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._next, self._what = self._end, Ended.TOTAL
        self._line: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="provider-watch", daemon=True)
        self.ended: Ended | None = None

    def expect(self, what: Ended, seconds: float) -> None:
        """The next thing must happen within ``seconds``; everything before it has happened."""
        until = self._call.clock.now() + timedelta(seconds=seconds)
        with self._lock:
            self._next, self._what = min((until, what), (self._end, Ended.TOTAL))

    def hold(self, line: socket.socket) -> None:
        """Watch this socket."""
        with self._lock:
            self._drop()
            self._line = line.dup()
            if self.ended is not None:
                self._shut()

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        with self._lock:
            self._shut()
            self._drop()

    def _run(self) -> None:
        while not self._done.wait(_POLL_S):
            with self._lock:
                why = self._reason()
                if why is not None:
                    self.ended = why
                    self._shut()
                    return

    def _reason(self) -> Ended | None:
        if self._call.cancelled.is_set():
            return Ended.CANCELLED
        return self._what if self._call.clock.now() >= self._next else None

    def _shut(self) -> None:
        if self._line is not None:
            with contextlib.suppress(OSError):  # it is closed at the other end already
                self._line.shutdown(socket.SHUT_RDWR)

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
