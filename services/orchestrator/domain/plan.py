"""The tasks of a job: which are needed, and which become possible when others have succeeded.

A plan grows twice: when a script fixes the slides, and when a slide's length fixes its segments.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.revisions import MusicMode, RevisionOutline, VoiceMode
from shared.contracts.tasks import ComposeMusic, GenerateImage, SynthesizeVoice, WriteScript

MAX_SLIDES = 100


@dataclass(frozen=True, kw_only=True)
class PlannedTask:
    """A task that does not exist yet.

    ``key`` is unique within the job, so planning the same thing twice adds nothing. ``arguments`` are the
    command's fields beyond those that every command has.
    """

    key: str
    kind: str
    slide_id: str | None = None
    slide_number: int | None = None
    part: int = 0
    arguments: dict[str, object]


def script_task(outline: RevisionOutline) -> PlannedTask:
    """The task that turns a brief into slides."""
    return PlannedTask(key="script", kind=WriteScript.type, arguments=_revision(outline))


def media_tasks(outline: RevisionOutline) -> tuple[PlannedTask, ...]:
    """Pictures, voices and music that must be made; what is given needs no task."""
    tasks = []
    for slide in outline.slides:
        arguments = {**_revision(outline), "slide_id": slide.slide_id}
        if slide.voice_mode is VoiceMode.SPOKEN:
            tasks.append(
                PlannedTask(
                    key=f"voice/{slide.slide_id}",
                    kind=SynthesizeVoice.type,
                    slide_id=slide.slide_id,
                    slide_number=slide.number,
                    arguments=arguments,
                )
            )
        if slide.image is None:
            tasks.append(
                PlannedTask(
                    key=f"image/{slide.slide_id}",
                    kind=GenerateImage.type,
                    slide_id=slide.slide_id,
                    slide_number=slide.number,
                    arguments=arguments,
                )
            )
    if outline.music_mode is MusicMode.COMPOSED:
        tasks.append(PlannedTask(key="music", kind=ComposeMusic.type, arguments=_revision(outline)))
    return tuple(tasks)


def first_tasks(outline: RevisionOutline) -> tuple[PlannedTask, ...]:
    """What a job starts with."""
    return (script_task(outline),) if outline.needs_script else media_tasks(outline)


def _revision(outline: RevisionOutline) -> dict[str, object]:
    return {"project_id": outline.project_id, "revision_id": outline.revision_id}
