"""Content's tables."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from shared.bus.inbox import inbox_table
from shared.bus.outbox import outbox_table
from shared.db import Json, UtcDateTime, new_metadata

METADATA = new_metadata()

PROJECTS = Table(
    "projects",
    METADATA,
    Column("project_id", String(36), primary_key=True),
    Column("account_id", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("revisions", Integer, nullable=False),
    Column("newest_revision_id", String(36), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revised_at", UtcDateTime, nullable=False),
    Column("idempotency_key", String(200)),
    Index("projects_newest_first", "account_id", "revised_at"),
    Index("projects_by_key", "account_id", "idempotency_key", unique=True),
)

REVISIONS = Table(
    "revisions",
    METADATA,
    Column("revision_id", String(36), primary_key=True),
    Column("project_id", String(36), nullable=False),
    Column("account_id", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("draft", Json, nullable=False),
    Column("outline", Json, nullable=False),
    Column("written_from", String(36)),
    Column("created_at", UtcDateTime, nullable=False),
    Index("revisions_of_a_project", "project_id", "number", unique=True),
    Index("revisions_written_from", "written_from", unique=True),
)

LEDGER = Table(
    "ledger",
    METADATA,
    Column("account_id", String(64), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("execution_id", String(36), nullable=False),
    Column("lease_until", UtcDateTime, nullable=False),
    Column("result", Json),
    Column("created_at", UtcDateTime, nullable=False),
)

ASSETS = Table(
    "assets",
    METADATA,
    Column("account_id", String(64), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("key", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("origin", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

CANCELLED_JOBS = Table(
    "cancelled_jobs",
    METADATA,
    Column("job_id", String(36), primary_key=True),
    Column("cancelled_at", UtcDateTime, nullable=False),
)

CLOSED_ACCOUNTS = Table(
    "closed_accounts",
    METADATA,
    Column("account_id", String(64), primary_key=True),
    Column("reason", String(16), primary_key=True),  # unconfirmed, disabled, deletion
    Column("closed", Boolean, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),  # of the newest fact that was heard
)

OUTBOX = outbox_table(METADATA)
INBOX = inbox_table(METADATA)
