"""Who makes a call: the session in it says so, or the call is refused."""

from __future__ import annotations

from dataclasses import replace

from services.auth.domain.records import Account, Session
from services.auth.domain.sessions import NOTED_EVERY, fresh_until, lives
from services.auth.domain.tokens import token_hash
from services.auth.handlers.ports import Unit
from shared.contracts.accounts import AccountState, Role
from shared.contracts.refusals import FreshAuthenticationNeededError, NotPermittedError, SessionInvalidError


class Identity:
    """Finds the session and the account of a call."""

    def require(
        self,
        unit: Unit,
        token: str,
        *,
        fresh: bool = False,
        role: Role | None = None,
        in_deletion: bool = False,
    ) -> tuple[Session, Account]:
        """Whose call it is. Inside a transaction that writes, this also keeps the session from idling out.

        Args:
            fresh: The call needs a full proof of identity from the last five minutes (ASVS 5.0 7.5.1). Somebody
                whose password was found in a breach changes it first (6.2.10).
            role: The call is for these people only.
            in_deletion: The call is possible while the account waits for its deletion.

        Raises:
            SessionInvalidError: The session is unknown, has ended, or its account may do nothing.
            FreshAuthenticationNeededError: That proof is too long ago.
            NotPermittedError: The account has another role, or waits for its deletion.
        """
        session = unit.sessions.by_token(token_hash(token))
        if session is None or not lives(session, unit.now):
            raise SessionInvalidError()
        account = unit.accounts.get(session.account_id)
        if account is None or account.state is AccountState.DISABLED:
            raise SessionInvalidError()
        if account.state is AccountState.DELETION_REQUESTED and not in_deletion:
            raise NotPermittedError("this account is waiting for its deletion; cancel that first")
        if role is not None and account.role is not role:
            raise NotPermittedError()
        if fresh:
            self._require_fresh(unit, session)
        if unit.writes and unit.now - session.last_used_at >= NOTED_EVERY:
            unit.sessions.touch(session.session_id)
            session = replace(session, last_used_at=unit.now)
        return session, account

    def _require_fresh(self, unit: Unit, session: Session) -> None:
        if unit.now >= fresh_until(session):
            raise FreshAuthenticationNeededError()
        password = unit.passwords.get(session.account_id)
        if password is not None and password.must_change:
            raise FreshAuthenticationNeededError("the password was found in a breach; change it first")
