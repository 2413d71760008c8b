"""Passkeys and security keys (WebAuthn level 3): registered, asked for in a session, given up."""

from __future__ import annotations

from services.auth.domain.challenges import CHALLENGE_LIFE, Challenge, ChallengePurpose
from services.auth.domain.records import Account, Session
from services.auth.domain.second_factors import CREDENTIALS_MAX, Credential
from services.auth.domain.tokens import new_token, token_hash
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.factor_changes import FactorChanges, locked_account
from services.auth.handlers.factor_ports import NewPasskey, Passkeys
from services.auth.handlers.identity import Identity
from services.auth.handlers.second_factors import SecondFactors
from shared.contracts.factors import (
    BeginWebauthn,
    BeginWebauthnAssertion,
    EnableWebauthn,
    FactorEnabled,
    FactorRemoved,
    RemoveWebauthn,
    WebauthnAssertionBegun,
    WebauthnBegun,
)
from shared.contracts.refusals import ChallengeEndedError, CodeInvalidError
from shared.contracts.sessions import Factor
from shared.errors import InvalidInputError, NotFoundError


class Webauthn:
    """The use cases of passkeys and security keys."""

    def __init__(
        self,
        store: AccountStore,
        identity: Identity,
        passkeys: Passkeys,
        second_factors: SecondFactors,
        changes: FactorChanges,
    ) -> None:
        self._store = store
        self._identity = identity
        self._passkeys = passkeys
        self._second_factors = second_factors
        self._changes = changes

    def begin(self, query: BeginWebauthn) -> WebauthnBegun:
        """What a browser needs to make a credential, in this session and within five minutes."""
        token, to_sign = new_token(), new_token()
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session, fresh=True)
            known = unit.factors.credentials(account.account_id)
            if len(known) >= CREDENTIALS_MAX:
                raise InvalidInputError(f"an account has at most {CREDENTIALS_MAX} passkeys; give one up first")
            unit.challenges.end_all(account.account_id, session_id=session.session_id)
            unit.challenges.add(
                Challenge(
                    token_hash=token_hash(token),
                    account_id=account.account_id,
                    purpose=ChallengePurpose.WEBAUTHN_ENROLMENT,
                    session_id=session.session_id,
                    webauthn_challenge=to_sign,
                    tries=0,
                    expires_at=unit.now + CHALLENGE_LIFE,
                )
            )
        return WebauthnBegun(
            enrolment_id=token, options=self._passkeys.registration_options(account, to_sign, known)
        )

    def enable(self, query: EnableWebauthn) -> FactorEnabled:
        """Register what the browser made.

        Raises:
            ChallengeEndedError: The enrolment is unknown, too old, of another session, or had too many answers.
            CodeInvalidError: The answer does not fit, or the credential is registered already.
        """
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session)
            challenge = _enrolment(unit, query.enrolment_id, session)
        made = self._passkeys.registered(query.credential, challenge.webauthn_challenge or "")
        with self._store.transaction() as unit:
            account = locked_account(unit, account.account_id)
            if not unit.challenges.end(challenge.token_hash):
                raise ChallengeEndedError
            first = self._changes.is_first(unit, account)
            if not unit.factors.add_credential(_credential(made, account, query.label, unit)):
                raise CodeInvalidError("this key is registered already")
            codes = self._changes.added(unit, account, session, Factor.WEBAUTHN, query.client, first=first)
        return FactorEnabled(recovery_codes=codes)

    def remove(self, query: RemoveWebauthn) -> FactorRemoved:
        """Give a credential up.

        Raises:
            NotFoundError: The account has none such.
        """
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session, fresh=True)
            account = locked_account(unit, account.account_id)
            if not unit.factors.remove_credential(account.account_id, query.credential_id):
                raise NotFoundError("this account has no such passkey")
            self._changes.removed(unit, account, session, Factor.WEBAUTHN, query.client)
        return FactorRemoved()

    def begin_assertion(self, query: BeginWebauthnAssertion) -> WebauthnAssertionBegun:
        """What a browser needs to sign with a credential, for ``Reauthenticate`` in this session.

        Raises:
            NotFoundError: The account has no credential.
        """
        with self._store.transaction() as unit:
            session, account = self._identity.require(unit, query.session)
            _, options = self._second_factors.open_challenge(unit, account, session.session_id)
            if options is None:
                raise NotFoundError("this account has no passkey")
        return WebauthnAssertionBegun(options=options)


def _enrolment(unit: AccountUnit, enrolment_id: str, session: Session) -> Challenge:
    """The enrolment that this session began, with one answer used up."""
    challenge = unit.challenges.get(token_hash(enrolment_id))
    if (
        challenge is None
        or challenge.purpose is not ChallengePurpose.WEBAUTHN_ENROLMENT
        or challenge.session_id != session.session_id
        or not unit.challenges.take_try(challenge.token_hash)
    ):
        raise ChallengeEndedError
    return challenge


def _credential(made: NewPasskey, account: Account, label: str, unit: AccountUnit) -> Credential:
    return Credential(
        credential_id=made.credential_id,
        account_id=account.account_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        label=label,
        created_at=unit.now,
        last_used_at=None,
    )
