"""Tries a request again where that is of use and cannot be paid twice."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from services.content.domain.provider_errors import ProviderError
from services.content.providers.http.call import Call

MAX_TRIES = 4
LONGEST_WAIT_S = 60.0
"""A task never waits longer in place; what must wait longer is put off by whoever asked."""

T = TypeVar("T")


def with_retries(call: Call, attempt: Callable[[], T], jitter: Callable[[], float] = random.random) -> T:
    """The result of ``attempt``, which is made up to 4 times.

    Between tries: what the provider asks for, else 1, 2, 4 s, each up to a quarter shorter or longer. A wait
    beyond a minute or the deadline of the call is not begun.

    Raises:
        ProviderError: The last one. One that may have been charged is never tried again.
        TaskCancelledError: The call was ended.
    """
    for number in range(MAX_TRIES):
        try:
            return attempt()
        except ProviderError as error:
            wait_s = _wait_s(error, number, jitter())
            if number == MAX_TRIES - 1 or error.maybe_charged or not error.retryable or not _fits(call, wait_s):
                raise
        call.wait(wait_s)
    raise AssertionError("the last try returns or raises")


def _wait_s(error: ProviderError, number: int, jitter: float) -> float:
    if error.retry_after_s is not None:
        return error.retry_after_s
    return float(2**number) * (0.75 + jitter / 2)


def _fits(call: Call, wait_s: float) -> bool:
    left = call.seconds_left()
    return wait_s <= LONGEST_WAIT_S and (left is None or wait_s < left)
