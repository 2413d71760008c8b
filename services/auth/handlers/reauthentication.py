"""Asks again who somebody is, before something sensitive (ASVS 5.0 7.5.1 and 7.5.3)."""

from __future__ import annotations

from services.auth.domain.records import Outcome, SecurityEvent
from services.auth.handlers.account_ports import AccountStore
from services.auth.handlers.own_password import OwnPassword
from services.auth.handlers.second_factors import SecondFactors
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.sessions import Sessions
from shared.contracts.sessions import Assurance, Reauthenticate, SessionRenewed


class Reauthentication:
    """Makes a session fresh."""

    def __init__(
        self,
        store: AccountStore,
        own_password: OwnPassword,
        second_factors: SecondFactors,
        *,
        sessions: Sessions,
        events: SecurityEvents,
    ) -> None:
        self._store = store
        self._own_password = own_password
        self._second_factors = second_factors
        self._sessions = sessions
        self._events = events

    def reauthenticate(self, query: Reauthenticate) -> SessionRenewed:
        """The session under a new token, fresh again; with a second factor shown it knows of two from now on.

        Raises:
            SessionInvalidError, NotPermittedError: There is no such session, or it may do nothing.
            CredentialsInvalidError: The password is wrong.
            CodeInvalidError, InvalidInputError, TooManyAttemptsError: As ``SecondFactors.prove`` says.
        """
        proven = self._own_password.prove(
            query.session, query.password, purpose=SecurityEvent.REAUTHENTICATED, client=query.client
        )
        account = proven.account
        with self._store.reading() as unit:
            factors = self._second_factors.configured(unit, account.account_id)
        if factors:
            self._second_factors.prove(
                account,
                totp=query.totp,
                recovery_code=query.recovery_code,
                webauthn=query.webauthn,
                challenge=None,
                client=query.client,
                session_id=proven.session.session_id,
            )
        with self._store.transaction() as unit:
            opened = self._sessions.renew(
                unit, proven.session, query.client, assurance=Assurance.AAL2 if factors else None
            )
            self._events.record(
                unit, account.account_id, SecurityEvent.REAUTHENTICATED, Outcome.SUCCEEDED, query.client
            )
        return SessionRenewed(session=opened)
