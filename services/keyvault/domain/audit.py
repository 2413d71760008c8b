"""What the audit says: who did what to whose record, under which grant, and how it ended. Never a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What was tried."""

    PUT_KEY = "put_key"
    REPLACE_KEY = "replace_key"
    REMOVE_KEY = "remove_key"
    LIST_KEYS = "list_keys"
    TEST_KEY = "test_key"
    DELIVER_KEY = "deliver_key"
    NEW_TOTP = "new_totp"
    CONFIRM_TOTP = "confirm_totp"
    CHECK_TOTP = "check_totp"
    REMOVE_TOTP = "remove_totp"
    ROTATE_KEYRING = "rotate_keyring"
    REWRAP = "rewrap"
    GET_REWRAP_STATUS = "get_rewrap_status"
    DESTROY_VERSION = "destroy_version"
    VERIFY_AUDIT = "verify_audit"
    SHRED_USER = "shred_user"
    EXPORT_KEY_METADATA = "export_key_metadata"
    QUARANTINE = "quarantine"
    CLOSE_ACCOUNT = "close_account"
    OPEN_ACCOUNT = "open_account"


class AuditOutcome(StrEnum):
    """How it ended."""

    ALLOWED = "allowed"  # it was decided to do it; the row is there before it is done
    DENIED = "denied"
    LIMITED = "limited"  # too many in a short time; once for each window
    FAILED = "failed"  # it was allowed, but could not be done


NOBODY = "-"
"""Subject where no account has a key here: its id is not written down."""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """What a row says.

    Attributes:
        actor: The service that signed the call, or ``keyvault`` itself.
        action, outcome: An `Action` and an `AuditOutcome`; as they are read, whatever stands there.
        subject: Pseudonym of the account; destroyed with its key, so that the row names nobody any more.
        reason: Why it ended so; a word of a closed set.
    """

    actor: str
    action: str
    outcome: str
    subject: str = NOBODY
    record_id: str = ""
    job_id: str = ""
    grant_id: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    """A row with its place in the chain.

    Attributes:
        sequence: From 1, without a gap.
        previous, hash: SHA-256 in hexadecimal; ``previous`` is the hash of the row before.
    """

    sequence: int
    occurred_at: datetime
    entry: AuditEntry
    previous: str
    hash: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether the audit is whole.

    Attributes:
        first_bad: Sequence of the first row that does not fit.
    """

    rows: int = 0
    first_bad: int | None = None
    reason: str = ""

    @property
    def whole(self) -> bool:
        return not self.reason
