"""The Timeline: what to show and to sound at which frame; data only, no pixels.

Vocabulary of OpenTimelineIO (track, clip, transition, rate). Time is whole frames at the timeline's rate,
and whole samples at 48 kHz for sound; there are no float seconds. Everything a picture clip says is relative
to its own first frame, so that a clip does not change when others are inserted before it.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Self

from pydantic import Field, model_validator

from shared.contracts.look import Colour, Look
from shared.contracts.message import Value
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference

SAMPLE_RATE = 48_000


class Rate(Value):
    """Frames per second as an exact fraction, e.g. 30/1 or 30000/1001."""

    numerator: int = Field(gt=0)
    denominator: int = Field(default=1, gt=0)

    @property
    def fraction(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)

    def frames_for_samples(self, samples: int) -> int:
        """Fewest whole frames that are not shorter than ``samples`` at 48 kHz."""
        return -(-samples * self.numerator // (SAMPLE_RATE * self.denominator))

    def samples_at_frame(self, frame: int) -> int:
        """Sample (48 kHz) at which ``frame`` starts, rounded down."""
        return frame * SAMPLE_RATE * self.denominator // self.numerator


class FrameSize(Value):
    """Picture size in pixels; both even, because 4:2:0 video halves the chroma planes."""

    width: int = Field(ge=128, le=3840, multiple_of=2)
    height: int = Field(ge=128, le=3840, multiple_of=2)


class VideoReference(Value):
    """A normalised moving picture: one H.264 track, 4:2:0, BT.709, limited range, square pixels, constant rate.

    ``poster`` stands for it wherever a still is shown. ``audio`` is its sound, from its first frame on.
    """

    asset: AssetReference
    width: int = Field(ge=2)
    height: int = Field(ge=2)
    rate: Rate
    frames: int = Field(ge=1)
    poster: ImageReference
    audio: AudioReference | None = None


class Fit(StrEnum):
    """How a picture of another shape fills the frame."""

    COVER = "cover"  # cut to the frame
    CONTAIN = "contain"  # seen whole, over a blurred copy of itself


class Easing(StrEnum):
    """How a camera move starts and ends."""

    LINEAR = "linear"
    GENTLE = "gentle"  # half linear, half smooth: never stands still under a transition
    SMOOTH = "smooth"  # starts and ends at rest


class View(Value):
    """A visible part of a picture: zoom and the place of its centre.

    ``zoom`` 1.0 is the largest part with the frame's aspect; centre (0.5, 0.5) is the middle. The renderer
    clamps the part to the picture. A picture that is seen whole fits the frame in the closer view of its motion,
    lies in the middle, and is smaller in proportion in the other. Stored as thousandths so that equal views have
    equal bytes.
    """

    zoom_permille: int = Field(ge=1000, le=4000)
    centre_x_permille: int = Field(ge=0, le=1000)
    centre_y_permille: int = Field(ge=0, le=1000)


class Motion(Value):
    """A camera move over a still picture (Ken Burns) from ``start`` to ``end``; equal views hold still."""

    start: View
    end: View
    easing: Easing = Easing.GENTLE


class TransitionKind(StrEnum):
    """How a clip takes over from the one before it."""

    CUT = "cut"
    CROSSFADE = "crossfade"
    FADE = "fade"  # out to a colour, then in from it
    SLIDE = "slide"  # comes in over the clip before, which stays
    PUSH = "push"  # comes in and pushes the clip before out
    WIPE = "wipe"  # a soft edge uncovers it
    ZOOM = "zoom"  # both grow towards the viewer while they fade


class Direction(StrEnum):
    """Where something moves to."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


class Transition(Value):
    """The first frames of a clip, in which the clip before it is still seen.

    ``direction`` matters to slide, push and wipe, ``colour`` to fade.
    """

    kind: TransitionKind = TransitionKind.CUT
    frames: int = Field(default=0, ge=0)
    direction: Direction = Direction.LEFT
    colour: Colour = "#000000"

    @model_validator(mode="after")
    def _a_cut_has_no_frames(self) -> Self:
        if (self.kind is TransitionKind.CUT) != (self.frames == 0):
            raise ValueError("a cut has 0 frames, any other transition at least 1")
        return self


class CaptionWord(Value):
    """One spoken word and the frames in which it is highlighted, relative to the clip."""

    text: str
    start_frame: int = Field(ge=0)
    end_frame: int = Field(gt=0)


class Cue(Value):
    """One caption: its words, and the frames in which it is seen, relative to the clip."""

    start_frame: int = Field(ge=0)
    end_frame: int = Field(gt=0)
    text: str
    words: tuple[CaptionWord, ...] = ()


class TitleKind(StrEnum):
    """A text that is laid over the picture."""

    TITLE = "title"  # large, in the middle
    LOWER_THIRD = "lower_third"  # a name and what it stands for, at the lower left


class OnScreenTitle(Value):
    """A title or lower third and the frames in which it is seen, relative to the clip; it fades by itself."""

    kind: TitleKind
    text: str = Field(min_length=1, max_length=200)
    detail: str = Field(default="", max_length=200)
    start_frame: int = Field(ge=0)
    end_frame: int = Field(gt=0)


class MovingPicture(Value):
    """The part of a video that a clip shows: from ``first_frame`` of the video, at its own speed.

    When the video ends before the clip, its last frame stands.
    """

    video: VideoReference
    first_frame: int = Field(default=0, ge=0)


class PictureClip(Value):
    """One slide on the picture track.

    ``motion_frames`` is the length over which the motion runs: the clip's own frames and those in which the
    next clip fades in over it. With ``moving``, ``image`` is the poster of that video.
    """

    image: ImageReference
    moving: MovingPicture | None = None
    fit: Fit = Fit.COVER
    frames: int = Field(gt=0)
    motion_frames: int = Field(gt=0)
    motion: Motion
    transition_in: Transition = Transition()
    cues: tuple[Cue, ...] = ()
    titles: tuple[OnScreenTitle, ...] = ()


class VoiceClip(Value):
    """One narration on the voice track, placed by its first sample at 48 kHz from the start of the video."""

    slide_id: str
    audio: AudioReference
    start_sample: int = Field(ge=0)


class ClipSound(Value):
    """The sound of a video clip, placed by its first sample at 48 kHz from the start of the video.

    Plays ``samples`` samples from ``from_sample`` of the sound on. It fades at both ends: as long as its picture
    takes over and is taken over, or so briefly that only the click goes.
    """

    audio: AudioReference
    start_sample: int = Field(ge=0)
    from_sample: int = Field(default=0, ge=0)
    samples: int = Field(gt=0)
    fade_in_samples: int = Field(default=480, ge=0)
    fade_out_samples: int = Field(default=480, ge=0)
    gain_db: float = Field(default=0.0, ge=-60, le=20)


class MusicBed(Value):
    """Background music: looped or trimmed to the whole video, lowered under speech."""

    audio: AudioReference
    gain_db: float = -12.0
    duck_db: float = -6.0


class Chapter(Value):
    """Where a slide starts, for players and for people."""

    slide_id: str
    title: str
    start_frame: int = Field(ge=0)
    slide_number: int | None = Field(default=None, ge=1, description="As the author counts; none: intro or outro")


class CaptionMode(StrEnum):
    """How captions follow the voice."""

    SENTENCE = "sentence"  # a line at a time, nothing marked
    HIGHLIGHT = "highlight"  # the word that is spoken has another colour
    KARAOKE = "karaoke"  # words fill with colour from left to right as they are spoken, and stay so
    ONE_WORD = "one_word"  # one word at a time, which pops up


class CaptionStyle(Value):
    """How burned-in captions look; sizes in thousandths of the frame height, or of 1.4 times its width if less.

    Wherever ``baseline_permille`` puts them, captions stay inside the safe area of the frame.
    """

    burn_in: bool = True
    mode: CaptionMode = CaptionMode.HIGHLIGHT
    font: FontReference | None = Field(default=None, description="The author's own; else the bundled ones")
    box_colour: Colour = "#000000"
    box_opacity_permille: int = Field(default=550, ge=0, le=1000)
    outline_colour: Colour = "#000000"
    outline_permille: int = Field(default=0, ge=0, le=15)
    size_permille: int = Field(default=46, ge=20, le=120)
    text_colour: Colour = "#FFFFFF"
    highlight_colour: Colour = "#FFD23F"
    baseline_permille: int = Field(default=880, ge=100, le=980, description="Lower edge of the text, from the top")


class EncodingProfile(StrEnum):
    """Named encoder settings; what each means is the renderer's."""

    DRAFT = "draft"  # seen soon: fast, smaller bits
    STANDARD = "standard"  # what a finished video is
    HIGH = "high"  # slower, for archives and large screens


class VideoCodec(StrEnum):
    """What pictures are encoded with."""

    H264 = "h264"
    HEVC = "hevc"
    VP9 = "vp9"


class Output(StrEnum):
    """What is made beside ``video.mp4`` (H.264 and AAC), its captions, its poster and its timeline."""

    HEVC = "hevc"  # video_hevc.mp4
    WEBM = "webm"  # video.webm: VP9 and Opus
    HLS = "hls"  # fMP4 segments and playlist
    GIF = "gif"  # short silent preview
    WEBP = "webp"  # the same, animated WebP
    M4A = "m4a"  # the sound alone
    MP3 = "mp3"
    WAV = "wav"
    SPRITE = "sprite"  # thumbnails in one picture, with the VTT file that players read
    STEMS = "stems"  # voice, music and clip sound apart, as they sit in the mix


class Timeline(Value):
    """A whole video: picture track, voice track, music bed; the hand-over between services."""

    rate: Rate
    size: FrameSize
    profile: EncodingProfile = EncodingProfile.STANDARD
    title: str = ""
    language: str = "en"
    caption_style: CaptionStyle = CaptionStyle()
    look: Look = Look()
    pictures: tuple[PictureClip, ...] = Field(min_length=1)
    chapters: tuple[Chapter, ...] = ()
    voices: tuple[VoiceClip, ...] = ()
    sounds: tuple[ClipSound, ...] = ()
    music: MusicBed | None = None
    loudness_lufs: float = Field(default=-14.0, ge=-31, le=-9)
    outputs: tuple[Output, ...] = ()

    @property
    def frames(self) -> int:
        """Length of the video in frames."""
        return sum(clip.frames for clip in self.pictures)

    @property
    def samples(self) -> int:
        """Length of the sound in samples at 48 kHz: that of the picture, to the sample."""
        return self.rate.samples_at_frame(self.frames)

    def start_frame_of(self, index: int) -> int:
        """First frame of the picture clip ``index`` (from 0) in the video."""
        return sum(clip.frames for clip in self.pictures[:index])


class ClipTail(Value):
    """The clip before a segment's, as far as a transition needs it."""

    image: ImageReference
    moving: MovingPicture | None = None
    fit: Fit = Fit.COVER
    frames: int = Field(gt=0)
    motion_frames: int = Field(gt=0)
    motion: Motion


class SegmentSpec(Value):
    """A contiguous frame range of one clip, video only: everything that decides its pixels and nothing else.

    Its canonical JSON is a stored object. ``first_frame`` counts from the clip's first frame, so a segment
    stays the same when slides are inserted before it. It names no slide: slides that look the same share it.
    """

    rate: Rate
    size: FrameSize
    profile: EncodingProfile
    codec: VideoCodec = VideoCodec.H264
    caption_style: CaptionStyle
    look: Look = Look()
    clip: PictureClip
    before: ClipTail | None = Field(default=None, description="Present when transition_in has frames")
    first_frame: int = Field(ge=0)
    frames: int = Field(gt=0)

    @model_validator(mode="after")
    def _lies_within_the_clip(self) -> Self:
        if self.first_frame + self.frames > self.clip.frames:
            raise ValueError("the segment reaches beyond its clip")
        if self.clip.transition_in.frames and self.before is None:
            raise ValueError("a transition needs the clip before it")
        return self


class SegmentReference(Value):
    """A rendered segment: its bytes and its exact number of frames."""

    asset: AssetReference
    frames: int = Field(gt=0)
