"""Accounts: registration, addresses, profile, policies, deletion, and what people are told about them.

Calls that carry a password, a token or a code are sealed from end to end (``Protection.SEALED``): neither the
broker nor who traces it can read them. Who may not know whether an address is registered gets the same answer
either way.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from shared.contracts.message import Fact, Protection, Query, Reply, Value

NAME_MAX_CHARACTERS = 200
EMAIL_MAX_CHARACTERS = 254
"""RFC 5321 section 4.5.3.1, less the brackets of a path."""
PASSWORD_MAX_BYTES = 4_096
"""More than any password that is accepted; what is longer is refused before it is looked at."""
TOKEN_CHARACTERS = 43
"""32 random bytes in URL-safe Base64 without padding."""


def secret_field(max_length: int = TOKEN_CHARACTERS, min_length: int = 1) -> str:
    """A text that no representation of its message shows."""
    field: str = Field(min_length=min_length, max_length=max_length, repr=False)
    return field


class ClientInfo(Value):
    """From where a person comes, as the trusted edge saw it.

    ``user_agent`` is what the program calls itself; only its family is ever stored.
    """

    ip: str = Field(min_length=2, max_length=45, pattern=r"^[0-9A-Fa-f:.]+$", description="IPv4 or IPv6 address")
    user_agent: str = Field(default="", max_length=1_000)
    device: str | None = Field(
        default=None,
        max_length=64,
        description="Token of a device on which this account logged in before",
        repr=False,
    )


class AccountState(StrEnum):
    """Where an account is."""

    UNCONFIRMED = "unconfirmed"  # its address is not; may log in, may not create projects; purged after 7 days
    ACTIVE = "active"
    DISABLED = "disabled"  # by an administrator; no login
    DELETION_REQUESTED = "deletion_requested"  # may only log in to cancel the deletion


class Role(StrEnum):
    """What a person may do beyond his own account."""

    USER = "user"
    ADMINISTRATOR = "administrator"


class SealedQuery(Query):
    """A call that only its service can read, and whose answer only its caller can read."""

    protection = Protection.SEALED
    anonymous = True


class SessionQuery(SealedQuery):
    """A call of somebody who is logged in; the session says who, whatever the envelope says.

    Raises (all of them): SessionInvalidError; FreshAuthenticationNeededError where the call says so.
    """

    session: str = secret_field()


# Registration and addresses


class RegisterAccount(SealedQuery):
    """Open an account. The answer is the same for an address that has one; its owner gets a mail instead."""

    type = "auth.register_account.v1"
    name: str = Field(min_length=1, max_length=NAME_MAX_CHARACTERS)
    email: str = Field(min_length=3, max_length=EMAIL_MAX_CHARACTERS)
    password: str = secret_field(PASSWORD_MAX_BYTES)
    birth_date: date = Field(description="Only whether it is long enough ago is kept", repr=False)
    company: str | None = Field(default=None, max_length=NAME_MAX_CHARACTERS)
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")
    language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}$", description="ISO 639")
    accepts_policy: str | None = Field(default=None, max_length=64, description="Version that was shown")
    client: ClientInfo


class RequestAccepted(Reply):
    """It will be dealt with; says no more, so that nobody learns who has an account."""

    type = "auth.request_accepted.v1"


class ConfirmAddress(SealedQuery):
    """Follow the link of a confirmation mail: of a new account, or of a new address."""

    type = "auth.confirm_address.v1"
    link: str = secret_field()
    client: ClientInfo


class ResendConfirmation(SealedQuery):
    """Send the confirmation mail again; earlier links end."""

    type = "auth.resend_confirmation.v1"
    email: str = Field(min_length=3, max_length=EMAIL_MAX_CHARACTERS)
    client: ClientInfo


class ChangeAddress(SessionQuery):
    """Ask for another e-mail address; both addresses are told. Needs fresh authentication."""

    type = "auth.change_address.v1"
    email: str = Field(min_length=3, max_length=EMAIL_MAX_CHARACTERS)
    client: ClientInfo


class RevertAddressChange(SealedQuery):
    """Follow the link in the mail to the old address: it is the address again, and all sessions end."""

    type = "auth.revert_address_change.v1"
    link: str = secret_field()
    client: ClientInfo


# Profile


class GetAccount(SessionQuery):
    """Read one's own account."""

    type = "auth.get_account.v1"


class UpdateProfile(SessionQuery):
    """Correct profile data; what is not named stays, and what is named in ``cleared`` becomes empty."""

    type = "auth.update_profile.v1"
    name: str | None = Field(default=None, min_length=1, max_length=NAME_MAX_CHARACTERS)
    company: str | None = Field(default=None, min_length=1, max_length=NAME_MAX_CHARACTERS)
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}$")
    cleared: tuple[str, ...] = Field(default=(), max_length=3, description="Of company, country, language")


class AccountView(Reply):
    """An account as its owner sees it."""

    type = "auth.account_view.v1"
    account_id: str
    state: AccountState
    role: Role
    name: str
    email: str
    new_email: str | None = Field(default=None, description="Asked for, and not confirmed yet")
    company: str | None = None
    country: str | None = None
    language: str | None = None
    created_at: datetime
    second_factors: tuple[str, ...] = Field(default=(), description="Of totp, webauthn")
    second_factor_advised: bool = Field(description="Show the banner: no second factor is set up")
    policy_to_acknowledge: str | None = Field(default=None, description="Version of a changed policy not yet seen")


# Policies


class PublishPolicy(SessionQuery):
    """Keep a new version of the policy; a material one is mailed to every active account. Administrators only."""

    type = "auth.publish_policy.v1"
    policy_version: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")
    text: str = Field(min_length=1, max_length=100_000)
    effective_on: date
    material: bool


class GetPolicy(SealedQuery):
    """Read a version of the policy, the newest by default."""

    type = "auth.get_policy.v1"
    policy_version: str | None = Field(default=None, max_length=64)


class PolicyView(Reply):
    """A version of the policy."""

    type = "auth.policy_view.v1"
    policy_version: str
    text: str
    sha256: str
    effective_on: date
    material: bool
    published_at: datetime


class AcceptPolicy(SessionQuery):
    """Acknowledge a version of the policy."""

    type = "auth.accept_policy.v1"
    policy_version: str = Field(min_length=1, max_length=64)


# Deletion


class RequestDeletion(SessionQuery):
    """Ask for deletion; all sessions end, and only cancelling is possible. Needs fresh authentication."""

    type = "auth.request_deletion.v1"
    client: ClientInfo


class CancelDeletion(SessionQuery):
    """Keep the account after all; the session of a login during the deletion may do this and nothing else."""

    type = "auth.cancel_deletion.v1"
    client: ClientInfo


# Administration


class MakeFirstAdministrator(SealedQuery):
    """Make an account with a confirmed address an administrator, with the token that was printed once."""

    type = "auth.make_first_administrator.v1"
    token: str = secret_field()
    email: str = Field(min_length=3, max_length=EMAIL_MAX_CHARACTERS)


class DisableAccount(SessionQuery):
    """Refuse an account every login, and end its sessions. Administrators only; needs fresh authentication."""

    type = "auth.disable_account.v1"
    email: str = Field(min_length=3, max_length=EMAIL_MAX_CHARACTERS)


class EnableAccount(SessionQuery):
    """Allow a disabled account logins again. Administrators only; needs fresh authentication."""

    type = "auth.enable_account.v1"
    email: str = Field(min_length=3, max_length=EMAIL_MAX_CHARACTERS)


# Usage, exactly as the privacy policy lists it


class RecordUsage(SessionQuery):
    """Note that a page was opened; stored are address, kind of browser, page and time."""

    type = "auth.record_usage.v1"
    page: str = Field(min_length=1, max_length=200, pattern=r"^/[^?#]*$", description="Path without query")
    client: ClientInfo


# Facts


class AccountFact(Fact):
    """What every fact of an account names; the account is also in the envelope."""

    protection = Protection.SIGNED
    account_id: str


class AccountRegistered(AccountFact):
    """An account was opened; its address is not confirmed yet."""

    type = "account.registered.v1"


class AccountConfirmed(AccountFact):
    """The address of an account was confirmed; it may create projects."""

    type = "account.confirmed.v1"


class AccountUpdated(AccountFact):
    """Profile or address changed; ask auth for the new values."""

    type = "account.updated.v1"
    changed: tuple[str, ...]


class AccountDisabled(AccountFact):
    """An administrator disabled an account; nothing may be done in its name."""

    type = "account.disabled.v1"


class AccountEnabled(AccountFact):
    """An administrator enabled an account again."""

    type = "account.enabled.v1"


class AccountDeletionRequested(AccountFact):
    """Its owner wants an account deleted; nothing may be done in its name from now on."""

    type = "account.deletion_requested.v1"
    requested_at: datetime


class AccountDeletionCancelled(AccountFact):
    """The owner wants to keep the account after all."""

    type = "account.deletion_cancelled.v1"


class AccountPurged(AccountFact):
    """An account whose address was never confirmed is gone."""

    type = "account.purged.v1"


class SessionRevoked(AccountFact):
    """A session ended before its time; whoever remembers it forgets it."""

    type = "session.revoked.v1"
    session_id: str
    by_logout: bool = Field(default=False, description="Its owner left; the jobs that he started in it go on")


ACCOUNT_FACTS: tuple[type[AccountFact], ...] = (
    AccountRegistered,
    AccountConfirmed,
    AccountUpdated,
    AccountDisabled,
    AccountEnabled,
    AccountDeletionRequested,
    AccountDeletionCancelled,
    AccountPurged,
    SessionRevoked,
)
