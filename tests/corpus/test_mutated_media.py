"""Damaged media by the hundred: every outcome is a result or a bad_media error, and the caller goes on.

``STUDIO_CORPUS_CASES`` sets how many cases run (default 200), ``STUDIO_CORPUS_SEED`` which.
"""

from __future__ import annotations

import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import psutil

from shared.errors import BadMediaError
from shared.media.formats import HEAD_BYTES, sniff
from shared.media.limits import MediaLimits
from shared.media.results import MediaKind
from shared.media.sandbox import MediaSandbox

_CASES = int(os.environ.get("STUDIO_CORPUS_CASES", "200"))
_SEED = int(os.environ.get("STUDIO_CORPUS_SEED", "20300101"))
_LIMITS = MediaLimits(wall_seconds=20.0, cpu_seconds=10, video_wall_seconds=20.0, video_cpu_seconds=10)


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("media_files", Path(__file__).with_name("media_files.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_damaged_file_is_either_used_or_refused_by_name(tmp_path: Path) -> None:
    sandbox = MediaSandbox(_LIMITS)
    before = set(psutil.Process().children())

    def refusal(case: tuple[str, bytes]) -> str | None:
        """Why the case was refused; None when it was used."""
        name, data = case
        path = tmp_path / name
        path.write_bytes(data)
        try:
            _open(sandbox, path, data)
        except BadMediaError as error:
            return error.message
        finally:
            path.unlink()
        return None

    cases = list(_generator().mutations(_SEED, _CASES))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        refusals = dict(zip((name for name, _ in cases), pool.map(refusal, cases), strict=True))
    messages = {name: message for name, message in refusals.items() if message is not None}
    assert all(message.startswith(f"{name}: ") and message.isprintable() for name, message in messages.items())
    assert _CASES // 10 < len(messages) < _CASES * 9 // 10  # else the damage is too mild or too wild to tell
    assert set(psutil.Process().children()) <= before  # the servers of the run may be children, too
    assert not list(tmp_path.glob(".media-*"))


def _open(sandbox: MediaSandbox, path: Path, data: bytes) -> None:
    """The deepest question that fits the file."""
    found = sniff(data[:HEAD_BYTES])
    if found is not None and found.kind is MediaKind.IMAGE:
        sandbox.normalise_image(path, path.with_suffix(".out"))
    elif found is not None and found.kind is MediaKind.VIDEO and len(data) % 3:
        sandbox.normalise_video(path, path.with_suffix(".out"))
    elif found is not None and found.kind is MediaKind.VIDEO and len(data) % 2:
        sandbox.probe_video(path)
    else:
        sandbox.normalise_audio(path, path.with_suffix(".out"))
