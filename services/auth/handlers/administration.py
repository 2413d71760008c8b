"""What administrators do to accounts."""

from __future__ import annotations

from services.auth.domain.addresses import address_of
from services.auth.domain.lives import state_of
from services.auth.domain.records import Account, Outcome, SecurityEvent, Template
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.identity import Identity
from services.auth.handlers.letters import Letters
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.sessions import Sessions
from shared.contracts.accounts import (
    AccountDisabled,
    AccountEnabled,
    AccountState,
    DisableAccount,
    EnableAccount,
    RequestAccepted,
    Role,
)
from shared.contracts.refusals import NotPermittedError
from shared.errors import NotFoundError


class Administration:
    """Disables accounts, and enables them again."""

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

    def disable(self, query: DisableAccount) -> RequestAccepted:
        """Refuse an account every login, and end its sessions at once (ASVS 5.0 7.4.2).

        Raises:
            SessionInvalidError, FreshAuthenticationNeededError, NotPermittedError: See `Identity.require`; nobody
                disables himself.
            NotFoundError: No such account.
        """
        with self._store.transaction() as unit:
            me, account = self._administered(unit, query)
            if me.account_id == account.account_id:
                raise NotPermittedError("an administrator cannot disable the account he is using")
            if account.state is AccountState.DISABLED:
                return RequestAccepted()
            unit.accounts.update(account.account_id, state=AccountState.DISABLED.value)
            self._sessions.end_all(unit, account.account_id)
            self._events.record(unit, account.account_id, SecurityEvent.ACCOUNT_DISABLED, Outcome.SUCCEEDED, None)
            self._letters.enqueue(unit, Template.ACCOUNT_DISABLED, account=account, recipient=account.email)
            unit.publish(AccountDisabled(account_id=account.account_id))
        return RequestAccepted()

    def enable(self, query: EnableAccount) -> RequestAccepted:
        """Allow a disabled account logins again; a deletion that was asked for before goes on.

        Raises:
            SessionInvalidError, FreshAuthenticationNeededError, NotPermittedError: See `Identity.require`.
            NotFoundError: No such account.
        """
        with self._store.transaction() as unit:
            _, account = self._administered(unit, query)
            if account.state is not AccountState.DISABLED:
                return RequestAccepted()
            unit.accounts.update(account.account_id, state=state_of(account).value)
            self._events.record(unit, account.account_id, SecurityEvent.ACCOUNT_ENABLED, Outcome.SUCCEEDED, None)
            unit.publish(AccountEnabled(account_id=account.account_id))
        return RequestAccepted()

    def _administered(self, unit: AccountUnit, query: DisableAccount | EnableAccount) -> tuple[Account, Account]:
        """The administrator, and the account he means, locked."""
        _, administrator = self._identity.require(unit, query.session, fresh=True, role=Role.ADMINISTRATOR)
        found = unit.accounts.by_address(address_of(query.email).key)
        account = unit.accounts.lock(found.account_id) if found else None
        if account is None:
            raise NotFoundError("there is no account with this address")
        return administrator, account
