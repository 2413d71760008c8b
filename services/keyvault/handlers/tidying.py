"""Forget what has no use any more: seeds that nobody confirmed, and sessions whose tokens have all expired."""

from __future__ import annotations

from datetime import timedelta

from services.keyvault.handlers.ports import Store
from shared.contracts.grants import CLOCK_SKEW_S, JOB_TOKEN_LIFE_S

SESSIONS_KEPT_FOR = timedelta(seconds=JOB_TOKEN_LIFE_S + CLOCK_SKEW_S)


class Tidying:
    """Removes old rows."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def tidy(self) -> int:
        """Remove them; always 0, there is nothing to do again at once."""
        with self._store.transaction() as unit:
            unit.totp.remove_expired()
            unit.accounts.forget_sessions(unit.now - SESSIONS_KEPT_FOR)
        return 0
