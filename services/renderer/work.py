"""What a render child can be asked to do, and what it answers; the words on the pipe between it and its parent.

Both sides read and write these as one JSON object a line. Files are handed over by absolute path, named by
their SHA-256 where a spec or a timeline refers to them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.references import Sha256
from shared.contracts.timeline import VideoCodec


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


ResultT = TypeVar("ResultT", bound=_Line)


class Work(_Line, Generic[ResultT]):
    """One thing to do; the type argument is what comes back."""


class SegmentRender(_Line):
    """A rendered segment.

    ``missing_glyphs`` are characters of captions that no bundled font has, as ``U+XXXX``; they were left out.
    """

    frames: int
    missing_glyphs: tuple[str, ...] = ()


class RenderSegmentWork(Work[SegmentRender]):
    """Render the segment whose canonical spec lies at ``spec`` into the MP4 file ``out``."""

    kind: Literal["render_segment"] = "render_segment"
    spec: Path
    images: dict[Sha256, Path]
    out: Path


class AudioMix(_Line):
    """A finished sound track, measured on its decoded file; None where it is silent."""

    samples: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None


class MixAudioWork(Work[AudioMix]):
    """Mix and encode the sound of the timeline at ``timeline`` into the MP4 file ``out``.

    The other sound files that the timeline asks for are written beside it.
    """

    kind: Literal["mix_audio"] = "mix_audio"
    timeline: Path
    sounds: dict[Sha256, Path]
    out: Path


class SegmentFile(_Line):
    """A rendered segment on disk and the number of frames it must hold."""

    path: Path
    frames: int = Field(gt=0)


class Assembly(_Line):
    """A finished and verified render.

    ``files`` are the names of what now lies in the output folder. ``samples`` is None without a sound track.
    """

    files: tuple[str, ...]
    frames: int
    samples: int | None


class AssembleWork(Work[Assembly]):
    """Join segments and sound, and write the hand-over files into the existing folder ``out_folder``.

    ``images`` needs only the picture of the first clip, for the poster. ``opus`` is the sound for WebM.
    """

    kind: Literal["assemble"] = "assemble"
    timeline: Path
    segments: tuple[SegmentFile, ...] = Field(min_length=1)
    further_segments: dict[VideoCodec, tuple[SegmentFile, ...]] = {}
    audio: Path | None
    opus: Path | None = None
    images: dict[Sha256, Path]
    out_folder: Path


class PreviewPictures(_Line):
    """Finished preview pictures: names of what now lies in the output folder."""

    files: tuple[str, ...]


class DrawPreviewWork(Work[PreviewPictures]):
    """Draw the pictures of the preview plan at ``plan`` into the existing folder ``out_folder``."""

    kind: Literal["draw_preview"] = "draw_preview"
    plan: Path
    images: dict[Sha256, Path]
    out_folder: Path


AnyWork = Annotated[RenderSegmentWork | MixAudioWork | AssembleWork | DrawPreviewWork, Field(discriminator="kind")]

RESULTS: dict[str, type[_Line]] = {
    "render_segment": SegmentRender,
    "mix_audio": AudioMix,
    "assemble": Assembly,
    "draw_preview": PreviewPictures,
}
"""What a child answers to each kind of work."""


class Started(_Line):
    """The child has taken the work."""

    started: Literal[True] = True


class Progressed(_Line):
    """So much of the work is done, in units of its own."""

    done: int
    total: int


class Failed(_Line):
    """The work failed; the fields are those of TaskFailedError."""

    code: str
    message: str
    retryable: bool


class Finished(_Line):
    """The work is done; ``result`` is of the type that the work names."""

    result: dict[str, object]
