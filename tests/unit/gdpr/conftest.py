"""Gdpr's keeping of audit heads on a database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.gdpr.handlers.audit_heads import AuditHeads
from services.gdpr.store import GdprStore
from shared.clock import FixedClock
from shared.db import open_database
from shared.migrate import migrate


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite here; the same tests run on PostgreSQL in tests/integration."""
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def audit_heads(database_url: str) -> Iterator[AuditHeads]:
    database = open_database(database_url, schema="gdpr")
    migrate(database, "gdpr")
    yield AuditHeads(GdprStore(database, FixedClock()))
    database.close()
