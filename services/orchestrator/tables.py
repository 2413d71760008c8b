"""The orchestrator's tables."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from shared.bus.inbox import inbox_table
from shared.bus.outbox import outbox_table
from shared.db import Json, UtcDateTime, new_metadata

METADATA = new_metadata()

JOBS = Table(
    "jobs",
    METADATA,
    Column("job_id", String(36), primary_key=True),
    Column("account_id", String(64), nullable=False),
    Column("project_id", String(36), nullable=False),
    Column("revision_id", String(36), nullable=False),
    Column("outline", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("idempotency_key", String(200), nullable=False),
    Column("request_digest", String(64), nullable=False),
    Column("preview", Json),
    Column("resumes", String(36)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("progressed_at", UtcDateTime),
    Column("last_sequence", Integer, nullable=False),
    Column("error", Json),
    Column("failed_stage", String(16)),
    Column("failed_slide", Integer),
    Column("files", Json),
    UniqueConstraint("account_id", "idempotency_key", name="jobs_once_per_key"),
    Index("jobs_newest_first", "account_id", "created_at"),
    Index("jobs_by_state", "state"),
)

TASKS = Table(
    "tasks",
    METADATA,
    Column("task_id", String(36), primary_key=True),
    Column("job_id", String(36), nullable=False),
    Column("account_id", String(64), nullable=False),
    Column("key", String(200), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("pool", String(32), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("slide_id", String(64)),
    Column("slide_number", Integer),
    Column("part", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    # Ascending like the id behind it, so that one index gives the order of dispatch: minus the priority.
    Column("rank", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("attempts_used", Integer, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("arguments", Json, nullable=False),
    Column("result", Json),
    Column("reused", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    UniqueConstraint("job_id", "key", name="tasks_once_per_job"),
    Index("tasks_to_dispatch", "pool", "account_id", "state", "rank", "task_id"),
    Index("tasks_by_lease", "state", "lease_until"),
)

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("execution_id", String(36), primary_key=True),
    Column("task_id", String(36), nullable=False),
    Column("job_id", String(36), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("duration_ms", Integer),
    Column("error", Json),
    Column("accepted", Boolean, nullable=False),
    Index("attempts_of_a_job", "job_id"),
    Index("attempts_of_a_task", "task_id"),
)

JOB_FACTS = Table(
    "job_facts",
    METADATA,
    Column("job_id", String(36), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("envelope", Text, nullable=False),
)

POOL_SHARES = Table(
    "pool_shares",
    METADATA,
    Column("pool", String(32), primary_key=True),
    Column("account_id", String(64), primary_key=True),
    Column("ready", Integer, nullable=False),
    Column("dispatched", Integer, nullable=False),
    Column("running", Integer, nullable=False),
    Column("weight", Float, nullable=False),
    Column("virtual_time", Float, nullable=False),
)

DISPATCH_LIMITS = Table(
    "dispatch_limits",
    METADATA,
    Column("account_id", String(64), primary_key=True),
    Column("kind", String(64), primary_key=True),
    Column("limit_key", String(200), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

OUTBOX = outbox_table(METADATA)
INBOX = inbox_table(METADATA)
