"""The vault: a person's own provider keys, second-factor seeds, and who may have a key delivered.

Secrets cross the bus only sealed to the one who needs them: a new key to keyvault, a delivered key to the worker's
one-time key. Nobody can read a key back; the last four characters are all that is ever shown.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.contracts.message import Fact, Protection, Query, Reply, Value
from shared.contracts.text import Line

SECRET_MAX_BYTES = 4_096
RECORDS_MAX = 50
"""Most keys of one account."""
SEALED_MAX_CHARACTERS = 8_192
TICKET_MAX_CHARACTERS = 4_096
PLATFORM_ACCOUNT = "platform"
"""Reserved account of the keys that the operator provides."""


def sealed_field(description: str) -> str:
    """Base64 of an HPKE message (RFC 9180)."""
    field: str = Field(min_length=64, max_length=SEALED_MAX_CHARACTERS, repr=False, description=description)
    return field


class Provider(StrEnum):
    """Whose key it is; the host it may be sent to is fixed by this."""

    MINIMAX = "minimax"
    ZAI = "zai"
    ELEVENLABS = "elevenlabs"
    OPENAI = "openai"
    OPENAI_COMPATIBLE = "openai_compatible"


class KeyStatus(StrEnum):
    """What is known about a key."""

    NOT_CHECKED = "not_checked"
    VALID = "valid"
    INVALID = "invalid"  # the provider refuses it
    UNREADABLE = "unreadable"  # its record is damaged or its keyring version is gone


class VaultQuery(Query):
    """A call of a person about his own keys."""

    protection = Protection.SEALED


class TicketQuery(VaultQuery):
    """A call that needs auth's ticket; the ticket says who, and must fit the envelope's account."""

    ticket: str = Field(min_length=1, max_length=TICKET_MAX_CHARACTERS, repr=False)


class PutKey(TicketQuery):
    """Keep a provider key."""

    type = "keyvault.put_key.v1"
    provider: Provider
    label: Line = Field(default="", max_length=100)
    sealed_secret: str = sealed_field(
        "The key of 1 to 4096 bytes, sealed to keyvault, bound to account and provider"
    )


class ReplaceKey(TicketQuery):
    """Put another secret in the place of one, under the same id."""

    type = "keyvault.replace_key.v1"
    record_id: str = Field(min_length=1, max_length=64)
    sealed_secret: str = sealed_field("As in PutKey")


class RemoveKey(TicketQuery):
    """Forget a key."""

    type = "keyvault.remove_key.v1"
    record_id: str = Field(min_length=1, max_length=64)


class ListKeys(VaultQuery):
    """Read which keys the account has; never a secret."""

    type = "keyvault.list_keys.v1"
    ticket: str = Field(
        default="",
        max_length=TICKET_MAX_CHARACTERS,
        repr=False,
        description="Of an administrator, for the keys of the platform; else none is needed",
    )


class TestKey(TicketQuery):
    """Ask the provider whether it accepts a key."""

    type = "keyvault.test_key.v1"
    record_id: str = Field(min_length=1, max_length=64)


class KeySummary(Value):
    """A key without its secret."""

    record_id: str
    provider: Provider
    label: str
    last4: str = Field(description="Of keys of at least 12 characters; else empty")
    created_at: datetime
    replaced_at: datetime | None = None
    last_used_at: datetime | None = None
    status: KeyStatus


class KeyView(Reply):
    """A key without its secret."""

    type = "keyvault.key_view.v1"
    key: KeySummary


class KeyRemoved(Reply):
    """The key is forgotten; removing one that is gone changes nothing."""

    type = "keyvault.key_removed.v1"
    record_id: str


class KeyList(Reply):
    """The keys of an account, the newest first."""

    type = "keyvault.key_list.v1"
    keys: tuple[KeySummary, ...]


# Delivery to a worker


class DeliverKey(Query):
    """Have a key delivered for one call to its provider; the signer must be the actor that the grant names."""

    type = "keyvault.deliver_key.v1"
    protection = Protection.SIGNED
    request_id: str = Field(min_length=32, max_length=32, pattern=r"^[0-9a-f]{32}$")
    grant: str = Field(min_length=1, max_length=TICKET_MAX_CHARACTERS, repr=False)
    record_id: str | None = Field(default=None, max_length=64, description="Null: the newest of that provider")
    provider: Provider
    reply_key: str = Field(min_length=43, max_length=44, description="One-time X25519 public key, Base64")
    requested_at: datetime


class KeyDelivered(Reply):
    """The key, sealed to the one-time key of exactly this request."""

    type = "keyvault.key_delivered.v1"
    protection = Protection.SIGNED
    request_id: str
    record_id: str
    sealed_secret: str = sealed_field("HPKE base mode; info binds the request's digest and the record")


# Second factors, for auth


class FactorQuery(Query):
    """A call of auth about a second factor."""

    protection = Protection.SEALED


class NewTotp(FactorQuery):
    """Make a seed of 160 bits and seal it to a one-time key; it counts once ``ConfirmTotp`` had a valid code."""

    type = "keyvault.new_totp.v1"
    reply_key: str = Field(min_length=43, max_length=44)


class TotpMade(Reply):
    """A seed that waits for its first code."""

    type = "keyvault.totp_made.v1"
    record_id: str
    sealed_seed: str = sealed_field("20 bytes")
    expires_at: datetime


class ConfirmTotp(FactorQuery):
    """Check the first code of a seed and make it the account's; an earlier one is forgotten."""

    type = "keyvault.confirm_totp.v1"
    record_id: str = Field(min_length=1, max_length=64)
    code: str = Field(max_length=16, repr=False)


class CheckTotp(FactorQuery):
    """Check a code of the account's seed; each time step is good once (RFC 6238 section 5.2)."""

    type = "keyvault.check_totp.v1"
    code: str = Field(max_length=16, repr=False)


class TotpChecked(Reply):
    """Whether the code was right, and used for the first time."""

    type = "keyvault.totp_checked.v1"
    valid: bool


class RemoveTotp(FactorQuery):
    """Forget the account's seed; forgetting none changes nothing."""

    type = "keyvault.remove_totp.v1"


class TotpRemoved(Reply):
    """The account has no seed."""

    type = "keyvault.totp_removed.v1"


# Operation


class RotateKeyring(TicketQuery):
    """Use the keyring's newest version for all that is sealed from now on, and rewrap every user key to it."""

    type = "keyvault.rotate_keyring.v1"
    account_id: str | None = Field(
        default=None,
        max_length=64,
        description="Instead make a new key for this account, whose own may be known, and seal its records anew",
    )


class GetRewrapStatus(TicketQuery):
    """Read how far the rewrap is."""

    type = "keyvault.get_rewrap_status.v1"


class RewrapStatus(Reply):
    """How many user keys each version of the keyring still wraps."""

    type = "keyvault.rewrap_status.v1"
    current_version: int
    user_keys: dict[int, int] = Field(description="Keyring version to user keys under it")
    running: bool
    destroyable: tuple[int, ...] = Field(default=(), description="Versions that nothing uses any more")


class VerifyAudit(TicketQuery):
    """Compute the whole chain anew, and compare it with the heads that others keep."""

    type = "keyvault.verify_audit.v1"
    heads: tuple[AuditHead, ...] = Field(default=(), max_length=1_000, description="As kept by gdpr")


class AuditHead(Value):
    """The end of the audit chain at one moment, signed by keyvault."""

    sequence: int = Field(ge=1)
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    signed_at: datetime
    kid: str
    signature: str


class AuditVerified(Reply):
    """Whether the audit is whole."""

    type = "keyvault.audit_verified.v1"
    rows: int
    whole: bool
    first_bad: int | None = Field(default=None, description="Sequence of the first row that does not fit")
    reason: str = ""


class ShredUser(Query):
    """Destroy the key of an account: everything sealed under it is unreadable for ever. For gdpr."""

    type = "keyvault.shred_user.v1"
    protection = Protection.SIGNED


class UserShredded(Reply):
    """The account's key is destroyed; destroying none changes nothing."""

    type = "keyvault.user_shredded.v1"
    protection = Protection.SIGNED
    records: int = Field(ge=0)


class ExportKeyMetadata(Query):
    """Read what an access request shows of the account's keys; no secrets. For gdpr."""

    type = "keyvault.export_key_metadata.v1"
    protection = Protection.SEALED


class ListAuditHeads(Query):
    """Read the heads of the vault's audit that gdpr keeps, the newest first."""

    type = "gdpr.list_audit_heads.v1"
    protection = Protection.SIGNED
    anonymous = True
    limit: int = Field(default=1_000, ge=1, le=1_000)


class AuditHeadList(Reply):
    """Heads of the vault's audit."""

    type = "gdpr.audit_head_list.v1"
    protection = Protection.SIGNED
    heads: tuple[AuditHead, ...]


class AuditHeadSigned(Fact):
    """Keyvault signed the end of its audit chain; gdpr keeps it, so that a cut tail shows."""

    type = "vault.audit_head_signed.v1"
    protection = Protection.SIGNED
    head: AuditHead


VerifyAudit.model_rebuild()
