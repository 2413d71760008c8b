"""Keyvault's tables. Every secret in them is a record that only the keyring opens."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from shared.bus.inbox import inbox_table
from shared.bus.outbox import outbox_table
from shared.db import UtcDateTime, new_metadata

METADATA = new_metadata()

KEYRING_VERSIONS = Table(  # which versions of the keyring this vault was used with; never the keys
    "keyring_versions",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("check_value", String(64), nullable=False),
    Column("first_used_at", UtcDateTime, nullable=False),
    Column("destroyed_at", UtcDateTime),
)

USER_KEYS = Table(  # the unit of crypto-shredding
    "user_keys",
    METADATA,
    Column("account_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("keyring_version", Integer, nullable=False),
    Column("pseudonym", String(64), nullable=False),  # how the audit names the account
    Column("created_at", UtcDateTime, nullable=False),
    Index("user_keys_by_keyring_version", "keyring_version", "account_id"),
)

RECORDS = Table(
    "records",
    METADATA,
    Column("record_id", String(36), primary_key=True),
    Column("account_id", String(64), nullable=False),
    Column("provider", String(32), nullable=False),  # totp for seeds
    Column("purpose", String(16), nullable=False),  # provider_key, totp, totp_pending
    Column("label", String(100), nullable=False),
    Column("last4", String(4), nullable=False),
    Column("user_key_version", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("status", String(16), nullable=False),
    Column("quarantined", Boolean, nullable=False),
    Column("last_step", BigInteger),  # newest time step whose code was used
    Column("created_at", UtcDateTime, nullable=False),
    Column("replaced_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
    Index("records_of_an_account", "account_id", "purpose", "created_at"),
)

SHREDDED = Table(  # accounts whose key is destroyed: nothing may be made for them again
    "shredded",
    METADATA,
    Column("account_id", String(64), primary_key=True),
    Column("records", Integer, nullable=False),
    Column("shredded_at", UtcDateTime, nullable=False),
)

CLOSED_ACCOUNTS = Table(  # accounts for which nothing is delivered: being deleted, or disabled
    "closed_accounts",
    METADATA,
    Column("account_id", String(64), primary_key=True),
    Column("reason", String(24), primary_key=True),
    Column("closed", Boolean, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),  # time of the newest fact, so that a late one changes nothing
)

REVOKED_SESSIONS = Table(  # tickets and job tokens of these are refused until they have expired anyway
    "revoked_sessions",
    METADATA,
    Column("session_id", String(36), primary_key=True),
    Column("revoked_at", UtcDateTime, nullable=False),
    Column("by_logout", Boolean, nullable=False),  # its jobs go on
)

REPLAYS = Table(
    "replays",
    METADATA,
    Column("request_id", String(64), primary_key=True),  # of deliveries, and of tickets that were used
    Column("seen_at", UtcDateTime, nullable=False),
    Index("replays_by_age", "seen_at"),
)

GRANT_USES = Table(
    "grant_uses",
    METADATA,
    Column("grant_id", String(36), primary_key=True),
    Column("uses", Integer, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

LIMITS = Table(
    "limits",
    METADATA,
    Column("bucket", String(160), primary_key=True),
    Column("window_started_at", UtcDateTime, nullable=False),
    Column("count", Integer, nullable=False),
    Column("audited", Boolean, nullable=False),
)

AUDIT = Table(  # append-only: triggers refuse UPDATE and DELETE
    "audit",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("record_id", String(36), nullable=False),
    Column("job_id", String(64), nullable=False),
    Column("grant_id", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

AUDIT_HEADS = Table(
    "audit_heads",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("kid", String(80), nullable=False),
    Column("signature", Text, nullable=False),
    Column("signed_at", UtcDateTime, nullable=False),
)

REWRAPS = Table(  # how far the one rewrap is
    "rewraps",
    METADATA,
    Column("to_version", Integer, primary_key=True, autoincrement=False),
    Column("cursor", String(64), nullable=False),
    Column("rewrapped", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
)

OUTBOX = outbox_table(METADATA)
INBOX = inbox_table(METADATA)
