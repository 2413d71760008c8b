"""Second factors at a login and at an authentication anew: which there are, what is asked, whether it is right."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from services.auth.domain.browsers import from_where
from services.auth.domain.challenges import CHALLENGE_LIFE, Challenge, ChallengePurpose
from services.auth.domain.records import Account, LinkPurpose, Outcome, SecurityEvent, Template
from services.auth.domain.recovery_codes import code_hash
from services.auth.domain.second_factors import totp_digits
from services.auth.domain.tokens import new_token, token_hash
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.factor_ports import FactorUnit, Passkeys
from services.auth.handlers.letters import Letters
from services.auth.handlers.links import Links
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.throttling import Throttling
from services.auth.handlers.vault_port import Vault
from shared.contracts.accounts import ClientInfo
from shared.contracts.refusals import ChallengeEndedError, CodeInvalidError, TooManyAttemptsError
from shared.contracts.sessions import Factor
from shared.errors import InfrastructureError, InvalidInputError, TransactionConflictError

THROTTLED_AS = "second_factor"
"""Counted apart from passwords (ASVS 5.0 6.6.3)."""


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """Somebody shows something as his second factor.

    Attributes:
        challenge: What is answered with it; None where none was asked for.
    """

    account: Account
    client: ClientInfo
    factor: Factor
    shown: str = field(repr=False)
    challenge: Challenge | None


class SecondFactors:
    """What login and ``Reauthenticate`` need to know of second factors."""

    def __init__(
        self,
        store: AccountStore,
        vault: Vault,
        passkeys: Passkeys,
        *,
        throttling: Throttling,
        events: SecurityEvents,
        letters: Letters,
        links: Links,
    ) -> None:
        self._store = store
        self._vault = vault
        self._passkeys = passkeys
        self._throttling = throttling
        self._events = events
        self._letters = letters
        self._links = links

    def configured(self, unit: FactorUnit, account_id: str) -> tuple[Factor, ...]:
        """Which second factors pass a challenge; empty when none is set up.

        Recovery codes are among them while some are left, and never alone.
        """
        found = []
        if unit.factors.has_totp(account_id):
            found.append(Factor.TOTP)
        if unit.factors.credentials(account_id):
            found.append(Factor.WEBAUTHN)
        if found and unit.factors.recovery_codes_left(account_id):
            found.append(Factor.RECOVERY_CODE)
        return tuple(found)

    def open_challenge(
        self, unit: FactorUnit, account: Account, session_id: str | None = None
    ) -> tuple[str, str | None]:
        """Ask for a second factor, after the password was right.

        Args:
            session_id: Of the session that authenticates anew; None for a login.
        Returns:
            The challenge's token, and WebAuthn options in JSON where the account has a passkey.
        """
        token = new_token()
        known = unit.factors.credentials(account.account_id)
        to_sign = new_token() if known else None
        if session_id is not None:
            unit.challenges.end_all(account.account_id, session_id=session_id)
        unit.challenges.add(
            Challenge(
                token_hash=token_hash(token),
                account_id=account.account_id,
                purpose=ChallengePurpose.LOGIN if session_id is None else ChallengePurpose.WEBAUTHN_ASSERTION,
                session_id=session_id,
                webauthn_challenge=to_sign,
                tries=0,
                expires_at=unit.now + CHALLENGE_LIFE,
            )
        )
        return token, self._passkeys.assertion_options(to_sign, known) if to_sign is not None else None

    def challenged(self, unit: FactorUnit, token: str) -> Challenge:
        """The login that a challenge token belongs to.

        Raises:
            ChallengeEndedError: Unknown, expired or answered wrongly too often.
        """
        challenge = unit.challenges.get(token_hash(token))
        if challenge is None or challenge.purpose is not ChallengePurpose.LOGIN:
            raise ChallengeEndedError
        return challenge

    def prove(
        self,
        account: Account,
        *,
        totp: str | None,
        recovery_code: str | None,
        webauthn: str | None,
        challenge: Challenge | None,
        client: ClientInfo,
        session_id: str | None = None,
    ) -> Factor:
        """Check exactly one second factor. Opens its own transactions, so call it outside of any.

        A right answer uses up the challenge, stops a removal of lost factors, and is recorded as a security event
        (``CHALLENGE``), like a wrong one; throttling of kind ``second_factor`` is done here, too.

        Args:
            challenge: That of a login (``challenged``); None when a session authenticates anew.
            session_id: The session that authenticates anew; a passkey's challenge is looked up by it.
        Raises:
            InvalidInputError: Not exactly one of ``totp``, ``recovery_code`` and ``webauthn``.
            CodeInvalidError: Wrong, or used before.
            ChallengeEndedError: The challenge had five wrong answers, or was passed by somebody else meanwhile.
            TooManyAttemptsError: Wait; the answer was not looked at.
            InfrastructureError: Keyvault is away; nothing was counted, the same answer may be given again.
        """
        factor, shown = _only_one(totp, recovery_code, webauthn)
        attempt = self._admitted(
            _Attempt(account=account, client=client, factor=factor, shown=shown, challenge=challenge), session_id
        )
        fits = factor is not Factor.TOTP or self._fits_seed(attempt)
        try:
            right = self._concluded(attempt, fits)
        except TransactionConflictError:  # the call cannot be repeated as a whole: keyvault takes a code once
            right = self._concluded(attempt, fits)
        if not right:
            raise CodeInvalidError
        return factor

    def stop_removal(self, unit: AccountUnit, account: Account, client: ClientInfo | None) -> None:
        """Nothing is lost, so nothing will be taken off (ASVS 5.0 6.4.4). The account is locked by the caller."""
        if account.factors_removed_at is None:
            return
        unit.accounts.update(account.account_id, factors_removed_at=None)
        self._links.end(unit, account.account_id, LinkPurpose.CANCEL_FACTOR_REMOVAL)
        self._events.record(
            unit, account.account_id, SecurityEvent.FACTOR_REMOVAL_CANCELLED, Outcome.SUCCEEDED, client
        )

    def _admitted(self, attempt: _Attempt, session_id: str | None) -> _Attempt:
        """The attempt with the challenge that it answers, once it is counted."""
        try:
            return self._counted(attempt, session_id)
        except TooManyAttemptsError:
            with self._store.transaction() as unit:
                self._events.record_throttled(
                    unit, attempt.account.account_id, SecurityEvent.CHALLENGE, attempt.client
                )
            raise

    def _counted(self, attempt: _Attempt, session_id: str | None) -> _Attempt:
        """Use up one answer before it is looked at; afterwards, parallel guesses would pass the limit of five."""
        with self._store.transaction() as unit:
            self._throttling.require(
                unit, THROTTLED_AS, account_key=attempt.account.address_key, client=attempt.client
            )
            held = attempt.challenge
            if held is None and attempt.factor is Factor.WEBAUTHN and session_id is not None:
                held = unit.challenges.of_session(session_id, ChallengePurpose.WEBAUTHN_ASSERTION)
            if held is not None and not unit.challenges.take_try(held.token_hash):
                raise ChallengeEndedError
        return replace(attempt, challenge=held)

    def _fits_seed(self, attempt: _Attempt) -> bool:
        """Ask keyvault about a time-based code; what is no code it is not asked about."""
        digits = totp_digits(attempt.shown)
        try:
            return digits is not None and self._vault.check_totp(attempt.account.account_id, digits)
        except (InfrastructureError, TooManyAttemptsError):
            self._take_back(attempt)
            raise

    def _take_back(self, attempt: _Attempt) -> None:
        """It could not be judged, so it does not count."""
        with self._store.transaction() as unit:
            self._throttling.withdrawn(
                unit, THROTTLED_AS, account_key=attempt.account.address_key, client=attempt.client
            )
            if attempt.challenge is not None:
                unit.challenges.give_back_try(attempt.challenge.token_hash)

    def _concluded(self, attempt: _Attempt, fits: bool) -> bool:
        """Judge the answer, and note how it went; all of it or nothing."""
        with self._store.transaction() as unit:
            account = unit.accounts.lock(attempt.account.account_id)  # first, so that no two wait for each other
            if account is None:
                raise ChallengeEndedError
            right = fits and self._is_right(unit, attempt)
            if right:
                self._pass(unit, account, attempt)
            outcome = Outcome.SUCCEEDED if right else Outcome.FAILED
            self._events.record(unit, account.account_id, SecurityEvent.CHALLENGE, outcome, attempt.client)
        return right

    def _is_right(self, unit: AccountUnit, attempt: _Attempt) -> bool:
        account_id = attempt.account.account_id
        match attempt.factor:
            case Factor.TOTP:
                return unit.factors.has_totp(account_id)
            case Factor.RECOVERY_CODE:
                return unit.factors.use_recovery_code(account_id, code_hash(attempt.shown))
            case Factor.WEBAUTHN:
                return self._is_signed(unit, attempt)

    def _is_signed(self, unit: AccountUnit, attempt: _Attempt) -> bool:
        if attempt.challenge is None or attempt.challenge.webauthn_challenge is None:
            return False
        try:
            named = self._passkeys.named_credential(attempt.shown)
            key = unit.factors.credential(attempt.account.account_id, named)
            if key is None:
                return False
            count = self._passkeys.asserted(attempt.shown, attempt.challenge.webauthn_challenge, key)
        except CodeInvalidError:
            return False
        return unit.factors.use_credential(key, count)

    def _pass(self, unit: AccountUnit, account: Account, attempt: _Attempt) -> None:
        """Use up the challenge; of two right answers to one challenge only the first counts."""
        client = attempt.client
        self._throttling.succeeded(unit, THROTTLED_AS, account_key=attempt.account.address_key, client=client)
        if attempt.challenge is not None and not unit.challenges.end(attempt.challenge.token_hash):
            raise ChallengeEndedError
        self.stop_removal(unit, account, client)
        if attempt.factor is Factor.RECOVERY_CODE:
            left = unit.factors.recovery_codes_left(account.account_id)
            self._letters.enqueue(
                unit,
                Template.RECOVERY_CODE_USED,
                account=account,
                recipient=account.email,
                values={"left": str(left), **from_where(client)},
            )


def _only_one(totp: str | None, recovery_code: str | None, webauthn: str | None) -> tuple[Factor, str]:
    shown = {Factor.TOTP: totp, Factor.RECOVERY_CODE: recovery_code, Factor.WEBAUTHN: webauthn}
    given = [(factor, text) for factor, text in shown.items() if text is not None]
    if len(given) != 1:
        raise InvalidInputError("exactly one of totp, recovery_code and webauthn is needed")
    return given[0]
