"""Why auth and keyvault refuse a call: closed sets of codes, without arguments that could carry a secret.

A refused person learns no more than he needs; the reason in full is only in the security events and in the audit.
"""

from __future__ import annotations

from shared.errors import StudiomaticError


class AccessRefusedError(StudiomaticError):
    """Access was refused."""

    code = "access_refused"


class CredentialsInvalidError(AccessRefusedError):
    """E-mail or password is wrong; also said of accounts that do not exist."""

    code = "credentials_invalid"


class SessionInvalidError(AccessRefusedError):
    """The session is unknown or has ended; log in again."""

    code = "session_invalid"


class FreshAuthenticationNeededError(AccessRefusedError):
    """This needs a proof of identity from the last few minutes; authenticate again and repeat it."""

    code = "fresh_authentication_needed"


class NotPermittedError(AccessRefusedError):
    """This account may not do that."""

    code = "not_permitted"


class CodeInvalidError(AccessRefusedError):
    """The second factor did not fit, or was used before."""

    code = "code_invalid"


class ChallengeEndedError(AccessRefusedError):
    """The challenge is unknown, too old or had too many wrong answers; start again with the password."""

    code = "challenge_ended"


class LinkInvalidError(AccessRefusedError):
    """The link is unknown, too old, or was used before; ask for a new one."""

    code = "link_invalid"


class PasswordRefusedError(AccessRefusedError):
    """The password is not accepted; the message says why."""

    code = "password_refused"


class NotOldEnoughError(AccessRefusedError):
    """Accounts are for people of at least 13 years."""

    code = "not_old_enough"


class TooManyAttemptsError(AccessRefusedError):
    """Too many attempts; wait as long as the message says and try again."""

    code = "too_many_attempts"
    retryable = True


class VaultDeniedError(AccessRefusedError):
    """The vault refuses; its audit knows why."""

    code = "denied"


class RateLimitedError(AccessRefusedError):
    """Too many calls in a short time; the message says when the next is possible."""

    code = "rate_limited"
    retryable = True


class RecordCorruptError(AccessRefusedError):
    """The record is damaged or belongs elsewhere; it is set aside. Replace the key."""

    code = "corrupt_or_foreign"


class KeyUnavailableError(AccessRefusedError):
    """The keyring version that sealed this record is not there; the operator must provide it."""

    code = "key_unavailable"


REFUSALS: tuple[type[AccessRefusedError], ...] = (
    AccessRefusedError,
    CredentialsInvalidError,
    SessionInvalidError,
    FreshAuthenticationNeededError,
    NotPermittedError,
    CodeInvalidError,
    ChallengeEndedError,
    LinkInvalidError,
    PasswordRefusedError,
    NotOldEnoughError,
    TooManyAttemptsError,
    VaultDeniedError,
    RateLimitedError,
    RecordCorruptError,
    KeyUnavailableError,
)
