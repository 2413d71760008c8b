"""What other services may know of a project revision: its shape, never its words."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from shared.contracts.look import Colour, Look
from shared.contracts.message import Value
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.timeline import (
    CaptionStyle,
    Direction,
    EncodingProfile,
    Fit,
    FrameSize,
    Output,
    Rate,
    TransitionKind,
    VideoReference,
)


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


class Camera(StrEnum):
    """How the camera moves over a still picture."""

    AUTO = "auto"  # chosen from the picture
    HOLD = "hold"
    ZOOM_IN = "zoom_in"
    ZOOM_OUT = "zoom_out"
    PAN = "pan"  # along the side that does not fit the frame


class Focus(Value):
    """The point of a picture that must stay in view, from its left and upper edge [thousandths]."""

    x_permille: int = Field(ge=0, le=1000)
    y_permille: int = Field(ge=0, le=1000)


class TransitionChoice(Value):
    """How a slide takes over from the one before; without ``length_ms`` it has the project's length."""

    kind: TransitionKind = TransitionKind.CROSSFADE
    length_ms: int | None = Field(default=None, ge=0, le=3000)
    direction: Direction = Direction.LEFT
    colour: Colour = "#000000"


class ClipCut(Value):
    """The part of an own video that a slide shows, and whether it is heard."""

    video: VideoReference
    from_ms: int = Field(default=0, ge=0)
    is_heard: bool = False
    gain_db: float = Field(default=0.0, ge=-60, le=20)


class SlideLook(Value):
    """How one slide is shown; the author decides, the planner places it in time."""

    fit: Fit = Fit.COVER
    focus: Focus | None = None
    camera: Camera = Camera.AUTO
    transition: TransitionChoice | None = Field(default=None, description="Absent: as the project has it")
    title_is_shown: bool = Field(default=False, description="The slide's title is laid over its picture")
    clip: ClipCut | None = Field(default=None, description="Shown in place of a picture")
    pause_ms: int = Field(default=0, ge=0, le=30_000, description="Silence added after the narration")


class SlidePart(StrEnum):
    """What a slide of an outline is to its author."""

    SLIDE = "slide"
    INTRO = "intro"  # own video before the first slide
    OUTRO = "outro"  # own video after the last slide


class SlideOutline(Value):
    """One slide: which parts are given and which must be made."""

    slide_id: str
    number: int = Field(ge=1, description="Position among the author's slides, from 1; errors name it")
    part: SlidePart = Field(default=SlidePart.SLIDE, description="An intro has the number 1, an outro the last")
    image: ImageReference | None = Field(default=None, description="Given picture; none means generate")
    voice_mode: VoiceMode = VoiceMode.SPOKEN
    voice: AudioReference | None = None
    words: AssetReference | None = Field(
        default=None, description="Word times of a given voice or a silent slide, estimated"
    )
    silent_ms: int | None = Field(default=None, gt=0, description="How long a silent slide is shown [ms]")
    look: SlideLook = SlideLook()
    has_lower_third: bool = Field(default=False, description="The titles name someone for it")

    @property
    def author_number(self) -> int | None:
        """What the author counts it as; nothing for intro and outro."""
        return self.number if self.part is SlidePart.SLIDE else None


class LowerThird(Value):
    """A name, and what it stands for, shown at the start of a slide."""

    text: str = Field(min_length=1, max_length=200)
    detail: str = Field(default="", max_length=200)


class RevisionTitles(Value):
    """The titles of a revision, kept as a stored object because messages carry no slide text."""

    title: str
    slides: dict[str, str] = Field(description="Slide id to slide title")
    lower_thirds: dict[str, LowerThird] = Field(default={}, description="By slide id")


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
    music_level_db: float | None = Field(default=None, ge=-40, le=6, description="Absent: as is usual")
    music_duck_db: float = Field(default=-6.0, ge=-40, le=0)
    rate: Rate = Rate(numerator=30)
    size: FrameSize = FrameSize(width=1920, height=1080)
    profile: EncodingProfile = EncodingProfile.STANDARD
    crossfade_ms: int = Field(default=500, ge=0, le=3000, description="Length of transitions of every kind")
    transition: TransitionChoice = TransitionChoice()
    caption_style: CaptionStyle = CaptionStyle()
    look: Look = Look()
    loudness_lufs: float = Field(default=-14.0, ge=-31, le=-9)
    outputs: tuple[Output, ...] = ()
