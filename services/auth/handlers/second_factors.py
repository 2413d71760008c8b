"""Second factors at a login and at an authentication anew: which there are, what is asked, whether it is right."""

from __future__ import annotations

from services.auth.domain.challenges import Challenge
from services.auth.domain.records import Account
from services.auth.handlers.factor_ports import FactorUnit
from shared.contracts.accounts import ClientInfo
from shared.contracts.sessions import Factor


class SecondFactors:
    """What login and ``Reauthenticate`` need to know of second factors."""

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
        raise NotImplementedError

    def challenged(self, unit: FactorUnit, token: str) -> Challenge:
        """The login that a challenge token belongs to.

        Raises:
            ChallengeEndedError: Unknown, expired or answered wrongly too often.
        """
        raise NotImplementedError

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
            TooManyAttemptsError: Wait.
            InfrastructureError: Keyvault is away; nothing was counted, the same answer may be given again.
        """
        raise NotImplementedError
