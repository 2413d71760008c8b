"""Second factors: time-based codes, passkeys and recovery codes; tickets and job tokens."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.contracts.accounts import ClientInfo, SealedQuery, SessionQuery, secret_field
from shared.contracts.message import Reply, Value
from shared.contracts.sessions import CODE_MAX_CHARACTERS, WEBAUTHN_MAX_CHARACTERS
from shared.contracts.text import Line

RECOVERY_CODES = 10


class BeginTotp(SessionQuery):
    """Start to set up time-based codes (RFC 6238). Needs fresh authentication. An earlier pending seed ends."""

    type = "auth.begin_totp.v1"
    reply_key: str = Field(
        min_length=43,
        max_length=44,
        description="One-time X25519 public key, Base64: keyvault seals the seed to it, auth never reads it",
    )


class TotpBegun(Reply):
    """A seed waits for its first code; shown once, and gone after ten minutes."""

    type = "auth.totp_begun.v1"
    enrolment_id: str = Field(description="Of the seed, to which its box is bound, too")
    sealed_seed: str = Field(repr=False, description="Base64; opens to the 20 bytes of the seed")
    issuer: str
    account_label: str
    expires_at: datetime


class EnableTotp(SessionQuery):
    """Finish setting up time-based codes with a valid code."""

    type = "auth.enable_totp.v1"
    enrolment_id: str = Field(min_length=1, max_length=64)
    code: str = secret_field(CODE_MAX_CHARACTERS)
    client: ClientInfo


class FactorEnabled(Reply):
    """A second factor is set up. The first one comes with recovery codes, shown once."""

    type = "auth.factor_enabled.v1"
    recovery_codes: tuple[str, ...] = Field(default=(), repr=False)


class DisableTotp(SessionQuery):
    """Give up time-based codes. Needs fresh authentication."""

    type = "auth.disable_totp.v1"
    client: ClientInfo


class FactorRemoved(Reply):
    """A second factor is gone; with the last one the recovery codes, too."""

    type = "auth.factor_removed.v1"


class RegenerateRecoveryCodes(SessionQuery):
    """Make ten new recovery codes; the old ones are dead. Needs fresh authentication."""

    type = "auth.regenerate_recovery_codes.v1"
    client: ClientInfo


class RecoveryCodes(Reply):
    """Recovery codes, shown once."""

    type = "auth.recovery_codes.v1"
    codes: tuple[str, ...] = Field(repr=False)


class BeginWebauthn(SessionQuery):
    """Start to register a passkey or security key (WebAuthn level 3). Needs fresh authentication."""

    type = "auth.begin_webauthn.v1"


class WebauthnBegun(Reply):
    """What a browser needs to make a credential; lives five minutes."""

    type = "auth.webauthn_begun.v1"
    enrolment_id: str
    options: str = Field(description="JSON for navigator.credentials.create")


class EnableWebauthn(SessionQuery):
    """Finish registering a passkey or security key."""

    type = "auth.enable_webauthn.v1"
    enrolment_id: str = Field(min_length=1, max_length=64)
    credential: str = Field(max_length=WEBAUTHN_MAX_CHARACTERS, description="JSON of the browser", repr=False)
    label: Line = Field(default="", max_length=100)
    client: ClientInfo


class WebauthnCredential(Value):
    """A registered passkey or security key."""

    credential_id: str
    label: str
    created_at: datetime
    last_used_at: datetime | None


class ListFactors(SessionQuery):
    """Read which second factors are set up."""

    type = "auth.list_factors.v1"


class FactorList(Reply):
    """The second factors of an account."""

    type = "auth.factor_list.v1"
    totp: bool
    webauthn: tuple[WebauthnCredential, ...]
    recovery_codes_left: int = Field(ge=0)


class RemoveWebauthn(SessionQuery):
    """Give up a passkey or security key. Needs fresh authentication."""

    type = "auth.remove_webauthn.v1"
    credential_id: str = Field(min_length=1, max_length=2_000)
    client: ClientInfo


class BeginWebauthnAssertion(SessionQuery):
    """Ask for a challenge that a passkey can answer in `Reauthenticate`."""

    type = "auth.begin_webauthn_assertion.v1"


class WebauthnAssertionBegun(Reply):
    """What a browser needs to sign with a credential; lives five minutes, for this session."""

    type = "auth.webauthn_assertion_begun.v1"
    options: str


class RequestFactorRemoval(SealedQuery):
    """The second factor is lost, and so are the recovery codes: ask for its removal with the challenge of a login.

    Takes effect after 72 hours, during which every mail lets the owner stop it; any login that passes a second
    factor stops it, too.
    """

    type = "auth.request_factor_removal.v1"
    challenge: str = secret_field()
    client: ClientInfo


class CancelFactorRemoval(SealedQuery):
    """Follow the link that stops the removal of the second factors."""

    type = "auth.cancel_factor_removal.v1"
    link: str = secret_field()
    client: ClientInfo


# Tickets and job tokens


class Purpose(StrEnum):
    """What a ticket is for; it is good for nothing else."""

    VAULT_WRITE = "vault_write"  # add, replace and remove one's own provider keys
    VAULT_ADMINISTER = "vault_administer"  # rotate, watch the rewrap, verify the audit; administrators only


class IssueTicket(SessionQuery):
    """Ask for a short proof that this person may do something at another service. Needs fresh authentication."""

    type = "auth.issue_ticket.v1"
    purpose: Purpose


class TicketIssued(Reply):
    """A signed ticket; lives five minutes."""

    type = "auth.ticket_issued.v1"
    ticket: str = Field(repr=False)
    expires_at: datetime


class IssueJobToken(SessionQuery):
    """Ask for the token with which one job may use the account's own provider keys."""

    type = "auth.issue_job_token.v1"
    job_id: str = Field(min_length=1, max_length=64)
    providers: tuple[str, ...] = Field(min_length=1, max_length=20)


class JobTokenIssued(Reply):
    """A signed job token; lives at most a day."""

    type = "auth.job_token_issued.v1"
    job_token: str = Field(repr=False)
    expires_at: datetime
