"""Asks somebody who is logged in for his password."""

from __future__ import annotations

from dataclasses import dataclass

from services.auth.domain.passwords import StoredPassword
from services.auth.domain.records import Account, Outcome, SecurityEvent, Session
from services.auth.handlers.identity import Identity
from services.auth.handlers.password_checks import PasswordHashing
from services.auth.handlers.ports import Store
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.throttling import Throttling
from shared.contracts.accounts import ClientInfo
from shared.contracts.refusals import CredentialsInvalidError, TooManyAttemptsError

THROTTLED_AS = "password"


@dataclass(frozen=True, kw_only=True)
class ProvenPassword:
    """Whose password was right, and in which session."""

    session: Session
    account: Account
    stored: StoredPassword


class OwnPassword:
    """Compares the password of whoever is logged in, with the same limits as a login."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        hashing: PasswordHashing,
        *,
        throttling: Throttling,
        events: SecurityEvents,
    ) -> None:
        self._store = store
        self._identity = identity
        self._hashing = hashing
        self._throttling = throttling
        self._events = events

    def prove(
        self, session_token: str, password: str, *, purpose: SecurityEvent, client: ClientInfo
    ) -> ProvenPassword:
        """Compare it. Opens its own transactions, so call it outside of any.

        Args:
            purpose: What is written down as failed if it is wrong.

        Raises:
            SessionInvalidError, NotPermittedError: As ``Identity.require`` says.
            CredentialsInvalidError: It is wrong.
            TooManyAttemptsError: Wait; it was not looked at.
        """
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, session_token)
            self._throttling.require(unit, THROTTLED_AS, account_key=account.address_key, client=client)
            stored = unit.passwords.get(account.account_id)
        try:
            fits = stored is not None and self._hashing.verify(password, stored.phc, stored.pepper_version)
        except TooManyAttemptsError:  # no turn to be hashed, so it does not count
            with self._store.transaction() as unit:
                self._throttling.withdrawn(unit, THROTTLED_AS, account_key=account.address_key, client=client)
            raise
        with self._store.transaction() as unit:
            if fits:
                self._throttling.succeeded(unit, THROTTLED_AS, account_key=account.address_key, client=client)
            else:
                self._events.record(unit, account.account_id, purpose, Outcome.FAILED, client)
        if stored is None or not fits:
            raise CredentialsInvalidError
        return ProvenPassword(session=session, account=account, stored=stored)
