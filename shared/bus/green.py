"""Turns the process green: must be called before anything else is imported that waits.

An entry module begins with::

    from shared.bus.green import patch

    patch()
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable

from shared.errors import ConfigurationError

Write = Callable[[int, bytes], int]


def patch() -> None:
    """Replace the waiting parts of the standard library by eventlet's.

    Eventlet's own advice against new use is known (docs/adr/0002) and not shown to users.
    """
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet
    import eventlet.green.os

    write = _green_write(os.write)
    eventlet.monkey_patch()
    os.write = eventlet.green.os.write = write  # type: ignore[assignment]


def _green_write(write: Write) -> Write:
    """``os.write`` that lets others run while a pipe is full.

    Eventlet's own takes a pipe whose reader is gone for a full one, and tries again for ever at full speed.
    """

    def green_write(descriptor: int, data: bytes) -> int:
        from eventlet.hubs import IOClosed, trampoline

        while True:
            if not stat.S_ISREG(os.stat(descriptor).st_mode):  # a regular file never makes anybody wait
                try:
                    trampoline(descriptor, write=True)
                except IOClosed:
                    return 0
            try:
                return write(descriptor, data)
            except BlockingIOError:
                continue

    return green_write


def require_green() -> None:
    """Check that :func:`patch` was called.

    Raises:
        ConfigurationError: It was not; blocking calls would stop the whole process.
    """
    from eventlet.patcher import is_monkey_patched

    if not is_monkey_patched("socket") or not is_monkey_patched("thread"):
        raise ConfigurationError("call shared.bus.green.patch() in the first lines of the entry module")
