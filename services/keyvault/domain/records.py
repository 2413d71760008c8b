"""What the vault keeps, as its use cases see it: user keys, and the records that are sealed under them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from shared.contracts.vault import KeyStatus

NO_PROVIDER = "totp"
"""Stands in the place of a provider in records of second-factor seeds."""


class Kind(IntEnum):
    """What is in a sealed record; the byte after its suite."""

    PROVIDER_KEY = 1
    TOTP_SEED = 2
    CONTENT_KEY = 3  # of stored objects
    USER_KEY = 4  # wrapped by the keyring


class RecordPurpose(StrEnum):
    """What a record may be used for; sealed into it, so that nobody turns one into another."""

    PROVIDER_KEY = "provider_key"
    TOTP = "totp"
    TOTP_PENDING = "totp_pending"  # no code was right yet


KIND_OF = {
    RecordPurpose.PROVIDER_KEY: Kind.PROVIDER_KEY,
    RecordPurpose.TOTP: Kind.TOTP_SEED,
    RecordPurpose.TOTP_PENDING: Kind.TOTP_SEED,
}


@dataclass(frozen=True, kw_only=True)
class Binding:
    """What a sealed record is bound to: it opens for nobody and nothing else."""

    account_id: str
    record_id: str
    provider: str
    purpose: str


@dataclass(frozen=True, kw_only=True)
class UserKey:
    """The wrapped key of one account; without it nothing of the account can be read.

    Attributes:
        version: From 1; a compromised key is followed by the next.
        keyring_version: What wraps it.
        pseudonym: How the audit names the account; the same for all versions, destroyed with them.
    """

    account_id: str
    version: int
    wrapped: bytes = field(repr=False)
    keyring_version: int
    pseudonym: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Record:
    """One sealed secret.

    Attributes:
        last4: Last characters of a key that is long enough; all that is ever shown.
        quarantined: It did not open; it is not tried again.
        last_step: Newest time step whose code was used (seeds).
        expires_at: When a pending seed is forgotten.
    """

    record_id: str
    account_id: str
    provider: str
    purpose: RecordPurpose
    label: str
    last4: str
    user_key_version: int
    sealed: bytes = field(repr=False)
    status: KeyStatus
    quarantined: bool
    last_step: int | None
    created_at: datetime
    replaced_at: datetime | None
    last_used_at: datetime | None
    expires_at: datetime | None

    @property
    def binding(self) -> Binding:
        """What it must have been sealed for."""
        return Binding(
            account_id=self.account_id,
            record_id=self.record_id,
            provider=self.provider,
            purpose=self.purpose,
        )
