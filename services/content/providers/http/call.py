"""What surrounds one call of a provider: its key, who may end it, until when it is of use, what it has cost."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.content.providers.http.clocks import SteadyClock
from shared.clock import Clock
from shared.errors import InvalidInputError, TaskCancelledError

MAX_KEY_CHARACTERS = 4_096
_POLL_S = 0.02


@dataclass
class Receipt:
    """What the provider has told about the work that was done for a call.

    Attributes:
        attempts: How many requests were sent for generations.
        request_id: The provider's id of the last of them.
        usage: Counted units, such as ``{"input_tokens": 10}``; empty when the provider did not say.
        maybe_charged: Whether a request was given up after it had been sent.
    """

    attempts: int = 0
    request_id: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    maybe_charged: bool = False

    def add_usage(self, units: Mapping[str, object]) -> None:
        """Add what an answer counts; anything but whole numbers is no count."""
        for name, amount in units.items():
            if isinstance(amount, int) and not isinstance(amount, bool) and amount >= 0:
                self.usage[name] = self.usage.get(name, 0) + amount


@dataclass(frozen=True, kw_only=True)
class Call:
    """One piece of work of one account, with one key.

    Args:
        key: The provider's key; may be empty for servers without keys. Whitespace, quotes and ``Bearer`` around
            it, as they come with pasting, are taken off.
        cancelled: Set from any thread to end the call; its socket is closed within a second.
        deadline: Time (UTC) after which the result is of no use.
        clock: Measures everything about the call.
    Raises:
        InvalidInputError: The key is too long or holds characters that no header can.
    """

    key: str = field(repr=False)
    cancelled: threading.Event = field(default_factory=threading.Event)
    deadline: datetime | None = None
    clock: Clock = field(default_factory=SteadyClock)
    receipt: Receipt = field(default_factory=Receipt)

    def __post_init__(self) -> None:
        key = self.key.strip().strip("\"'").strip()
        key = key[7:].strip() if key[:7].lower() == "bearer " else key
        if len(key) > MAX_KEY_CHARACTERS or any(not "!" <= character <= "~" for character in key):
            raise InvalidInputError(
                f"the key is longer than {MAX_KEY_CHARACTERS} characters, or holds spaces or special characters; "
                "copy it again"
            )
        object.__setattr__(self, "key", key)

    def raise_if_cancelled(self) -> None:
        """Leave work that is no longer wanted.

        Raises:
            TaskCancelledError: Somebody ended the call.
        """
        if self.cancelled.is_set():
            raise TaskCancelledError

    def seconds_left(self) -> float | None:
        """How long the result is still of use [s]; None if for ever."""
        return None if self.deadline is None else (self.deadline - self.clock.now()).total_seconds()

    def wait(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            TaskCancelledError: Somebody ended the call meanwhile.
        """
        until = self.clock.now() + timedelta(seconds=seconds)
        while (left := (until - self.clock.now()).total_seconds()) > 0:
            if self.cancelled.wait(min(left, _POLL_S)):
                break
        self.raise_if_cancelled()
