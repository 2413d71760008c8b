"""How often somebody may try: counts of attempts, delays that grow, and where trying ends.

An attempt counts before it is judged, and a right one is taken back: so attempts side by side cannot outrun the
count. Each is counted for the account, for the network it comes from, and for all together.

Strangers and the devices from which the account logged in before have counts of their own, so that a stranger who
guesses cannot keep the owner out (ASVS 5.0 6.1.1). Together they stay within the 100 failures in a row that
NIST SP 800-63B-4 section 3.2.2 allows; who has used them up needs a new password.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

STRANGERS_LAST = 80
DEVICES_LAST = 20
"""Failures in a row from known devices, all of them together; with ``STRANGERS_LAST`` no more than 100."""

KEPT_FOR = timedelta(days=365)
"""Counts of accounts outlive everything that a person waits for; then their rows go."""


class Scope(StrEnum):
    """Whose attempts a count is of."""

    ACCOUNT = "account"  # strangers, at one account
    DEVICES = "devices"  # known devices, at one account
    NETWORK = "network"  # one IPv4 address or IPv6 /64
    EVERYBODY = "everybody"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """How a count turns into waiting.

    Attributes:
        free: Attempts before the first wait.
        first_wait, longest_wait: The wait doubles with each attempt from the first to the longest.
        forgotten_after: The count begins anew after this long without an attempt; None: never.
        window: The count begins anew this long after its first attempt: where many people are counted together,
            there is always one who mistypes; None: never.
        last: After so many only a new password helps; None: no end.
    """

    free: int
    first_wait: timedelta
    longest_wait: timedelta
    forgotten_after: timedelta | None = None
    window: timedelta | None = None
    last: int | None = None


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Attempts that were not right, in a row.

    Attributes:
        blocked_until: Nobody this counts for may try before.
    """

    failures: int
    first_at: datetime
    last_at: datetime
    blocked_until: datetime | None = None


_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

_STRANGERS = Limit(free=5, first_wait=_SECOND, longest_wait=15 * _MINUTE, last=STRANGERS_LAST)
_DEVICES = Limit(free=5, first_wait=_SECOND, longest_wait=5 * _MINUTE, last=DEVICES_LAST)
_NETWORK = Limit(free=30, first_wait=_SECOND, longest_wait=15 * _MINUTE, window=_HOUR)
_EVERYBODY = Limit(free=1_000, first_wait=_SECOND / 4, longest_wait=2 * _SECOND, window=10 * _MINUTE)
"""A flood slows strangers down and never stops them: else anybody could stop everybody."""

_MAILS_TO_ONE = Limit(free=3, first_wait=_MINUTE, longest_wait=6 * _HOUR, forgotten_after=_DAY)
"""Nobody's mailbox is flooded in our name."""

_NEWCOMERS = Limit(free=20, first_wait=_MINUTE, longest_wait=6 * _HOUR, window=_DAY)

_FIRST_ADMINISTRATOR = Limit(free=5, first_wait=_SECOND, longest_wait=15 * _MINUTE, forgotten_after=_DAY)

LIMITS: dict[str, dict[Scope, Limit]] = {
    "password": {
        Scope.ACCOUNT: _STRANGERS,
        Scope.DEVICES: _DEVICES,
        Scope.NETWORK: _NETWORK,
        Scope.EVERYBODY: _EVERYBODY,
    },
    "second_factor": {
        Scope.ACCOUNT: _STRANGERS,
        Scope.DEVICES: _DEVICES,
        Scope.NETWORK: _NETWORK,
        Scope.EVERYBODY: _EVERYBODY,
    },
    "registration": {Scope.ACCOUNT: _MAILS_TO_ONE, Scope.NETWORK: _NEWCOMERS, Scope.EVERYBODY: _EVERYBODY},
    "reset": {Scope.ACCOUNT: _MAILS_TO_ONE, Scope.NETWORK: _NEWCOMERS, Scope.EVERYBODY: _EVERYBODY},
    "confirmation": {Scope.ACCOUNT: _MAILS_TO_ONE, Scope.NETWORK: _NEWCOMERS, Scope.EVERYBODY: _EVERYBODY},
    "first_administrator": {Scope.NETWORK: _FIRST_ADMINISTRATOR, Scope.EVERYBODY: _FIRST_ADMINISTRATOR},
}
"""Every kind of attempt, and whose count limits it."""

MANY_FAILURES = 10
"""So many failed logins in a row are told to the owner (ASVS 5.0 6.3.5)."""


def counted(tally: Tally | None, limit: Limit, now: datetime) -> Tally:
    """One attempt more."""
    if tally is None or _forgotten(tally, limit, now):
        return Tally(failures=1, first_at=now, last_at=now, blocked_until=_blocked_until(1, limit, now))
    failures = tally.failures + 1
    return replace(tally, failures=failures, last_at=now, blocked_until=_blocked_until(failures, limit, now))


def taken_back(tally: Tally, limit: Limit) -> Tally:
    """One attempt less: it was right. The wait is that of the others."""
    failures = max(0, tally.failures - 1)
    return replace(tally, failures=failures, blocked_until=_blocked_until(failures, limit, tally.last_at))


def nothing(tally: Tally) -> Tally:
    """No attempts any more."""
    return replace(tally, failures=0, blocked_until=None)


def is_used_up(tally: Tally | None, limit: Limit) -> bool:
    """Whether waiting does not help any more."""
    return tally is not None and limit.last is not None and tally.failures >= limit.last


def wait_s(tally: Tally | None, now: datetime) -> int:
    """How long until the next attempt, in whole seconds, rounded up; 0 when it may be made now."""
    if tally is None or tally.blocked_until is None or tally.blocked_until <= now:
        return 0
    return -int((now - tally.blocked_until) // _SECOND)


def network_of(ip: str) -> str:
    """Whose attempts count as one: an IPv4 address, or the /64 that one IPv6 customer has at least.

    What is no address counts as a network of that name.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _forgotten(tally: Tally, limit: Limit, now: datetime) -> bool:
    if limit.window is not None and now - tally.first_at >= limit.window:
        return True
    return limit.forgotten_after is not None and now - tally.last_at >= limit.forgotten_after


def _blocked_until(failures: int, limit: Limit, now: datetime) -> datetime | None:
    if failures < limit.free:
        return None
    doublings = min(failures - limit.free, 40)  # far beyond the longest wait, far from an overflow
    return now + min(limit.first_wait * (1 << doublings), limit.longest_wait)
