"""Sessions: login with one or two factors, what keeps a session, and what it may do.

A session is an opaque token of 256 bits; only its hash is stored (ASVS 5.0 7.2.3). What needs fresh authentication
answers ``fresh_authentication_needed`` and is tried again after ``Reauthenticate``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.contracts.accounts import (
    EMAIL_MAX_CHARACTERS,
    PASSWORD_MAX_BYTES,
    AccountState,
    ClientInfo,
    Role,
    SealedQuery,
    SessionQuery,
    secret_field,
)
from shared.contracts.message import Reply, Value

WEBAUTHN_MAX_CHARACTERS = 20_000
CODE_MAX_CHARACTERS = 64


class Assurance(StrEnum):
    """How well a session knows who it is (NIST SP 800-63B-4)."""

    AAL1 = "aal1"  # one factor
    AAL2 = "aal2"  # two factors


class Factor(StrEnum):
    """A second factor."""

    TOTP = "totp"
    WEBAUTHN = "webauthn"
    RECOVERY_CODE = "recovery_code"


class LogIn(SealedQuery):
    """Log in with the password; a second factor is asked for where one is set up."""

    type = "auth.log_in.v1"
    email: str = Field(min_length=1, max_length=EMAIL_MAX_CHARACTERS)
    password: str = secret_field(PASSWORD_MAX_BYTES)
    client: ClientInfo


class LoginAnswer(Reply):
    """Either a session, or a challenge for a second factor."""

    type = "auth.login_answer.v1"
    session: SessionOpened | None = None
    challenge: str | None = Field(default=None, description="For `PassChallenge`; lives five minutes", repr=False)
    factors: tuple[Factor, ...] = Field(default=(), description="Any one of them passes the challenge")
    webauthn_options: str | None = Field(default=None, description="JSON for navigator.credentials.get")


class SessionOpened(Value):
    """A new session; its token is shown once."""

    token: str = Field(repr=False)
    session_id: str
    account_id: str
    assurance: Assurance
    state: AccountState
    idle_until: datetime
    expires_at: datetime
    device: str | None = Field(
        default=None, description="Send it as `ClientInfo.device` at the next login", repr=False
    )
    password_must_change: bool = Field(default=False, description="It was found in a breach")


class PassChallenge(SealedQuery):
    """Answer the challenge of a login with exactly one factor."""

    type = "auth.pass_challenge.v1"
    challenge: str = secret_field()
    totp: str | None = Field(default=None, max_length=CODE_MAX_CHARACTERS, repr=False)
    recovery_code: str | None = Field(default=None, max_length=CODE_MAX_CHARACTERS, repr=False)
    webauthn: str | None = Field(default=None, max_length=WEBAUTHN_MAX_CHARACTERS, repr=False)
    client: ClientInfo


class Reauthenticate(SessionQuery):
    """Prove again who one is: with the password, and a second factor where one is set up.

    With a second factor set up, exactly one of ``totp``, ``recovery_code`` and ``webauthn`` is needed, too.
    The session gets a new token.
    """

    type = "auth.reauthenticate.v1"
    password: str = secret_field(PASSWORD_MAX_BYTES)
    totp: str | None = Field(default=None, max_length=CODE_MAX_CHARACTERS, repr=False)
    recovery_code: str | None = Field(default=None, max_length=CODE_MAX_CHARACTERS, repr=False)
    webauthn: str | None = Field(default=None, max_length=WEBAUTHN_MAX_CHARACTERS, repr=False)
    client: ClientInfo


class CheckSession(SessionQuery):
    """Ask whether a session lives, and whose it is; keeps it from idling out. For edges, with every request."""

    type = "auth.check_session.v1"
    client: ClientInfo


class SessionChecked(Reply):
    """The session lives."""

    type = "auth.session_checked.v1"
    account_id: str
    session_id: str
    assurance: Assurance
    state: AccountState
    role: Role
    fresh_until: datetime | None = Field(default=None, description="Until when sensitive actions are possible")
    idle_until: datetime
    expires_at: datetime


class LogOut(SessionQuery):
    """End a session; ending one that has ended changes nothing."""

    type = "auth.log_out.v1"


class LoggedOut(Reply):
    """The session has ended."""

    type = "auth.logged_out.v1"


class ListSessions(SessionQuery):
    """Read one's own sessions."""

    type = "auth.list_sessions.v1"


class SessionSummary(Value):
    """A session as its owner sees it."""

    session_id: str
    current: bool
    assurance: Assurance
    browser: str
    ip: str
    opened_at: datetime
    last_used_at: datetime
    expires_at: datetime


class SessionList(Reply):
    """Sessions that live, the newest first."""

    type = "auth.session_list.v1"
    sessions: tuple[SessionSummary, ...]


class RevokeSession(SessionQuery):
    """End one of one's own sessions, or all but this one."""

    type = "auth.revoke_session.v1"
    session_id: str | None = Field(default=None, max_length=64, description="Null: all others")


class RevokeAllSessions(SessionQuery):
    """End all sessions of an account. Administrators only; needs fresh authentication."""

    type = "auth.revoke_all_sessions.v1"
    email: str = Field(min_length=1, max_length=EMAIL_MAX_CHARACTERS)


# Passwords


class ChangePassword(SessionQuery):
    """Set another password; needs the current one. The session gets a new token, the others end unless kept."""

    type = "auth.change_password.v1"
    current_password: str = secret_field(PASSWORD_MAX_BYTES)
    new_password: str = secret_field(PASSWORD_MAX_BYTES)
    keep_other_sessions: bool = False
    client: ClientInfo


class SessionRenewed(Reply):
    """The session goes on under a new token; the old one is dead."""

    type = "auth.session_renewed.v1"
    session: SessionOpened


class RequestPasswordReset(SealedQuery):
    """Ask for a link to set another password; the answer is the same for an address without account."""

    type = "auth.request_password_reset.v1"
    email: str = Field(min_length=1, max_length=EMAIL_MAX_CHARACTERS)
    client: ClientInfo


class ResetPassword(SealedQuery):
    """Set another password with the link of a mail. Ends all sessions; login still asks for a second factor."""

    type = "auth.reset_password.v1"
    link: str = secret_field()
    new_password: str = secret_field(PASSWORD_MAX_BYTES)
    client: ClientInfo


class JudgePassword(SealedQuery):
    """Ask how good a password would be, before it is set."""

    type = "auth.judge_password.v1"
    password: str = secret_field(PASSWORD_MAX_BYTES)
    name: str = Field(default="", max_length=200)
    email: str = Field(default="", max_length=EMAIL_MAX_CHARACTERS)


class PasswordJudged(Reply):
    """How good a password is."""

    type = "auth.password_judged.v1"
    acceptable: bool
    reason: str = Field(default="", description="Why not, in words for a person")
    strength: int = Field(ge=0, le=4, description="zxcvbn's score")


# Security events


class ListSecurityEvents(SessionQuery):
    """Read what happened to one's own account, the newest first."""

    type = "auth.list_security_events.v1"
    limit: int = Field(default=50, ge=1, le=500)


class SecurityEventView(Value):
    """Something that happened to an account."""

    kind: str
    outcome: str
    ip: str
    browser: str
    occurred_at: datetime


class SecurityEventList(Reply):
    """What happened, the newest first; kept for 90 days."""

    type = "auth.security_event_list.v1"
    events: tuple[SecurityEventView, ...]


LoginAnswer.model_rebuild()
