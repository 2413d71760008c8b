"""Second factors as auth knows them: never a seed, never a private key, never a recovery code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

TOTP_ENROLMENT_LIFE = timedelta(minutes=10)
REMOVAL_DELAY = timedelta(hours=72)
"""How long the owner of an account has to stop a stranger who wants its second factors off."""
CREDENTIALS_MAX = 20

_TOTP_CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A passkey or security key.

    Attributes:
        credential_id: Base64url, of at most 1023 bytes.
        public_key: COSE, Base64url.
        sign_count: How often it says that it was used; 0 of those that do not count.
    """

    credential_id: str
    account_id: str
    public_key: str = field(repr=False)
    sign_count: int
    label: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class TotpEnrolment:
    """A seed that waits for its first code."""

    enrolment_id: str
    account_id: str
    record_id: str
    expires_at: datetime


def totp_digits(written: str) -> str | None:
    """The six digits of a code, which some programs show in two groups; None when it is no code."""
    digits = "".join(written.split())
    return digits if _TOTP_CODE.fullmatch(digits) else None
