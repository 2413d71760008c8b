"""What other services may know of a project revision: its shape, never its words."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from shared.contracts.message import Value
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.timeline import CaptionStyle, EncodingProfile, FrameSize, Rate


class VoiceMode(StrEnum):
    """Where the narration of a slide comes from."""

    SPOKEN = "spoken"  # synthesised from the narration
    GIVEN = "given"  # the author's own recording
    SILENT = "silent"  # no voice; the slide is shown for a fixed time


class MusicMode(StrEnum):
    """Where the background music comes from."""

    COMPOSED = "composed"
    GIVEN = "given"
    NONE = "none"


class SlideOutline(Value):
    """One slide: which parts are given and which must be made."""

    slide_id: str
    number: int = Field(ge=1, description="Position in the video, from 1; errors name it")
    image: ImageReference | None = Field(default=None, description="Given picture; none means generate")
    voice_mode: VoiceMode = VoiceMode.SPOKEN
    voice: AudioReference | None = None
    words: AssetReference | None = Field(default=None, description="Word times of a given voice, estimated")
    silent_ms: int | None = Field(default=None, gt=0, description="How long a silent slide is shown [ms]")


class RevisionTitles(Value):
    """The titles of a revision, kept as a stored object because messages carry no slide text."""

    title: str
    slides: dict[str, str] = Field(description="Slide id to slide title")


class RevisionOutline(Value):
    """The shape of one immutable revision, as the planner needs it."""

    project_id: str
    revision_id: str
    titles: AssetReference | None = Field(default=None, description="JSON of :class:`RevisionTitles`")
    language: str = "en"
    needs_script: bool = Field(default=False, description="Only a brief yet: slides are to be written")
    slides: tuple[SlideOutline, ...] = ()
    music_mode: MusicMode = MusicMode.COMPOSED
    music: AudioReference | None = None
    rate: Rate = Rate(numerator=30)
    size: FrameSize = FrameSize(width=1920, height=1080)
    profile: EncodingProfile = EncodingProfile.STANDARD
    crossfade_ms: int = Field(default=500, ge=0, le=3000)
    caption_style: CaptionStyle = CaptionStyle()
