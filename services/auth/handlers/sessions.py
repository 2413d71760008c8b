"""Opens, renews, shows and ends sessions."""

from __future__ import annotations

from dataclasses import replace

from services.auth.domain.browsers import browser_family
from services.auth.domain.records import Account, Session
from services.auth.domain.sessions import expires_at, idle_until
from services.auth.domain.tokens import new_token, token_hash
from services.auth.handlers.ports import Unit
from shared.contracts.accounts import AccountState, ClientInfo, SessionRevoked
from shared.contracts.refusals import SessionInvalidError
from shared.contracts.sessions import Assurance, SessionOpened
from shared.ids import new_id


class Sessions:
    """The life of sessions, inside the transactions of those who decide about it."""

    def open(self, unit: Unit, account: Account, assurance: Assurance, client: ClientInfo) -> SessionOpened:
        """A session for somebody who has just proved who he is; his device is known from now on."""
        token = new_token()
        session = Session(
            session_id=new_id(),
            account_id=account.account_id,
            token_hash=token_hash(token),
            assurance=assurance,
            ip=client.ip,
            browser=browser_family(client.user_agent),
            opened_at=unit.now,
            authenticated_at=unit.now,
            last_used_at=unit.now,
            expires_at=expires_at(assurance, unit.now),
        )
        unit.sessions.add(session)
        return _opened(unit, session, account.state, token, device=self._device(unit, account, client))

    def renew(
        self,
        unit: Unit,
        session: Session,
        client: ClientInfo,
        *,
        assurance: Assurance | None = None,
        authenticated: bool = True,
    ) -> SessionOpened:
        """Go on under a new token; the old one is dead (ASVS 5.0 7.2.4).

        Args:
            session: As ``Identity.require`` found it.
            assurance: What it knows from now on; as before by default.
            authenticated: A full proof of identity was given just now; its limits begin anew.

        Raises:
            SessionInvalidError: It ended or was renewed meanwhile; of two that renew it at once one succeeds.
        """
        token = new_token()
        reached = assurance or session.assurance
        authenticated_at = unit.now if authenticated else session.authenticated_at
        limit = expires_at(reached, authenticated_at)
        renewed = replace(
            session,
            token_hash=token_hash(token),
            assurance=reached,
            ip=client.ip,
            browser=browser_family(client.user_agent),
            authenticated_at=authenticated_at,
            last_used_at=unit.now,
            expires_at=limit if authenticated else min(session.expires_at, limit),
        )
        if not unit.sessions.renew(renewed, session.token_hash):
            raise SessionInvalidError()
        account = unit.accounts.get(session.account_id)
        if account is None:
            raise SessionInvalidError()
        return _opened(unit, renewed, account.state, token, device=None)

    def end(self, unit: Unit, account_id: str, session_id: str, *, by_logout: bool = False) -> bool:
        """End one session, and say so to those who remember it; False if it had ended.

        Args:
            by_logout: Its owner left; any other end also stops what his jobs may do with his keys.
        """
        if not unit.sessions.revoke(account_id, session_id):
            return False
        unit.publish(SessionRevoked(account_id=account_id, session_id=session_id, by_logout=by_logout))
        return True

    def end_all(self, unit: Unit, account_id: str, *, but: str | None = None) -> int:
        """End all sessions of an account, or all but one; returns how many."""
        ids = [session.session_id for session in unit.sessions.of_account(account_id)]
        return sum(self.end(unit, account_id, session_id) for session_id in ids if session_id != but)

    def _device(self, unit: Unit, account: Account, client: ClientInfo) -> str:
        """The token by which this device is known at the next login."""
        if client.device and unit.sessions.use_device(account.account_id, token_hash(client.device)):
            return client.device
        token = new_token()
        unit.sessions.add_device(account.account_id, token_hash(token))
        return token


def _opened(unit: Unit, session: Session, state: AccountState, token: str, *, device: str | None) -> SessionOpened:
    password = unit.passwords.get(session.account_id)
    return SessionOpened(
        token=token,
        session_id=session.session_id,
        account_id=session.account_id,
        assurance=session.assurance,
        state=state,
        idle_until=idle_until(session),
        expires_at=session.expires_at,
        device=device,
        password_must_change=password is not None and password.must_change,
    )
