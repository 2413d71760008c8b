"""The tasks of a job: which are needed, and which become possible when others have succeeded.

A plan grows twice: when a script fixes the slides, and when a slide's length fixes its segments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.contracts.references import AssetReference
from shared.contracts.revisions import MusicMode, RevisionOutline, SlideOutline, VoiceMode
from shared.contracts.tasks import (
    AssembleVideo,
    ComposeMusic,
    GenerateImage,
    MixAudio,
    RenderSegment,
    SynthesizeVoice,
    WriteScript,
)

MAX_SLIDES = 100


@dataclass(frozen=True, kw_only=True)
class PlannedTask:
    """A task that does not exist yet.

    ``key`` is unique within the job, so planning the same thing twice adds nothing. ``arguments`` are the
    command's fields beyond those that every command has. A task that ``waits`` gets its arguments when it becomes
    ready.
    """

    key: str
    kind: str
    slide_id: str | None = None
    slide_number: int | None = None
    part: int = 0
    waits: bool = False
    arguments: dict[str, object]


def script_task(outline: RevisionOutline) -> PlannedTask:
    """The task that turns a brief into slides."""
    return PlannedTask(key="script", kind=WriteScript.type, arguments=_revision(outline))


def production_tasks(outline: RevisionOutline) -> tuple[PlannedTask, ...]:
    """Everything a revision with slides needs, but for the segments: what is given needs no task."""
    tasks = [task for slide in outline.slides for task in _slide_tasks(outline, slide)]
    if outline.music_mode is MusicMode.COMPOSED:
        tasks.append(PlannedTask(key="music", kind=ComposeMusic.type, arguments=_revision(outline)))
    if has_sound(outline):
        tasks.append(PlannedTask(key="mix", kind=MixAudio.type, waits=True, arguments={}))
    tasks.append(PlannedTask(key="assemble", kind=AssembleVideo.type, waits=True, arguments={}))
    return tuple(tasks)


def first_tasks(outline: RevisionOutline) -> tuple[PlannedTask, ...]:
    """What a job starts with."""
    return (script_task(outline),) if outline.needs_script else production_tasks(outline)


def segment_task(slide: SlideOutline, part: int, spec: AssetReference) -> PlannedTask:
    """The task that renders one piece of a slide."""
    return PlannedTask(
        key=f"segment/{slide.slide_id}/{part}",
        kind=RenderSegment.type,
        slide_id=slide.slide_id,
        slide_number=slide.number,
        part=part,
        arguments={"spec": spec.model_dump(mode="json")},
    )


def has_sound(outline: RevisionOutline) -> bool:
    """Whether the video has any sound at all."""
    spoken = any(slide.voice_mode is not VoiceMode.SILENT for slide in outline.slides)
    return spoken or outline.music_mode is not MusicMode.NONE


def _slide_tasks(outline: RevisionOutline, slide: SlideOutline) -> Iterator[PlannedTask]:
    needs = {
        "voice": (SynthesizeVoice.type, slide.voice_mode is VoiceMode.SPOKEN),
        "image": (GenerateImage.type, slide.image is None),
    }
    for name, (kind, needed) in needs.items():
        if needed:
            yield PlannedTask(
                key=f"{name}/{slide.slide_id}",
                kind=kind,
                slide_id=slide.slide_id,
                slide_number=slide.number,
                arguments={**_revision(outline), "slide_id": slide.slide_id},
            )


def _revision(outline: RevisionOutline) -> dict[str, object]:
    return {"project_id": outline.project_id, "revision_id": outline.revision_id}
