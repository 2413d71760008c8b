"""``studio doctor``: is everything there that a video needs? Each finding comes with its remedy."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from services.content.dependencies import builtin_providers
from services.content.providers.port import VoiceRequest
from services.renderer.dependencies import check_renderer
from shared.config import Settings, load_settings
from shared.errors import StudiomaticError
from shared.media.sandbox import MediaSandbox
from shared.storage.configured import open_configured_store
from shared.storage.keys import ROOT
from studiomatic.cli.options import AsJson
from studiomatic.cli.session import EXIT_FAILED, console, explains_errors, print_json
from studiomatic.client import FolderClient

_FREE_BYTES = 2 * 1024**3
"""Room for a long 1080p video with its parts."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    fine: bool
    detail: str


@explains_errors
def doctor(as_json: AsJson = False) -> None:
    """Check database, storage, codecs, fonts, voice, disk and broker."""
    settings = load_settings()
    findings = [_look(subject, check, settings) for subject, check in _CHECKS.items()]
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    else:
        _print(findings)
    if not all(finding.fine for finding in findings):
        raise typer.Exit(EXIT_FAILED)


def _look(subject: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(subject=subject, fine=True, detail=check(settings))
    except StudiomaticError as error:
        return Finding(subject=subject, fine=False, detail=error.message)
    except Exception as error:  # noqa: BLE001  # a doctor that dies of what it finds helps nobody
        return Finding(subject=subject, fine=False, detail=f"{type(error).__name__}: {error}")


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


def _broker(settings: Settings) -> str:
    if settings.embedded:
        return "in memory, inside `studio serve`"
    return "set by STUDIO_BUS_URL"


class DiskLowError(StudiomaticError):
    """There is little room left on the disk."""

    code = "client.disk_low"


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "database": _database,
    "storage": _storage,
    "disk": _disk,
    "codecs and fonts": _renderer,
    "media sandbox": _sandbox,
    "voice": _voice,
    "broker": _broker,
}


def _print(findings: list[Finding]) -> None:
    table = Table(box=None, show_header=False)
    for finding in findings:
        mark = "[green]✓[/]" if finding.fine else "[red]✗[/]"
        table.add_row(mark, finding.subject, escape(finding.detail))
    console.print(table)
