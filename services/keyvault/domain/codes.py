"""Time steps of one-time codes (RFC 6238)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

STEP_S = 30
DIGITS = 6
STEPS_AROUND = 1
"""Clocks of telephones may be wrong by a step (RFC 6238 section 5.2)."""
SEED_BYTES = 20
"""160 bits, as RFC 4226 section 4 (R6) recommends."""
PENDING_FOR = timedelta(minutes=10)

_CODE = re.compile(r"[0-9]{6}")


def is_code(text: str) -> bool:
    """Whether it has the form of a code; only ASCII digits count."""
    return _CODE.fullmatch(text) is not None


def acceptable_steps(now: datetime) -> tuple[int, ...]:
    """The steps whose codes are right at a moment, the oldest first."""
    step = int(now.timestamp()) // STEP_S
    return tuple(range(step - STEPS_AROUND, step + STEPS_AROUND + 1))
