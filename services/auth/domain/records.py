"""What auth knows, as its use cases see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.contracts.accounts import AccountState, Role
from shared.contracts.sessions import Assurance


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account.

    Attributes:
        email: As its owner wrote it.
        address_key: One for all spellings of the address; unique.
        new_email: Asked for instead, and not confirmed yet; with its key.
        factors_removed_at: When lost second factors will be taken off, if nobody objects.
    """

    account_id: str
    state: AccountState
    role: Role
    name: str
    email: str
    address_key: str
    new_email: str | None = None
    new_address_key: str | None = None
    company: str | None
    country: str | None
    language: str | None
    created_at: datetime
    confirmed_at: datetime | None
    deletion_requested_at: datetime | None
    factors_removed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session that was found by its token.

    Attributes:
        authenticated_at: The last full proof of identity.
    """

    session_id: str
    account_id: str
    token_hash: str = field(repr=False)
    assurance: Assurance
    ip: str
    browser: str
    opened_at: datetime
    authenticated_at: datetime
    last_used_at: datetime
    expires_at: datetime


class LinkPurpose(StrEnum):
    """What a link in a mail is for."""

    CONFIRM_ADDRESS = "confirm_address"
    CONFIRM_NEW_ADDRESS = "confirm_new_address"
    REVERT_ADDRESS_CHANGE = "revert_address_change"
    RESET_PASSWORD = "reset_password"  # noqa: S105  # no password
    CANCEL_FACTOR_REMOVAL = "cancel_factor_removal"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link that was just used up."""

    account_id: str
    purpose: LinkPurpose
    email: str
    issued_at: datetime


class Template(StrEnum):
    """Every letter there is; all are about the account itself, none is advertising."""

    CONFIRM_ADDRESS = "confirm_address"
    ADDRESS_ALREADY_REGISTERED = "address_already_registered"
    CONFIRM_NEW_ADDRESS = "confirm_new_address"
    ADDRESS_CHANGE_REQUESTED = "address_change_requested"  # to the old address, with the link back
    RESET_PASSWORD = "reset_password"  # noqa: S105  # no password
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # no password
    NEW_DEVICE = "new_device"
    MANY_FAILURES = "many_failures"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    FACTOR_REMOVAL_REQUESTED = "factor_removal_requested"
    DELETION_REQUESTED = "deletion_requested"
    DELETION_CANCELLED = "deletion_cancelled"
    ACCOUNT_DISABLED = "account_disabled"
    POLICY_CHANGED = "policy_changed"


class SecurityEvent(StrEnum):
    """What is kept of an account's security for 90 days, for its owner to see."""

    REGISTERED = "registered"
    ADDRESS_CONFIRMED = "address_confirmed"
    ADDRESS_CHANGE_REQUESTED = "address_change_requested"
    ADDRESS_CHANGED = "address_changed"
    ADDRESS_REVERTED = "address_reverted"
    LOGIN = "login"
    CHALLENGE = "challenge"
    REAUTHENTICATED = "reauthenticated"
    LOGOUT = "logout"
    SESSION_REVOKED = "session_revoked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # no password
    PASSWORD_RESET_REQUESTED = "password_reset_requested"  # noqa: S105  # no password
    PASSWORD_RESET = "password_reset"  # noqa: S105  # no password
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    FACTOR_REMOVAL_REQUESTED = "factor_removal_requested"
    FACTOR_REMOVAL_CANCELLED = "factor_removal_cancelled"
    TICKET_ISSUED = "ticket_issued"
    JOB_TOKEN_ISSUED = "job_token_issued"  # noqa: S105  # no password
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    DELETION_REQUESTED = "deletion_requested"
    DELETION_CANCELLED = "deletion_cancelled"
    MADE_ADMINISTRATOR = "made_administrator"


class Outcome(StrEnum):
    """How it went."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    THROTTLED = "throttled"
