"""Gdpr's tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from shared.bus.inbox import inbox_table
from shared.bus.outbox import outbox_table
from shared.db import UtcDateTime, new_metadata

METADATA = new_metadata()

AUDIT_HEADS = Table(  # of the vault's audit, kept where keyvault cannot change them
    "audit_heads",
    METADATA,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("hash", String(64), primary_key=True),
    Column("kid", String(80), nullable=False),
    Column("signature", Text, nullable=False),
    Column("signed_at", UtcDateTime, nullable=False),
    Column("heard_at", UtcDateTime, nullable=False),
)

OUTBOX = outbox_table(METADATA)
INBOX = inbox_table(METADATA)
