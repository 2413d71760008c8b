"""The retry policy: one pure function from what went wrong to what happens next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.attempts import ErrorInfo

BACKOFF_BASE_S = 2.0
BACKOFF_CAP_S = 60.0


@dataclass(frozen=True, kw_only=True)
class RetryAt:
    """Another attempt may be dispatched from this time on."""

    moment: datetime


@dataclass(frozen=True, kw_only=True)
class GiveUp:
    """No further attempt; the job fails with this error."""

    error: ErrorInfo


def after_failure(
    error: ErrorInfo, *, attempts_used: int, max_attempts: int, now: datetime, jitter: float
) -> RetryAt | GiveUp:
    """Decide after a reported failure or a loss while running.

    The wait doubles from 2 s: 2, 4, 8 … at most 60 s, shortened by up to half by ``jitter`` so that tasks that
    failed together do not come back together.

    Args:
        attempts_used: Attempts that count against the budget, this one included; from 1.
        jitter: From 0 (no shortening) to 1.
    """
    if not error.retryable or attempts_used >= max_attempts:
        return GiveUp(error=error)
    wait_s = min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2 ** (attempts_used - 1))
    return RetryAt(moment=now + timedelta(seconds=wait_s * (1 - jitter / 2)))
