"""Runs what keeps a processor busy beside the event loop: in an ordinary thread of a green process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


def offload(call: Callable[[], R]) -> R:
    """Make a call, and let other green threads run meanwhile. Where threads are ordinary ones it is a plain call.

    For library calls that release the interpreter; they must touch nothing that green threads share.
    """
    if "eventlet" not in sys.modules:
        return call()
    from eventlet.patcher import is_monkey_patched

    if not is_monkey_patched("thread"):
        return call()
    from eventlet import tpool

    result: R = tpool.execute(call)
    return result
