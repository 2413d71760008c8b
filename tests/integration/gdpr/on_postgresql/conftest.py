"""The tests of the same names in tests/unit, on PostgreSQL."""

from __future__ import annotations

import pytest


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url
