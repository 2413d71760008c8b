"""Logs people in: the password first, then a second factor where one is set up.

Whoever tries an account that does not exist gets the same answer after the same work: one password hash and the
same statements (ASVS 5.0 6.3.8).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.auth.domain.passwords import StoredPassword
from services.auth.domain.records import Account, LinkPurpose, Outcome, SecurityEvent
from services.auth.domain.throttle import MANY_FAILURES
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.links import Links
from services.auth.handlers.login_names import key_of
from services.auth.handlers.own_password import THROTTLED_AS
from services.auth.handlers.password_checks import PasswordChecks, PasswordHashing
from services.auth.handlers.second_factors import SecondFactors
from services.auth.handlers.security_events import NOBODY, SecurityEvents
from services.auth.handlers.sessions import Sessions
from services.auth.handlers.suspicions import Suspicions
from services.auth.handlers.throttling import Throttling
from shared.contracts.accounts import AccountState, ClientInfo
from shared.contracts.refusals import ChallengeEndedError, CredentialsInvalidError, TooManyAttemptsError
from shared.contracts.sessions import Assurance, LogIn, LoginAnswer, PassChallenge, SessionOpened


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    """Who somebody claims to be; there may be no account of that address."""

    key: str = field(repr=False)
    account: Account | None
    stored: StoredPassword | None

    @property
    def account_id(self) -> str:
        return self.account.account_id if self.account else NOBODY


class Login:
    """Opens sessions for people who show who they are."""

    def __init__(
        self,
        store: AccountStore,
        sessions: Sessions,
        second_factors: SecondFactors,
        *,
        checks: PasswordChecks,
        hashing: PasswordHashing,
        throttling: Throttling,
        events: SecurityEvents,
        suspicions: Suspicions,
        links: Links,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._second_factors = second_factors
        self._checks = checks
        self._hashing = hashing
        self._throttling = throttling
        self._events = events
        self._suspicions = suspicions
        self._links = links

    def log_in(self, query: LogIn) -> LoginAnswer:
        """A session, or a challenge for a second factor.

        Raises:
            CredentialsInvalidError: Address or password is wrong, or the account may not log in.
            TooManyAttemptsError: Wait; the password was not looked at.
        """
        candidate = self._admitted(key_of(query.email), query.client)
        fits = self._judged(query, candidate)
        if candidate.account is None or candidate.stored is None or not fits or not _may_log_in(candidate.account):
            with self._store.transaction() as unit:
                self._note(unit, candidate.account_id, SecurityEvent.LOGIN, Outcome.FAILED, query.client)
            raise CredentialsInvalidError
        return self._let_in(candidate.account, candidate.stored, query)

    def pass_challenge(self, query: PassChallenge) -> LoginAnswer:
        """A session for somebody who had the password, and now shows a second factor.

        Raises:
            ChallengeEndedError, CodeInvalidError, InvalidInputError, TooManyAttemptsError: As
                ``SecondFactors.prove`` says.
        """
        with self._store.reading() as unit:
            challenge = self._second_factors.challenged(unit, query.challenge)
            account = unit.accounts.get(challenge.account_id)
            stored = unit.passwords.get(challenge.account_id)
        if account is None or not _may_log_in(account):
            raise ChallengeEndedError
        self._second_factors.prove(
            account,
            totp=query.totp,
            recovery_code=query.recovery_code,
            webauthn=query.webauthn,
            challenge=challenge,
            client=query.client,
        )
        with self._store.transaction() as unit:
            current = unit.accounts.lock(account.account_id)
            # A new password ends challenges, also those that were just passed.
            if not _may_log_in(current) or unit.passwords.get(account.account_id) != stored:
                raise ChallengeEndedError
            return LoginAnswer(session=self._opened(unit, account, Assurance.AAL2, query.client))

    def _admitted(self, key: str, client: ClientInfo) -> _Candidate:
        """Who is meant, once the attempt is counted."""
        try:
            with self._store.transaction() as unit:
                self._throttling.require(unit, THROTTLED_AS, account_key=key, client=client)
                return _candidate(unit, key)
        except TooManyAttemptsError:
            with self._store.transaction() as unit:
                self._events.record_throttled(unit, _candidate(unit, key).account_id, SecurityEvent.LOGIN, client)
            raise

    def _judged(self, query: LogIn, candidate: _Candidate) -> bool:
        """Whether the password fits; an attempt that found no turn to be hashed does not count."""
        try:
            return self._fits(query.password, candidate.stored)
        except TooManyAttemptsError:
            with self._store.transaction() as unit:
                self._throttling.withdrawn(unit, THROTTLED_AS, account_key=candidate.key, client=query.client)
            raise

    def _fits(self, password: str, stored: StoredPassword | None) -> bool:
        if stored is None:
            self._hashing.dummy_verify(password)
            return False
        return self._hashing.verify(password, stored.phc, stored.pepper_version)

    def _let_in(self, account: Account, stored: StoredPassword, query: LogIn) -> LoginAnswer:
        """What follows a right password; what takes long is done before the transaction."""
        better = None if self._hashing.is_current(stored) else self._hashing.hashed(query.password)
        breached = self._checks.is_breached(query.password)
        with self._store.transaction() as unit:
            current = unit.accounts.lock(account.account_id)
            if current is None or not _may_log_in(current) or unit.passwords.get(account.account_id) != stored:
                raise CredentialsInvalidError
            if better is not None:
                unit.passwords.rehash(account.account_id, stored, *better)
            if breached:
                unit.passwords.flag(account.account_id)
            self._end_failures(unit, current, query.client)
            self._links.end(unit, account.account_id, LinkPurpose.RESET_PASSWORD)
            unit.mails.give_up_links(account.account_id, LinkPurpose.RESET_PASSWORD)
            return self._answer(unit, current, query.client)

    def _end_failures(self, unit: AccountUnit, account: Account, client: ClientInfo) -> None:
        """Begin to count anew; many failures before this success are told to the owner (ASVS 5.0 6.3.5)."""
        before = self._throttling.succeeded(unit, THROTTLED_AS, account_key=account.address_key, client=client)
        if before >= MANY_FAILURES:
            self._suspicions.tell_of_failures(unit, account)

    def _answer(self, unit: AccountUnit, account: Account, client: ClientInfo) -> LoginAnswer:
        factors = self._second_factors.configured(unit, account.account_id)
        if not factors:
            return LoginAnswer(session=self._opened(unit, account, Assurance.AAL1, client))
        challenge, options = self._second_factors.open_challenge(unit, account)
        return LoginAnswer(challenge=challenge, factors=factors, webauthn_options=options)

    def _opened(
        self, unit: AccountUnit, account: Account, assurance: Assurance, client: ClientInfo
    ) -> SessionOpened:
        self._suspicions.tell_of_new_device(unit, account, client)
        self._note(unit, account.account_id, SecurityEvent.LOGIN, Outcome.SUCCEEDED, client)
        return self._sessions.open(unit, account, assurance, client)

    def _note(
        self, unit: AccountUnit, account_id: str, kind: SecurityEvent, outcome: Outcome, client: ClientInfo
    ) -> None:
        self._events.record(unit, account_id, kind, outcome, client)


def _candidate(unit: AccountUnit, key: str) -> _Candidate:
    account = unit.accounts.by_address(key)
    return _Candidate(
        key=key, account=account, stored=unit.passwords.get(account.account_id if account else NOBODY)
    )


def _may_log_in(account: Account | None) -> bool:
    return account is not None and account.state is not AccountState.DISABLED
