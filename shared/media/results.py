"""What the sandbox finds out about a file, and what it made of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class MediaKind(StrEnum):
    """What a file is for a video: the kinds that can be given."""

    IMAGE = "image"  # one still picture
    AUDIO = "audio"  # sound, no moving picture (cover art does not count)
    VIDEO = "video"  # at least one moving picture
    FONT = "font"  # outlines of letters


@dataclass(frozen=True, kw_only=True)
class MediaProbe:
    """What a file's header says it is; its content has not been decoded.

    ``format`` is our name of the file format, e.g. ``png``. Pictures have ``width`` and ``height`` in pixels as
    shown (after EXIF rotation); sounds have ``sample_rate`` [Hz] and ``channels``; ``duration`` is in seconds and
    missing where the file does not state it.
    """

    kind: MediaKind
    format: str
    media_type: str
    size_bytes: int
    codec: str
    width: int | None = None
    height: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    duration: Fraction | None = None


@dataclass(frozen=True, kw_only=True)
class NormalisedImage:
    """A picture in normal form: PNG, RGB, 8 bits, sRGB, upright, opaque unless it is a logo, no metadata.

    ``warnings`` are sentences for the author: what had to be guessed or reduced. ``interest`` is where the eye
    goes first, from the left and upper edge [thousandths]; None where nothing stands out.
    """

    width: int
    height: int
    size_bytes: int
    source_format: str
    warnings: tuple[str, ...] = ()
    interest: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.interest and not all(0 <= place <= 1000 for place in self.interest):
            raise ValueError(f"a place outside of the picture: {self.interest}")


@dataclass(frozen=True, kw_only=True)
class NormalisedAudio:
    """A sound in normal form: WAV, signed 16-bit little-endian PCM, 48 kHz, stereo, 44 byte header.

    ``samples`` counts sample frames at 48 kHz, so the file has exactly ``44 + 4 * samples`` bytes.
    """

    samples: int
    size_bytes: int
    source_format: str
    source_rate: int
    source_channels: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NormalisedFont:
    """A font in normal form: one TrueType or OpenType face with nothing but what drawing its outlines needs.

    ``family`` is its name as its maker wrote it; ``characters`` counts the code points that it maps.
    """

    family: str
    characters: int
    size_bytes: int
    source_format: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NormalisedVideo:
    """A video in normal form: MP4 with one H.264 track, 4:2:0, BT.709, limited range, one constant rate.

    Its sound lies in it without loss; ``sound_samples`` is its length at 48 kHz, 0 where there is nothing to hear.
    """

    width: int
    height: int
    rate: Fraction
    frames: int
    sound_samples: int
    size_bytes: int
    source_format: str
    source_codec: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ColourTags:
    """How a video says its numbers become colours (ITU-T H.273 names); ``unspecified`` where it does not say."""

    range: str
    matrix: str
    primaries: str
    transfer: str


@dataclass(frozen=True, kw_only=True)
class VideoStreamProbe:
    """The moving picture of a file, counted packet by packet.

    ``monotonic`` means: decode times strictly rise and every presentation time is there once, one frame apart.
    """

    codec: str
    profile: str | None
    width: int
    height: int
    pixel_format: str
    rate: Fraction
    frames: int
    key_frames: int
    duration: Fraction
    start: Fraction
    monotonic: bool
    colour: ColourTags


@dataclass(frozen=True, kw_only=True)
class AudioStreamProbe:
    """The sound of a file. ``duration`` [s] is what a player plays: without encoder priming."""

    codec: str
    profile: str | None
    sample_rate: int
    channels: int
    layout: str
    packets: int
    duration: Fraction
    start: Fraction
    monotonic: bool


@dataclass(frozen=True, kw_only=True)
class ChapterProbe:
    """One chapter mark; times in seconds from the start of the video."""

    title: str
    start: Fraction
    end: Fraction


@dataclass(frozen=True, kw_only=True)
class VideoProbe:
    """An independent look at a finished video file: every packet counted, none decoded.

    ``faststart`` means the index (``moov``) lies before the media, so that a player can start while it downloads;
    it is None for formats that have no such choice.
    """

    format: str
    size_bytes: int
    duration: Fraction
    faststart: bool | None
    video: VideoStreamProbe
    audio: AudioStreamProbe | None
    chapters: tuple[ChapterProbe, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SandboxReport:
    """What holds a child back on this machine, and the libraries that would decode; for diagnosis.

    ``barriers`` are names of :class:`shared.media.confine.Barrier`.
    """

    barriers: tuple[str, ...]
    libraries: dict[str, str]
