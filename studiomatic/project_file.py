"""``project.yaml``: what an author edits and renders again.

    title: How bees find flowers
    language: en
    style: {size: 1920x1080, fps: 30, profile: standard, crossfade: 0.5, captions: true}
    brand: brand.yaml              # fonts, colours, logo, see brand_kit
    voice: {speed: 1.0}            # or: none
    music: {mood: calm, level: -12, duck: -6}   # or: none, or: path/to/music.mp3
    sound: {loudness: -14}
    slides:
      - title: A map of scent
        narration: Bees smell a meadow before they see it.
        image_prompt: a meadow at dawn   # or: image: path/to/picture.jpg
      - image: end.png
        seconds: 4                       # shown silently
      - video: harbour.mov               # your own video, see project_video

Paths are relative to the file. Unknown words are refused, so that a typing mistake is not silently ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from shared.contracts.timeline import EncodingProfile, FrameSize, Output, Rate
from shared.errors import InvalidInputError
from studiomatic.brand_kit import BrandEntry
from studiomatic.project_captions import CaptionEntry, CaptionWords
from studiomatic.project_picture import PictureWords, TransitionEntry, TransitionWords
from studiomatic.project_problems import problems_in, yaml_problem
from studiomatic.project_sound import MusicEntry, MusicWords, SoundWords
from studiomatic.project_titles import TitleWords
from studiomatic.project_video import ClipEntry, VideoWords

ASPECTS: dict[str, tuple[int, int]] = {
    "16:9": (1920, 1080),
    "9:16": (1080, 1920),
    "1:1": (1080, 1080),
    "4:5": (1080, 1350),
}
MAX_FILE_BYTES = 2 * 1024 * 1024

_NTSC_RATES = {"23.976": "24000/1001", "29.97": "30000/1001", "59.94": "60000/1001"}
"""What these roundings stand for (SMPTE ST 170, ST 296)."""

_SIZE = re.compile(r"^(\d{2,5})x(\d{2,5})$")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _size(value: Any) -> Any:
    text = ASPECTS.get(str(value))
    if text is not None:
        return {"width": text[0], "height": text[1]}
    match = _SIZE.match(str(value))
    if match is None:
        raise ValueError(f"write it like 1920x1080, or one of {', '.join(ASPECTS)}")
    return {"width": int(match[1]), "height": int(match[2])}


def _rate(value: Any) -> Any:
    try:
        rate = Fraction(_NTSC_RATES.get(str(value), str(value))).limit_denominator(1001)
    except (ValueError, ZeroDivisionError):
        raise ValueError("write it like 30 or 30000/1001") from None
    if not 1 <= rate <= 120:
        raise ValueError("must be between 1 and 120")
    return {"numerator": rate.numerator, "denominator": rate.denominator}


class Style(_Part):
    """How the video looks."""

    size: Annotated[FrameSize, BeforeValidator(_size)] = FrameSize(width=1920, height=1080)
    fps: Annotated[Rate, BeforeValidator(_rate)] = Rate(numerator=30)
    profile: EncodingProfile = EncodingProfile.STANDARD
    crossfade: float = Field(default=0.5, ge=0, le=3, description="Length of transitions [s]")
    transition: TransitionEntry = TransitionWords()
    captions: CaptionEntry = CaptionWords()


class Voice(_Part):
    """How the narration sounds."""

    speed: float = Field(default=1.0, ge=0.5, le=2.0)


def _voice_form(value: Any) -> str | None:
    if isinstance(value, dict | Voice):
        return "Voice"
    return "str" if value == "none" else None


VoiceEntry = Annotated[
    Annotated[Voice, Tag("Voice")] | Annotated[Literal["none"], Tag("str")],
    Discriminator(
        _voice_form, custom_error_type="form", custom_error_message="write `none`, or a block like {speed: 1.0}"
    ),
]


class Slide(VideoWords, PictureWords, TitleWords, _Part):
    """One slide."""

    title: str = Field(default="", max_length=200)
    narration: str = Field(default="", max_length=5_000)
    image_prompt: str = Field(default="", max_length=2_000)
    image_take: int = Field(default=1, ge=1)
    image: str | None = None
    voice: str | None = None
    voice_take: int = Field(default=1, ge=1)
    seconds: float | None = Field(default=None, gt=0, le=600)
    pause: float = Field(default=0, ge=0, le=30, description="Silence after the narration [s]")

    @model_validator(mode="after")
    def _shows_one_thing(self) -> Self:
        if self.image is not None and self.video is not None:
            raise ValueError("give either `image` or `video`")
        return self


def each_once(outputs: Iterable[Output]) -> tuple[Output, ...]:
    """Outputs in the order of their list, none twice."""
    asked = set(outputs)
    return tuple(output for output in Output if output in asked)


class ProjectFile(_Part):
    """The whole file; either slides, or a topic or text to write them from."""

    project: str | None = None
    title: str | None = Field(default=None, min_length=1, max_length=200)
    language: str = "en"
    topic: str | None = None
    text: str | None = None
    slide_count: int | None = Field(default=None, ge=1, le=100)
    style: Style = Style()
    brand: BrandEntry | None = None
    voice: VoiceEntry = Voice()
    music: MusicEntry = MusicWords()
    sound: SoundWords = SoundWords()
    outputs: Annotated[tuple[Output, ...], AfterValidator(each_once)] = ()
    intro: ClipEntry | None = None
    outro: ClipEntry | None = None
    slides: tuple[Slide, ...] = ()

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        sources = [bool(self.slides), self.topic is not None, self.text is not None]
        if sum(sources) != 1:
            raise ValueError("give exactly one of: slides, topic, text")
        return self


def load_project_file(path: Path) -> ProjectFile:
    """Read and check a project file.

    Raises:
        InvalidInputError: Names the file, the place and the remedy.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidInputError(f"{path.name} has over {MAX_FILE_BYTES // 1024} KiB; is it a project file?")
        return parse_project_file(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path.name} is not UTF-8 text") from None


def parse_project_file(text: str, name: str) -> ProjectFile:
    """Check the text of a project file.

    Args:
        name: What errors call it.
    Raises:
        InvalidInputError: Names the place and the remedy.
    """
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise InvalidInputError(f"{name} is not YAML: {yaml_problem(error)}") from None
    if not isinstance(data, dict):
        raise InvalidInputError(f"{name} holds no project; it starts like `title: My video`")
    try:
        return ProjectFile.model_validate(data)
    except ValidationError as error:
        raise InvalidInputError(f"{name}: {problems_in(error)}") from None
