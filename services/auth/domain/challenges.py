"""Challenges: what somebody who gave the right password, or is logged in, has still to answer.

A challenge lives five minutes and takes five answers; then it is the password's turn again (ASVS 5.0 6.6.3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

CHALLENGE_LIFE = timedelta(minutes=5)
CHALLENGE_TRIES = 5


class ChallengePurpose(StrEnum):
    """What passing a challenge leads to; it is good for nothing else."""

    LOGIN = "login"
    WEBAUTHN_ENROLMENT = "webauthn_enrolment"
    WEBAUTHN_ASSERTION = "webauthn_assertion"  # in a session that authenticates anew


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """A challenge that was found by its token and can still be answered.

    Attributes:
        session_id: The only session in which it may be answered; None for a login.
        webauthn_challenge: What a passkey has to sign, Base64url; None where no passkey can answer.
    """

    token_hash: str = field(repr=False)
    account_id: str
    purpose: ChallengePurpose
    session_id: str | None
    webauthn_challenge: str | None = field(repr=False)
    tries: int
    expires_at: datetime
