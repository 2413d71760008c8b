"""Find code that lets other green threads run while it holds a SQLite transaction.

SQLite has one writer. A green thread that waits inside its transaction keeps every other writer of the
process waiting too, and a writer that holds the file while another process waits may starve it. Nothing in
the driver notices, so tests do: inside ``trap()`` every switch away from an open transaction is recorded.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import greenlet

from shared.errors import StudiomaticError

_open: set[greenlet.greenlet] = set()


class YieldInTransactionError(StudiomaticError):
    """A green thread waited inside a SQLite transaction; do the waiting before or after it."""

    code = "yield_in_transaction"


@contextmanager
def forbidden(forbid: bool) -> Iterator[None]:
    """Mark the running green thread as one that must not yield."""
    if not forbid:
        yield
        return
    me = greenlet.getcurrent()
    _open.add(me)
    try:
        yield
    finally:
        _open.discard(me)


@contextmanager
def trap() -> Iterator[None]:
    """Watch this thread's green threads; for tests.

    Raises:
        YieldInTransactionError: At the end, with the stack of the first green thread that yielded.
    """
    stacks: list[str] = []

    def record(_event: str, switch: tuple[greenlet.greenlet, greenlet.greenlet]) -> None:
        origin = switch[0]
        if origin in _open:
            stacks.append(_stack(origin))

    before: Any = greenlet.settrace(record)
    try:
        yield
    finally:
        greenlet.settrace(before)
    if stacks:
        raise YieldInTransactionError(f"a green thread waited inside a SQLite transaction:\n{stacks[0]}")


def _stack(origin: greenlet.greenlet) -> str:
    return "".join(traceback.format_stack(origin.gr_frame))
