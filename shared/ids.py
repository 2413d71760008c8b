"""Identifiers: UUIDv7 strings that sort by creation time, one ``NewType`` for each kind of thing."""

from __future__ import annotations

import os
import re
import threading
import time
from typing import NewType

AccountId = NewType("AccountId", str)
ProjectId = NewType("ProjectId", str)
JobId = NewType("JobId", str)
ExecutionId = NewType("ExecutionId", str)

_UUID7 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
_COUNTER_BITS = 12

_lock = threading.Lock()
_last_tick = 0


def new_id() -> str:
    """Make a UUIDv7 (RFC 9562 section 5.7) that is greater than every one this process made before.

    The 12 bits after the version continue the timestamp (method 3 of section 6.2), so ids made within
    one millisecond still sort in the order they were made.
    """
    global _last_tick
    with _lock:
        tick = (time.time_ns() << _COUNTER_BITS) // 1_000_000
        _last_tick = tick = max(tick, _last_tick + 1)
    milliseconds, fraction = tick >> _COUNTER_BITS, tick & ((1 << _COUNTER_BITS) - 1)
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    value = (milliseconds << 80) | (7 << 76) | (fraction << 64) | (0b10 << 62) | random
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of an id of ours; says nothing about its existence."""
    return _UUID7.match(text) is not None
