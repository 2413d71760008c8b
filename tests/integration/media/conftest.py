from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from shared.media.sandbox import MediaSandbox


@pytest.fixture(scope="session")
def media_files() -> ModuleType:
    """The generator of test files, shared with tests/corpus."""
    path = Path(__file__).parents[2] / "corpus" / "media_files.py"
    spec = importlib.util.spec_from_file_location("media_files", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sandbox() -> MediaSandbox:
    return MediaSandbox()


@pytest.fixture
def given(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Writes a file of that name and content and returns its path."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / "given" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return path

    return write
