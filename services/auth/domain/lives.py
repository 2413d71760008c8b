"""States of an account, and how long what is unfinished may stay so."""

from __future__ import annotations

from datetime import timedelta

from services.auth.domain.records import Account
from shared.contracts.accounts import AccountState

CONFIRM_WITHIN = timedelta(days=7)
"""An account whose address was not confirmed by then is deleted (privacy policy, "Data Retention")."""

ADMINISTRATION_OFFERED_FOR = timedelta(hours=24)
"""Life of the token of the first administrator; the next start of auth prints another."""

MAILS_KEPT_FOR = timedelta(days=7)
"""How long it is kept that a mail was sent."""


def state_of(account: Account) -> AccountState:
    """Where an account is when no administrator keeps it disabled."""
    if account.deletion_requested_at is not None:
        return AccountState.DELETION_REQUESTED
    return AccountState.UNCONFIRMED if account.confirmed_at is None else AccountState.ACTIVE
