"""The tests of the same names in tests/unit, on PostgreSQL, and races that only it can have."""

from __future__ import annotations

import itertools

import pytest

_NUMBERS = itertools.count(1)


@pytest.fixture
def database_url(postgres_module_url: str) -> str:
    return postgres_module_url


@pytest.fixture
def schema() -> str:
    """A schema for each test is quicker than a database for each."""
    return f"keyvault_{next(_NUMBERS)}"
