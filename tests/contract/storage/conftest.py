from __future__ import annotations

from pathlib import Path

import pytest

from shared.storage import FolderLocation, ObjectStore, open_store


@pytest.fixture
def location(tmp_path: Path) -> FolderLocation:
    return FolderLocation(path=tmp_path / "store")


@pytest.fixture
def store(location: FolderLocation) -> ObjectStore:
    return open_store(location)
