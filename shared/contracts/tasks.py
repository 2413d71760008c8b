"""Commands to the worker pools and the results that answer them, one pair for each task kind.

No slide text travels in a command: it carries ids and references. Account and job stand in the envelope.
"""

from __future__ import annotations

from pydantic import Field

from shared.contracts.message import Command, Value
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import RevisionOutline
from shared.contracts.timeline import SegmentReference, SegmentSpec, VideoCodec


class TaskCommand(Command):
    """What every command has: the attempt it asks for."""

    task_id: str
    attempt: int = Field(ge=1, description="Counts from 1; names the try that a worker reports on")
    deadline_s: int = Field(gt=0, description="The worker gives up after this time [s]")


class TaskResult(Value):
    """What a worker answers when its attempt succeeded."""

    reused: bool = Field(default=False, description="Taken from what was stored, not made again")


class WriteScript(TaskCommand):
    """Write the slides of a brief; makes a new revision."""

    type = "content.write_script.v1"
    project_id: str
    revision_id: str


class ScriptWritten(TaskResult):
    """The revision that holds the written slides."""

    outline: RevisionOutline


class GenerateImage(TaskCommand):
    """Make the picture of one slide."""

    type = "content.generate_image.v1"
    project_id: str
    revision_id: str
    slide_id: str


class ImageGenerated(TaskResult):
    """The picture of one slide."""

    slide_id: str
    image: ImageReference


class SynthesizeVoice(TaskCommand):
    """Speak the narration of one slide."""

    type = "content.synthesize_voice.v1"
    project_id: str
    revision_id: str
    slide_id: str


class VoiceSynthesized(TaskResult):
    """The narration of one slide and where its words lie.

    ``words`` refers to JSON, a list of :class:`SpokenWord`.
    """

    slide_id: str
    audio: AudioReference
    words: AssetReference


class SpokenWord(Value):
    """One word of a narration, in samples at 48 kHz from the start of its sound."""

    text: str
    start_sample: int = Field(ge=0)
    end_sample: int = Field(gt=0)


class ComposeMusic(TaskCommand):
    """Make the background music of a revision."""

    type = "content.compose_music.v1"
    project_id: str
    revision_id: str


class MusicComposed(TaskResult):
    """The background music; the renderer loops or trims it."""

    audio: AudioReference


class RenderSegment(TaskCommand):
    """Render one segment. ``spec`` refers to the canonical JSON of a :class:`SegmentSpec`."""

    type = "renderer.render_segment.v1"
    spec: AssetReference


class SegmentRendered(TaskResult):
    """One finished segment."""

    segment: SegmentReference


class MixAudio(TaskCommand):
    """Mix and encode the sound of the whole video. ``timeline`` refers to the JSON of a :class:`Timeline`."""

    type = "renderer.mix_audio.v1"
    timeline: AssetReference


class RenderFile(Value):
    """One file of a finished render, e.g. ``video.mp4``."""

    name: str = Field(pattern=r"^[a-z0-9_]+\.[a-z0-9]+$")
    asset: AssetReference


class AudioMixed(TaskResult):
    """The finished sound track, and what else the timeline asks for: other forms of it, and its stems."""

    audio: AssetReference
    files: tuple[RenderFile, ...] = ()
    loudness_lufs: float | None = None
    true_peak_dbtp: float | None = None


class AssemblyPlan(Value):
    """What is joined: kept as a stored object, because a long video has more segments than a message may hold."""

    timeline: AssetReference
    segments: tuple[SegmentReference, ...] = Field(min_length=1)
    further_segments: dict[VideoCodec, tuple[SegmentReference, ...]] = Field(
        default={}, description="The same pictures in the other codecs that the timeline's outputs need"
    )
    audio: AssetReference | None = None
    sounds: tuple[RenderFile, ...] = Field(default=(), description="Files of the mix that go beside the video")


class AssembleVideo(TaskCommand):
    """Join segments and sound by stream copy and write the hand-over files.

    ``plan`` refers to the JSON of an :class:`AssemblyPlan`.
    """

    type = "renderer.assemble_video.v1"
    plan: AssetReference


class VideoAssembled(TaskResult):
    """The finished render."""

    files: tuple[RenderFile, ...]
    frames: int = Field(gt=0)
    probe: dict[str, object] = Field(
        default_factory=dict, description="What an independent look at video.mp4 found"
    )


class PreviewShot(Value):
    """One frame to draw: that of ``spec``, which is one frame long."""

    slide_number: int | None = Field(
        default=None, ge=1, description="As the author counts; absent for intro and outro"
    )
    at_ms: int = Field(ge=0, description="Place in the video [ms]")
    spec: SegmentSpec


class PreviewPlan(Value):
    """What a preview shows: kept as a stored object, because titles and captions are drawn from it."""

    frames: tuple[PreviewShot, ...] = Field(default=(), description="Each becomes a picture of its own")
    contact_sheet: tuple[PreviewShot, ...] = Field(default=(), description="All together become one picture")


class DrawPreview(TaskCommand):
    """Draw single frames of a video that is not rendered. ``plan`` refers to a :class:`PreviewPlan`."""

    type = "renderer.draw_preview.v1"
    plan: AssetReference


class PreviewDrawn(TaskResult):
    """The finished pictures."""

    files: tuple[RenderFile, ...]


COMMANDS: tuple[type[TaskCommand], ...] = (
    WriteScript,
    GenerateImage,
    SynthesizeVoice,
    ComposeMusic,
    RenderSegment,
    MixAudio,
    AssembleVideo,
    DrawPreview,
)

RESULTS: dict[str, type[TaskResult]] = {
    WriteScript.type: ScriptWritten,
    GenerateImage.type: ImageGenerated,
    SynthesizeVoice.type: VoiceSynthesized,
    ComposeMusic.type: MusicComposed,
    RenderSegment.type: SegmentRendered,
    MixAudio.type: AudioMixed,
    AssembleVideo.type: VideoAssembled,
    DrawPreview.type: PreviewDrawn,
}
