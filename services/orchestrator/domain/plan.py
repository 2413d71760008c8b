"""The tasks of a job: which are needed, and which become possible when others have succeeded.

A plan grows twice: when a script fixes the slides, and when a slide's length fixes its segments.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.jobs import PreviewRequest
from shared.contracts.references import AssetReference
from shared.contracts.revisions import MusicMode, RevisionOutline, SlideOutline, VoiceMode
from shared.contracts.tasks import (
    AssembleVideo,
    ComposeMusic,
    DrawPreview,
    GenerateImage,
    MixAudio,
    RenderSegment,
    SynthesizeVoice,
    WriteScript,
)
from shared.contracts.timeline import Output, VideoCodec

MAX_SLIDES = 100

_CODEC_OF = {Output.HEVC: VideoCodec.HEVC, Output.WEBM: VideoCodec.VP9}


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


def production_tasks(outline: RevisionOutline, preview: PreviewRequest | None = None) -> tuple[PlannedTask, ...]:
    """Everything a revision with slides needs, but for the segments: what is given needs no task.

    A preview needs the voices, because they decide what is seen when; of the pictures only those it shows.
    """
    if preview is not None:
        voices = [task for slide in outline.slides if (task := _voice_task(outline, slide))]
        return (*voices, PlannedTask(key="preview", kind=DrawPreview.type, waits=True, arguments={}))
    # Slide by slide: the first segments can be rendered while later slides are still being made.
    parts = [
        part for slide in outline.slides for part in (_voice_task(outline, slide), image_task(outline, slide))
    ]
    tasks = [task for task in parts if task]
    if outline.music_mode is MusicMode.COMPOSED:
        tasks.append(PlannedTask(key="music", kind=ComposeMusic.type, arguments=_revision(outline)))
    if has_sound(outline):
        tasks.append(PlannedTask(key="mix", kind=MixAudio.type, waits=True, arguments={}))
    tasks.append(PlannedTask(key="assemble", kind=AssembleVideo.type, waits=True, arguments={}))
    return tuple(tasks)


def first_tasks(outline: RevisionOutline, preview: PreviewRequest | None = None) -> tuple[PlannedTask, ...]:
    """What a job starts with."""
    return (script_task(outline),) if outline.needs_script else production_tasks(outline, preview)


def segment_codecs(outline: RevisionOutline) -> tuple[VideoCodec, ...]:
    """What each segment is encoded with: H.264 always, others for the outputs that need them."""
    wanted = [codec for output, codec in _CODEC_OF.items() if output in outline.outputs]
    return (VideoCodec.H264, *wanted)


def segment_task_key(slide: SlideOutline, part: int, codec: VideoCodec) -> str:
    """Key of the task that renders one piece of a slide."""
    key = f"segment/{slide.slide_id}/{part}"
    return key if codec is VideoCodec.H264 else f"{key}/{codec.value}"


def segment_task(slide: SlideOutline, part: int, codec: VideoCodec, spec: AssetReference) -> PlannedTask:
    """The task that renders one piece of a slide in one codec."""
    return PlannedTask(
        key=segment_task_key(slide, part, codec),
        kind=RenderSegment.type,
        slide_id=slide.slide_id,
        slide_number=slide.author_number,
        part=part,
        arguments={"spec": spec.model_dump(mode="json")},
    )


def has_sound(outline: RevisionOutline) -> bool:
    """Whether the video has any sound at all."""
    spoken = any(slide.voice_mode is not VoiceMode.SILENT for slide in outline.slides)
    heard = any(clip.is_heard and clip.video.audio for slide in outline.slides if (clip := slide.look.clip))
    return spoken or heard or outline.music_mode is not MusicMode.NONE


def image_task(outline: RevisionOutline, slide: SlideOutline) -> PlannedTask | None:
    """The task that makes the picture of a slide, unless it is given."""
    return None if slide.image is not None else _slide_task(outline, slide, "image", GenerateImage.type)


def _voice_task(outline: RevisionOutline, slide: SlideOutline) -> PlannedTask | None:
    spoken = slide.voice_mode is VoiceMode.SPOKEN
    return _slide_task(outline, slide, "voice", SynthesizeVoice.type) if spoken else None


def _slide_task(outline: RevisionOutline, slide: SlideOutline, name: str, kind: str) -> PlannedTask:
    return PlannedTask(
        key=f"{name}/{slide.slide_id}",
        kind=kind,
        slide_id=slide.slide_id,
        slide_number=slide.number,
        arguments={**_revision(outline), "slide_id": slide.slide_id},
    )


def _revision(outline: RevisionOutline) -> dict[str, object]:
    return {"project_id": outline.project_id, "revision_id": outline.revision_id}
