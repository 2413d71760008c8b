"""Changes passwords: by whoever knows the present one, or by whoever reads the account's mail."""

from __future__ import annotations

from services.auth.domain.browsers import from_where
from services.auth.domain.records import Account, Link, LinkPurpose, Outcome, SecurityEvent, Template
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.letters import Letters
from services.auth.handlers.links import Links
from services.auth.handlers.login_names import key_of
from services.auth.handlers.moving import stay
from services.auth.handlers.own_password import THROTTLED_AS, OwnPassword
from services.auth.handlers.password_checks import PasswordChecks, PasswordHashing
from services.auth.handlers.security_events import NOBODY, SecurityEvents
from services.auth.handlers.sessions import Sessions
from services.auth.handlers.throttling import Throttling
from shared.contracts.accounts import AccountState, ClientInfo, RequestAccepted
from shared.contracts.refusals import CredentialsInvalidError, LinkInvalidError
from shared.contracts.sessions import ChangePassword, RequestPasswordReset, ResetPassword, SessionRenewed

_ASKED_FOR = "reset"
_SECOND_FACTOR = "second_factor"


class Passwords:
    """Sets other passwords."""

    def __init__(
        self,
        store: AccountStore,
        own_password: OwnPassword,
        sessions: Sessions,
        *,
        checks: PasswordChecks,
        hashing: PasswordHashing,
        throttling: Throttling,
        events: SecurityEvents,
        letters: Letters,
        links: Links,
    ) -> None:
        self._store = store
        self._own_password = own_password
        self._sessions = sessions
        self._checks = checks
        self._hashing = hashing
        self._throttling = throttling
        self._events = events
        self._letters = letters
        self._links = links

    def change(self, query: ChangePassword) -> SessionRenewed:
        """Set another password for somebody who shows the present one (ASVS 5.0 6.2.3, 7.4.3).

        Raises:
            CredentialsInvalidError: The present password is wrong, or was changed meanwhile.
            PasswordRefusedError: The new one is not accepted; says why.
            SessionInvalidError, NotPermittedError, TooManyAttemptsError: See ``OwnPassword.prove``.
        """
        proven = self._own_password.prove(
            query.session, query.current_password, purpose=SecurityEvent.PASSWORD_CHANGED, client=query.client
        )
        account = proven.account
        self._checks.require_acceptable(query.new_password, name=account.name, email=account.email)
        phc, pepper_version = self._hashing.hashed(query.new_password)
        with self._store.transaction() as unit:
            unit.accounts.lock(account.account_id)  # first, as everywhere, so that no two wait for each other
            if not unit.passwords.replace(account.account_id, proven.stored, phc, pepper_version):
                raise CredentialsInvalidError
            if not query.keep_other_sessions:
                self._sessions.end_all(unit, account.account_id, but=proven.session.session_id)
            self._conclude(unit, account, SecurityEvent.PASSWORD_CHANGED, query.client)
            return SessionRenewed(session=self._sessions.renew(unit, proven.session, query.client))

    def request_reset(self, query: RequestPasswordReset) -> RequestAccepted:
        """Mail a link; the answer is the same, and takes as long, for an address without account (6.3.8).

        Raises:
            TooManyAttemptsError: Too many such mails to that address, or from there.
        """
        key = key_of(query.email)
        with self._store.transaction() as unit:
            self._throttling.require(unit, _ASKED_FOR, account_key=key, client=query.client)
        self._hashing.dummy_verify(query.email)  # beside it, what one mail more costs cannot be measured
        with self._store.transaction() as unit:
            account = unit.accounts.by_address(key)
            self._events.record(
                unit,
                account.account_id if account else NOBODY,
                SecurityEvent.PASSWORD_RESET_REQUESTED,
                Outcome.SUCCEEDED,
                query.client,
            )
            if account is not None and account.state is not AccountState.DISABLED:
                self._letters.enqueue(
                    unit,
                    Template.RESET_PASSWORD,
                    account=account,
                    recipient=account.email,
                    values=from_where(query.client),
                    link=LinkPurpose.RESET_PASSWORD,
                )
        return RequestAccepted()

    def reset(self, query: ResetPassword) -> RequestAccepted:
        """Set another password with the link of a mail. Opens no session: login asks for what it always asks for.

        Raises:
            LinkInvalidError: The link is unknown, too old, used, or of an address that is not the account's.
            PasswordRefusedError: The password is not accepted; the link stays good.
        """
        with self._store.reading() as unit:
            account = _addressee(unit, self._links.look(unit, query.link, LinkPurpose.RESET_PASSWORD))
        self._checks.require_acceptable(query.new_password, name=account.name, email=account.email)
        phc, pepper_version = self._hashing.hashed(query.new_password)
        with self._store.transaction() as unit:
            account = _addressee(unit, self._links.redeem(unit, query.link, LinkPurpose.RESET_PASSWORD))
            unit.passwords.set(account.account_id, phc, pepper_version)
            self._sessions.end_all(unit, account.account_id)
            unit.sessions.forget_devices(account.account_id)
            for kind in (THROTTLED_AS, _SECOND_FACTOR):
                self._throttling.forget(unit, kind, account_key=account.address_key)
            self._conclude(unit, account, SecurityEvent.PASSWORD_RESET, query.client)
        return RequestAccepted()

    def _conclude(self, unit: AccountUnit, account: Account, kind: SecurityEvent, client: ClientInfo) -> None:
        """End what the old password could still lead to, and tell the owner (ASVS 5.0 6.3.7)."""
        self._links.end(unit, account.account_id, LinkPurpose.RESET_PASSWORD)
        unit.mails.give_up_links(account.account_id, LinkPurpose.RESET_PASSWORD)
        stay(unit, self._links, account.account_id)
        unit.challenges.end_all(account.account_id)
        self._events.record(unit, account.account_id, kind, Outcome.SUCCEEDED, client)
        self._letters.enqueue(
            unit,
            Template.PASSWORD_CHANGED,
            account=account,
            recipient=account.email,
            values=from_where(client),
        )


def _addressee(unit: AccountUnit, link: Link) -> Account:
    """The account of a link, as long as the address it was mailed to is the account's."""
    account = unit.accounts.get(link.account_id)
    if account is None or account.email != link.email or account.state is AccountState.DISABLED:
        raise LinkInvalidError
    return account
