"""Lets people see and end their sessions, edges check them, and administrators end those of others."""

from __future__ import annotations

from services.auth.domain.records import Outcome, SecurityEvent, Session
from services.auth.domain.sessions import fresh_until, idle_until, lives
from services.auth.handlers.identity import Identity
from services.auth.handlers.login_names import key_of
from services.auth.handlers.ports import Store, Unit
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.sessions import Sessions
from shared.contracts.accounts import RequestAccepted, Role
from shared.contracts.refusals import SessionInvalidError
from shared.contracts.sessions import (
    CheckSession,
    ListSessions,
    LoggedOut,
    LogOut,
    RevokeAllSessions,
    RevokeSession,
    SessionChecked,
    SessionList,
    SessionSummary,
)
from shared.errors import NotFoundError


class OwnSessions:
    """What can be done with sessions that exist."""

    def __init__(self, store: Store, identity: Identity, sessions: Sessions, events: SecurityEvents) -> None:
        self._store = store
        self._identity = identity
        self._sessions = sessions
        self._events = events

    def check(self, query: CheckSession) -> SessionChecked:
        """Say whose session it is.

        Raises:
            SessionInvalidError: It has ended.
        """
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session, in_deletion=True)
            password = unit.passwords.get(account.account_id)
            fresh = fresh_until(session)
            usable = fresh > unit.now and not (password is not None and password.must_change)
            return SessionChecked(
                account_id=account.account_id,
                session_id=session.session_id,
                assurance=session.assurance,
                state=account.state,
                role=account.role,
                fresh_until=fresh if usable else None,
                idle_until=idle_until(session),
                expires_at=session.expires_at,
            )

    def log_out(self, query: LogOut) -> LoggedOut:
        """End the session here, whatever the other side keeps (ASVS 5.0 7.4.1)."""
        with self._store.transaction() as unit:
            try:
                session, account = self._identity.require(unit, query.session, in_deletion=True)
            except SessionInvalidError:
                return LoggedOut()
            self._sessions.end(unit, account.account_id, session.session_id, by_logout=True)
            self._events.record(unit, account.account_id, SecurityEvent.LOGOUT, Outcome.SUCCEEDED, None)
        return LoggedOut()

    def list(self, query: ListSessions) -> SessionList:
        """The account's sessions that live (ASVS 5.0 7.5.2)."""
        with self._store.transaction() as unit:
            session, _ = self._identity.require(unit, query.session)
            return _listed(unit, session)

    def revoke(self, query: RevokeSession) -> SessionList:
        """End one of the account's sessions, or all others.

        Raises:
            NotFoundError: The account has no such session.
        """
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session)
            if query.session_id is None:
                self._sessions.end_all(unit, account.account_id, but=session.session_id)
            elif not self._sessions.end(unit, account.account_id, query.session_id):
                raise NotFoundError
            self._events.record(unit, account.account_id, SecurityEvent.SESSION_REVOKED, Outcome.SUCCEEDED, None)
            return _listed(unit, session)

    def revoke_all(self, query: RevokeAllSessions) -> RequestAccepted:
        """End all sessions of an account (ASVS 5.0 7.4.5).

        Raises:
            NotPermittedError: Whoever asks is no administrator.
            NotFoundError: There is no such account.
        """
        with self._store.transaction() as unit:
            self._identity.require(unit, query.session, fresh=True, role=Role.ADMINISTRATOR)
            account = unit.accounts.by_address(key_of(query.email))
            if account is None:
                raise NotFoundError("no account has that address")
            self._sessions.end_all(unit, account.account_id)
            self._events.record(unit, account.account_id, SecurityEvent.SESSION_REVOKED, Outcome.SUCCEEDED, None)
        return RequestAccepted()


def _listed(unit: Unit, current: Session) -> SessionList:
    return SessionList(
        sessions=tuple(
            SessionSummary(
                session_id=session.session_id,
                current=session.session_id == current.session_id,
                assurance=session.assurance,
                browser=session.browser,
                ip=session.ip,
                opened_at=session.opened_at,
                last_used_at=session.last_used_at,
                expires_at=session.expires_at,
            )
            for session in unit.sessions.of_account(current.account_id)
            if lives(session, unit.now)
        )
    )
