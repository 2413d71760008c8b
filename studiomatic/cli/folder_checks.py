"""Is everything there that this machine needs to make videos in its data folder?"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from services.content.dependencies import builtin_providers
from services.content.providers.port import VoiceRequest
from services.renderer.dependencies import check_renderer
from shared.config import Settings
from shared.errors import StudiomaticError
from shared.media.sandbox import MediaSandbox
from shared.storage.configured import open_configured_store
from shared.storage.keys import ROOT
from studiomatic.cli.findings import Finding, look
from studiomatic.client import FolderClient

_FREE_BYTES = 2 * 1024**3
"""Room for a long 1080p video with its parts."""


class DiskLowError(StudiomaticError):
    """There is little room left on the disk."""

    code = "client.disk_low"


def folder_findings(settings: Settings) -> list[Finding]:
    """Look at all of it."""
    return [look(subject, partial(check, settings)) for subject, check in _CHECKS.items()]


def _database(settings: Settings) -> str:
    client = FolderClient(settings)
    try:
        projects = len(client.list_projects().projects)
        return f"{settings.data_dir / 'db'}, {projects} projects"
    finally:
        client.close()


def _storage(settings: Settings) -> str:
    """A listing shows a wrong key, bucket or endpoint at once."""
    objects = open_configured_store(settings)
    next(objects.list_objects(ROOT), None)
    return f"bucket {settings.s3_bucket}" if settings.s3_bucket else str(settings.data_dir / "storage")


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.data_dir).free
    if free < _FREE_BYTES:
        raise DiskLowError(
            f"{free / 1024**3:.1f} GiB free at {settings.data_dir}; make room for 2 GiB, or set STUDIO_DATA_DIR"
        )
    return f"{free / 1024**3:.0f} GiB free"


def _voice(_settings: Settings) -> str:
    voice = builtin_providers().voice
    with tempfile.TemporaryDirectory() as folder:
        speech = voice.synthesize(VoiceRequest(text="Good day.", language="en"), Path(folder) / "voice.wav")
    return f"{voice.name} {voice.version} spoke {len(speech.words)} words"


def _sandbox(_settings: Settings) -> str:
    report = MediaSandbox().check()
    return f"held back by {', '.join(report.barriers)}"


def _renderer(_settings: Settings) -> str:
    return check_renderer()


def _broker(_settings: Settings) -> str:
    return "in memory, inside `studio serve`"


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "database": _database,
    "storage": _storage,
    "disk": _disk,
    "codecs and fonts": _renderer,
    "media sandbox": _sandbox,
    "voice": _voice,
    "broker": _broker,
}
