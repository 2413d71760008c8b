"""The documents as the code generates them now, and the committed ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.bus.documents.writing import generate, load_examples

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def examples() -> dict[str, Any]:
    return load_examples(ROOT / "tests" / "contract" / "messages" / "golden")


@pytest.fixture(scope="session")
def documents(examples: dict[str, Any]) -> dict[str, str]:
    return generate(examples)


@pytest.fixture(scope="session")
def published() -> Path:
    return ROOT / "docs" / "contracts"
