"""Deletes what was never finished, and what need not be known any more."""

from __future__ import annotations

from services.auth.domain.lives import CONFIRM_WITHIN, MAILS_KEPT_FOR
from services.auth.handlers.account_ports import AccountStore
from shared.clock import Clock
from shared.contracts.accounts import AccountPurged

ROWS_AT_A_TIME = 500
ACCOUNTS_AT_A_TIME = 50


class Purging:
    """Deletes accounts that were never confirmed, and mails that were sent long ago."""

    def __init__(self, store: AccountStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def purge_some(self) -> int:
        """Delete some; returns how much, 0 when nothing is left to delete."""
        return self.purge_unconfirmed() + self._forget_mails()

    def purge_unconfirmed(self) -> int:
        """Delete accounts whose address was not confirmed for seven days, with all that is kept about them."""
        opened_before = self._clock.now() - CONFIRM_WITHIN
        with self._store.reading() as unit:
            found = unit.accounts.never_confirmed(opened_before, ACCOUNTS_AT_A_TIME)
        for account_id in found:
            with self._store.transaction() as unit:
                if unit.accounts.purge(account_id):
                    unit.publish(AccountPurged(account_id=account_id))
        return len(found)

    def _forget_mails(self) -> int:
        with self._store.transaction() as unit:
            return unit.mails.forget_old(unit.now - MAILS_KEPT_FOR, ROWS_AT_A_TIME)
