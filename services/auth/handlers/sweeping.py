"""Deletes what has had its time, some at a time so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable

from services.auth.domain.sessions import DEVICE_KEPT
from services.auth.domain.throttle import KEPT_FOR as THROTTLES_KEPT
from services.auth.domain.usage import USAGE_KEPT
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.security_events import KEPT_FOR as EVENTS_KEPT

AT_ONCE = 1_000


class Sweeping:
    """Keeps retention periods."""

    def __init__(self, store: AccountStore) -> None:
        self._store = store

    def sweep(self) -> int:
        """Delete some of everything that is old; above 0 when there may be more."""
        with self._store.transaction() as unit:
            unit.challenges.forget_expired()
            unit.factors.forget_expired_enrolments()
        return max(self._deleted(step) for step in _STEPS) // AT_ONCE

    def _deleted(self, step: Callable[[AccountUnit], int]) -> int:
        with self._store.transaction() as unit:
            return step(unit)


_STEPS: tuple[Callable[[AccountUnit], int], ...] = (
    lambda unit: unit.events.forget_old(unit.now - EVENTS_KEPT, AT_ONCE),
    lambda unit: unit.usage.forget_old(unit.now - USAGE_KEPT, AT_ONCE),
    lambda unit: unit.throttles.forget_old(unit.now - THROTTLES_KEPT, AT_ONCE),
    lambda unit: unit.links.forget_ended(unit.now, AT_ONCE),
    lambda unit: unit.sessions.forget_ended(AT_ONCE),
    lambda unit: unit.sessions.forget_old_devices(unit.now - DEVICE_KEPT, AT_ONCE),
)
