from __future__ import annotations

from pathlib import Path

import pytest

from shared.storage import FolderLocation


@pytest.fixture
def location(tmp_path: Path) -> FolderLocation:
    return FolderLocation(path=tmp_path / "store")
