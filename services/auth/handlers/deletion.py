"""An owner wants his account deleted, or keeps it after all."""

from __future__ import annotations

from dataclasses import replace

from services.auth.domain.lives import state_of
from services.auth.domain.records import Outcome, SecurityEvent, Template
from services.auth.handlers.account_ports import AccountStore
from services.auth.handlers.identity import Identity
from services.auth.handlers.letters import Letters
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.sessions import Sessions
from shared.contracts.accounts import (
    AccountDeletionCancelled,
    AccountDeletionRequested,
    AccountState,
    CancelDeletion,
    RequestAccepted,
    RequestDeletion,
)
from shared.contracts.refusals import SessionInvalidError


class Deletion:
    """Asks for deletion, and takes it back."""

    def __init__(
        self,
        store: AccountStore,
        identity: Identity,
        sessions: Sessions,
        events: SecurityEvents,
        letters: Letters,
    ) -> None:
        self._store = store
        self._identity = identity
        self._sessions = sessions
        self._events = events
        self._letters = letters

    def request(self, query: RequestDeletion) -> RequestAccepted:
        """Ask for deletion (GDPR article 17): sessions end, and nothing may be done in the account's name.

        Raises:
            SessionInvalidError, FreshAuthenticationNeededError: See `Identity.require`.
        """
        with self._store.transaction() as unit:
            session, _ = self._identity.require(unit, query.session, fresh=True)
            account = unit.accounts.lock(session.account_id)
            if account is None or account.state in (AccountState.DISABLED, AccountState.DELETION_REQUESTED):
                raise SessionInvalidError  # since the look above; that ended this session, too
            unit.accounts.update(
                account.account_id,
                state=AccountState.DELETION_REQUESTED.value,
                deletion_requested_at=unit.now,
            )
            self._sessions.end_all(unit, account.account_id)
            self._events.record(
                unit, account.account_id, SecurityEvent.DELETION_REQUESTED, Outcome.SUCCEEDED, query.client
            )
            self._letters.enqueue(unit, Template.DELETION_REQUESTED, account=account, recipient=account.email)
            unit.publish(AccountDeletionRequested(account_id=account.account_id, requested_at=unit.now))
        return RequestAccepted()

    def cancel(self, query: CancelDeletion) -> RequestAccepted:
        """Keep the account; where no deletion was asked for nothing changes.

        Raises:
            SessionInvalidError: See `Identity.require`.
        """
        with self._store.transaction() as unit:
            session, _ = self._identity.require(unit, query.session, in_deletion=True)
            account = unit.accounts.lock(session.account_id)
            if account is None or account.state is not AccountState.DELETION_REQUESTED:
                return RequestAccepted()
            kept = state_of(replace(account, deletion_requested_at=None))
            unit.accounts.update(account.account_id, state=kept.value, deletion_requested_at=None)
            self._events.record(
                unit, account.account_id, SecurityEvent.DELETION_CANCELLED, Outcome.SUCCEEDED, query.client
            )
            self._letters.enqueue(unit, Template.DELETION_CANCELLED, account=account, recipient=account.email)
            unit.publish(AccountDeletionCancelled(account_id=account.account_id))
        return RequestAccepted()
