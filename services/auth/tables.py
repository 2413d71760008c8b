"""Auth's tables. No password, token, link or code is in any of them: only hashes that cannot be turned back."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, String, Table, Text

from shared.bus.inbox import inbox_table
from shared.bus.outbox import outbox_table
from shared.db import Json, UtcDateTime, new_metadata

METADATA = new_metadata()

HASH_CHARACTERS = 64
"""SHA-256 in hexadecimal digits."""

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("account_id", String(36), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("role", String(20), nullable=False),
    Column("name", Text, nullable=False),
    Column("email", String(254), nullable=False),  # as the person wrote it
    Column("address_key", String(254), nullable=False, unique=True),  # one for all spellings of an address
    Column("new_email", String(254)),  # asked for, and not confirmed yet
    Column("new_address_key", String(254)),
    Column("company", Text),
    Column("country", String(2)),
    Column("language", String(3)),
    Column("old_enough_checked_at", UtcDateTime, nullable=False),  # all that is kept of the birth date
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("deletion_requested_at", UtcDateTime),
    Column("factors_removed_at", UtcDateTime),  # when a lost second factor will be taken off, if nobody objects
)

PASSWORDS = Table(
    "passwords",
    METADATA,
    Column("account_id", String(36), primary_key=True),
    Column("phc", Text, nullable=False),  # Argon2id, PHC string format
    Column("pepper_version", Integer, nullable=False),  # 0: none
    Column("changed_at", UtcDateTime, nullable=False),
    Column("must_change", Boolean, nullable=False),  # found in a breach after it was set
)

PEPPERS = Table(
    "peppers",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("check_value", String(HASH_CHARACTERS), nullable=False),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("session_id", String(36), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("token_hash", String(HASH_CHARACTERS), nullable=False, unique=True),
    Column("assurance", String(4), nullable=False),
    Column("ip", String(45), nullable=False),
    Column("browser", String(40), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("authenticated_at", UtcDateTime, nullable=False),  # the last full proof of identity
    Column("last_used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Index("sessions_of_an_account", "account_id", "opened_at"),
)

DEVICES = Table(
    "devices",
    METADATA,
    Column("account_id", String(36), primary_key=True),
    Column("token_hash", String(HASH_CHARACTERS), primary_key=True),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
)

CHALLENGES = Table(
    "challenges",
    METADATA,
    Column("token_hash", String(HASH_CHARACTERS), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("purpose", String(24), nullable=False),  # login, webauthn_enrolment, webauthn_assertion
    Column("session_id", String(36)),
    Column("webauthn_challenge", String(128)),
    Column("tries", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("challenges_of_an_account", "account_id"),
)

LINKS = Table(
    "links",
    METADATA,
    Column("token_hash", String(HASH_CHARACTERS), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("purpose", String(24), nullable=False),
    Column("email", String(254), nullable=False),  # the address it was issued for
    Column("issued_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Index("links_of_an_account", "account_id", "purpose"),
)

TOTP_FACTORS = Table(
    "totp_factors",
    METADATA,
    Column("account_id", String(36), primary_key=True),
    Column("record_id", String(36), nullable=False),  # of the seed, in keyvault
    Column("enabled_at", UtcDateTime, nullable=False),
)

TOTP_ENROLMENTS = Table(
    "totp_enrolments",
    METADATA,
    Column("enrolment_id", String(36), primary_key=True),
    Column("account_id", String(36), nullable=False, unique=True),
    Column("record_id", String(36), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

RECOVERY_CODES = Table(
    "recovery_codes",
    METADATA,
    Column("account_id", String(36), primary_key=True),
    Column("code_hash", String(HASH_CHARACTERS), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

WEBAUTHN_CREDENTIALS = Table(
    "webauthn_credentials",
    METADATA,
    Column("credential_id", String(1400), primary_key=True),  # Base64url; at most 1023 bytes
    Column("account_id", String(36), nullable=False),
    Column("public_key", Text, nullable=False),  # COSE, Base64url
    Column("sign_count", Integer, nullable=False),
    Column("label", String(100), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Index("webauthn_credentials_of_an_account", "account_id"),
)

THROTTLES = Table(
    "throttles",
    METADATA,
    Column("bucket", String(100), primary_key=True),  # kind and HMAC of whom it is about
    Column("failures", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("blocked_until", UtcDateTime),
    Index("throttles_by_age", "last_at"),
)

SECURITY_EVENTS = Table(
    "security_events",
    METADATA,
    Column("event_id", String(36), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("ip", String(45), nullable=False),
    Column("browser", String(40), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Index("security_events_newest_first", "account_id", "occurred_at"),
    Index("security_events_by_age", "occurred_at"),
)

USAGE_EVENTS = Table(  # exactly what the privacy policy lists
    "usage_events",
    METADATA,
    Column("event_id", String(36), primary_key=True),
    Column("account_id", String(36), nullable=False),
    Column("kind", String(20), nullable=False),  # page_opened, video_rendered
    Column("ip", String(45)),
    Column("browser", String(40)),
    Column("page", String(200)),
    Column("occurred_at", UtcDateTime, nullable=False),
    Index("usage_events_of_an_account", "account_id", "occurred_at"),
    Index("usage_events_by_age", "occurred_at"),
)

POLICIES = Table(
    "policies",
    METADATA,
    Column("policy_version", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("sha256", String(HASH_CHARACTERS), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("material", Boolean, nullable=False),
    Column("published_at", UtcDateTime, nullable=False),
)

POLICY_ACCEPTANCES = Table(
    "policy_acceptances",
    METADATA,
    Column("account_id", String(36), primary_key=True),
    Column("policy_version", String(64), primary_key=True),
    Column("how", String(20), nullable=False),  # registration, acknowledged
    Column("accepted_at", UtcDateTime, nullable=False),
)

POLICY_NOTICES = Table(  # who was mailed which version, so that nobody is told twice
    "policy_notices",
    METADATA,
    Column("account_id", String(36), primary_key=True),
    Column("policy_version", String(64), primary_key=True),
    Column("mailed_at", UtcDateTime, nullable=False),
)

FIRST_ADMINISTRATOR = Table(
    "first_administrator",
    METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("token_hash", String(HASH_CHARACTERS), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

MAILS = Table(
    "mails",
    METADATA,
    Column("mail_id", String(36), primary_key=True),
    Column("account_id", String(36)),
    Column("template", String(40), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("language", String(3), nullable=False),
    Column("values", Json, nullable=False),  # emptied when it is sent
    Column("link", String(24)),  # what for; the link itself is made when the mail is sent
    Column("stored_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("sent_at", UtcDateTime),
    Column("given_up_at", UtcDateTime),  # it cannot be delivered
    Index("mails_by_due_time", "not_before"),
)

OUTBOX = outbox_table(METADATA)
INBOX = inbox_table(METADATA)
