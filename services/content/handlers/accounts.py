"""Accounts in whose name no project is made: unconfirmed, disabled, or waiting for their deletion.

Auth says so by facts, which may come twice, late and out of order: for each reason the newest one counts. An
account of which nothing was heard may make projects; whoever calls for it has checked its session.
"""

from __future__ import annotations

from datetime import UTC, datetime

from services.content.handlers.ports import Store, Unit
from shared.contracts.accounts import (
    AccountConfirmed,
    AccountDeletionCancelled,
    AccountDeletionRequested,
    AccountDisabled,
    AccountEnabled,
    AccountFact,
    AccountPurged,
    AccountRegistered,
)
from shared.contracts.envelope import Envelope, read
from shared.contracts.refusals import NotPermittedError
from shared.errors import UnknownTypeError

_SAID_BY: dict[str, tuple[type[AccountFact], str, bool]] = {
    fact.type: (fact, reason, closed)
    for fact, reason, closed in (
        (AccountRegistered, "unconfirmed", True),
        (AccountConfirmed, "unconfirmed", False),
        (AccountPurged, "unconfirmed", True),
        (AccountDisabled, "disabled", True),
        (AccountEnabled, "disabled", False),
        (AccountDeletionRequested, "deletion", True),
        (AccountDeletionCancelled, "deletion", False),
    )
}
_BEGINNING = datetime.min.replace(tzinfo=UTC)
"""When an account is registered: before anything else that happens to it, whatever the clocks of auth say."""
_REMEDIES = {
    "unconfirmed": "its e-mail address is not confirmed; follow the link in the mail",
    "disabled": "an administrator disabled it",
    "deletion": "it is waiting for its deletion; cancel that first",
}


class Accounts:
    """Remembers what auth says of accounts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hear(self, envelope: Envelope) -> None:
        """Take in one fact.

        Raises:
            UnknownTypeError: It is none of those that content listens to.
        """
        if envelope.type not in _SAID_BY:
            raise UnknownTypeError(f"{envelope.type} is no fact that content listens to")
        fact, reason, closed = _SAID_BY[envelope.type]
        account_id = read(envelope, fact).account_id
        with self._store.transaction() as unit:
            as_of = _BEGINNING if fact is AccountRegistered else envelope.time
            unit.note_account(account_id, reason, closed=closed, as_of=as_of)


def require_open(unit: Unit, account_id: str) -> None:
    """Check that something may be made in the account's name.

    Raises:
        NotPermittedError: It may not; says why and what to do.
    """
    reason = unit.closed_because(account_id)
    if reason is not None:
        raise NotPermittedError(f"this account cannot make projects: {_REMEDIES[reason]}")
