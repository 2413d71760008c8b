"""Bring a finished job's files to a folder, with what is needed to edit and render again."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from shared.contracts.jobs import JobExplanation, JobState, JobView
from shared.contracts.projects import ProjectDraft
from shared.contracts.references import AssetReference
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from studiomatic.client import ClientPort
from studiomatic.editing_media import bring_media
from studiomatic.project_draft import from_draft

PROBE_FILE = "probe.json"
_SUFFIXES = {"image/png": ".png", "audio/wav": ".wav", "video/mp4": ".mp4", "font/sfnt": ".ttf"}


def check_output_folder(folder: Path) -> None:
    """Find out before any work is done whether results can be written there.

    Raises:
        InvalidInputError: They cannot; says why.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidInputError(
            f"results cannot be written to {folder} ({reason}); choose another folder with --out"
        ) from None


def fetch_results(
    client: ClientPort, job_id: str, folder: Path, *, keep: Path | None = None, media: bool = False
) -> list[Path]:
    """Write the files of a finished job to a folder; files of the same names are replaced.

    Args:
        keep: A project file of the author's own that must not be replaced; ours gets another name beside it.
        media: Bring everything that the editing timeline names, too.
    Returns:
        Where the files are, the video first; of a preview only its pictures.
    Raises:
        NotFoundError: No such job.
        ConflictError: The job has no render.
        InvalidInputError: The folder cannot be written.
    """
    job = client.get_job(job_id)
    if job.state is not JobState.SUCCEEDED:
        raise ConflictError(f"job {job_id} is {job.state.value} and has no video; `studio show {job_id}`")
    check_output_folder(folder)
    written = [_fetch(client, file.asset, folder / file.name) for file in job.files if file.name != PROBE_FILE]
    if job.preview is None:
        brought = bring_media(client, job, folder) if media else {}
        written += _write_project(client, job, folder, keep, brought)
        written.append(_write_report(client, job, folder))
    return written


def _fetch(client: ClientPort, asset: AssetReference, target: Path) -> Path:
    try:
        client.download(asset, target)
    except NotFoundError:
        raise NotFoundError(
            f"{target.name} of this job is not stored any more; render the project again"
        ) from None
    return target


def _write_project(
    client: ClientPort, job: JobView, folder: Path, keep: Path | None, brought: dict[str, str]
) -> list[Path]:
    try:
        draft = client.get_project(job.project_id, job.revision_id).draft
    except NotFoundError:
        return []  # the project was deleted after the render
    media = _write_media(client, draft, folder, brought)
    text = from_draft(draft, project_id=job.project_id, media=media)
    target = folder / "project.yaml"
    if keep is not None and target.exists() and target.samefile(keep):
        target = folder / "project.rendered.yaml"
    return [_write(target, text)]


def _write_media(client: ClientPort, draft: ProjectDraft, folder: Path, brought: dict[str, str]) -> dict[str, str]:
    """The author's own media beside the project file, so that it can be rendered anywhere.

    Args:
        brought: SHA-256 and path of what is there already.
    """
    given = {f"slide-{number}": slide.image for number, slide in enumerate(draft.slides, 1) if slide.image}
    assets = {name: image.asset for name, image in given.items()}
    voices = {f"voice-{number}": slide.voice for number, slide in enumerate(draft.slides, 1) if slide.voice}
    assets |= {name: voice.asset for name, voice in voices.items()}
    clips = {f"clip-{number}": slide.look.clip for number, slide in enumerate(draft.slides, 1)}
    clips |= {"intro": draft.intro, "outro": draft.outro}
    assets |= {name: clip.video.asset for name, clip in clips.items() if clip}
    if draft.music.audio is not None:
        assets["music"] = draft.music.audio.asset
    look, captions = draft.look, draft.captions
    brand = {"logo": look.watermark and look.watermark.image, "font": look.font, "caption-font": captions.font}
    assets |= {name: given.asset for name, given in brand.items() if given}
    paths = dict(brought)
    for name, asset in assets.items():
        if asset.sha256 not in paths:
            (folder / "media").mkdir(exist_ok=True)
            paths[asset.sha256] = f"media/{name}{_SUFFIXES.get(asset.media_type, '')}"
            client.download(asset, folder / paths[asset.sha256])
    return paths


def _write_report(client: ClientPort, job: JobView, folder: Path) -> Path:
    report = build_report(client.explain(job.job_id), _probe(client, job))
    return _write(folder / "report.json", json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def build_report(explanation: JobExplanation, probe: Any) -> dict[str, Any]:
    """What happened: the probe of the file, what was reused, and every task with its attempts."""
    tasks = explanation.tasks
    return {
        "job": explanation.job.model_dump(mode="json", exclude={"files"}),
        "made": sum(1 for task in tasks if not task.reused),
        "reused": sum(1 for task in tasks if task.reused),
        "probe": probe,
        "tasks": [task.model_dump(mode="json") for task in tasks],
    }


def _probe(client: ClientPort, job: JobView) -> Any:
    asset = next((file.asset for file in job.files if file.name == PROBE_FILE), None)
    if asset is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / PROBE_FILE
        client.download(asset, path)
        return json.loads(path.read_text())


def _write(path: Path, text: str) -> Path:
    """All of it or nothing: a reader never sees half a file."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return path
