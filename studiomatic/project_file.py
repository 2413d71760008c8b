"""``project.yaml``: what an author edits and renders again.

    title: How bees find flowers
    language: en
    style: {size: 1920x1080, fps: 30, profile: standard, crossfade: 0.5, captions: true}
    voice: {speed: 1.0}            # or: none
    music: {mood: calm}            # or: none, or: path/to/music.mp3
    slides:
      - title: A map of scent
        narration: Bees smell a meadow before they see it.
        image_prompt: a meadow at dawn   # or: image: path/to/picture.jpg
      - image: end.png
        seconds: 4                       # shown silently

Paths are relative to the file. Unknown words are refused, so that a typing mistake is not silently ignored.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from shared.contracts.projects import Brief, MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import MusicMode
from shared.contracts.timeline import CaptionStyle, EncodingProfile, FrameSize, Rate
from shared.errors import BadMediaError, InvalidInputError

ASPECTS: dict[str, tuple[int, int]] = {
    "16:9": (1920, 1080),
    "9:16": (1080, 1920),
    "1:1": (1080, 1080),
    "4:5": (1080, 1350),
}
MAX_FILE_BYTES = 2 * 1024 * 1024

R = TypeVar("R")
T = TypeVar("T", bound=BaseModel)

_WORDS = {
    "extra_forbidden": "is no word of a project file; check the spelling",
    "string_type": "must be text; put it in quotes",
    "tuple_type": "must be a list, one `- ` for each",
    "missing": "is missing",
    "dict_type": "must be a block of `name: value` lines",
    "model_type": "must be a block of `name: value` lines",
    "string_pattern_mismatch": "is not written as expected; see docs/embedded.md",
    "multiple_of": "must be even: 4:2:0 video halves the picture",
    "greater_than": "must be over {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "enum": "must be {expected}",
    "string_too_short": "is empty",
    "string_too_long": "may have at most {max_length} characters",
    "too_long": "may be at most {max_length}",
}
"""Plainer words for what pydantic says, with its figures."""

_YAML_HINTS = {
    "mapping values are not allowed": "put text that holds a colon in quotes",
    "cannot start any token": "indent with spaces, and put text that begins with a special character in quotes",
    "duplicate key": "say it once",
}
"""What to do about the commonest mistakes, by what the parser says."""

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
        rate = Fraction(str(value)).limit_denominator(1001)
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
    crossfade: float = Field(default=0.5, ge=0, le=3, description="[s]")
    captions: bool = True


class Voice(_Part):
    """How the narration sounds."""

    speed: float = Field(default=1.0, ge=0.5, le=2.0)


class Music(_Part):
    """Composed background music."""

    mood: str = Field(default="calm", max_length=40)
    take: int = Field(default=1, ge=1)


def _voice_form(value: Any) -> str | None:
    if isinstance(value, dict | Voice):
        return "Voice"
    return "str" if value == "none" else None


def _music_form(value: Any) -> str | None:
    if isinstance(value, dict | Music):
        return "Music"
    return "str" if isinstance(value, str) and value else None


VoiceEntry = Annotated[
    Annotated[Voice, Tag("Voice")] | Annotated[Literal["none"], Tag("str")],
    Discriminator(
        _voice_form, custom_error_type="form", custom_error_message="write `none`, or a block like {speed: 1.0}"
    ),
]
MusicEntry = Annotated[
    Annotated[Music, Tag("Music")] | Annotated[str, Tag("str")],
    Discriminator(
        _music_form,
        custom_error_type="form",
        custom_error_message="write `none`, the path of a sound file, or a block like {mood: calm}",
    ),
]


class Slide(_Part):
    """One slide."""

    title: str = Field(default="", max_length=200)
    narration: str = Field(default="", max_length=5_000)
    image_prompt: str = Field(default="", max_length=2_000)
    image_take: int = Field(default=1, ge=1)
    image: str | None = None
    voice: str | None = None
    voice_take: int = Field(default=1, ge=1)
    seconds: float | None = Field(default=None, gt=0, le=600)


class ProjectFile(_Part):
    """The whole file; either slides, or a topic or text to write them from."""

    project: str | None = None
    title: str | None = Field(default=None, min_length=1, max_length=200)
    language: str = "en"
    topic: str | None = None
    text: str | None = None
    slide_count: int | None = Field(default=None, ge=1, le=100)
    style: Style = Style()
    voice: VoiceEntry = Voice()
    music: MusicEntry = Music()
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
        raise InvalidInputError(f"{name} is not YAML: {_yaml_problem(error)}") from None
    if not isinstance(data, dict):
        raise InvalidInputError(f"{name} holds no project; it starts like `title: My video`")
    try:
        return ProjectFile.model_validate(data)
    except ValidationError as error:
        raise InvalidInputError(f"{name}: {_problems(error)}") from None


def to_draft(
    file: ProjectFile,
    folder: Path,
    *,
    add_image: Callable[[Path], ImageReference],
    add_audio: Callable[[Path], AudioReference],
    earlier: ProjectDraft | None = None,
) -> ProjectDraft:
    """Hand in the media that a project file names, and make its draft.

    Args:
        folder: Where relative paths start.
        earlier: The revision that was edited; media it was given may be named as ``asset:SHA256``.
    Raises:
        InvalidInputError: A file is missing; names the slide.
        BadMediaError: A file cannot be used; names it.
    """
    media = _Media(folder, add_image, add_audio, earlier)
    brief = None
    if file.topic is not None or file.text is not None:
        topic = file.topic if file.topic is not None else file.text or ""
        if not topic.strip():
            raise InvalidInputError("the topic is empty; say in a few words what the video is about")
        brief = _checked(
            Brief, {"topic": topic, "slides": file.slide_count or 6, "is_text": file.text is not None}
        )
    values = {
        "title": file.title or _title_of(brief),
        "language": file.language,
        "brief": brief,
        "slides": tuple(
            _slide_draft(slide, f"slide {number}", media) for number, slide in enumerate(file.slides, start=1)
        ),
        "silent": file.voice == "none",
        "voice_speed_percent": round(file.voice.speed * 100) if isinstance(file.voice, Voice) else 100,
        "music": _music_draft(file.music, media),
        "size": file.style.size,
        "rate": file.style.fps,
        "profile": file.style.profile,
        "crossfade_ms": round(file.style.crossfade * 1000),
        "captions": CaptionStyle(burn_in=file.style.captions),
    }
    return _checked(ProjectDraft, values)


def from_draft(draft: ProjectDraft, *, project_id: str, media: dict[str, str] | None = None) -> str:
    """Write a draft as a project file.

    Args:
        media: SHA-256 of each given asset to its path beside the file.
    """
    media = media or {}
    data: dict[str, Any] = {"project": project_id, "title": draft.title, "language": draft.language}
    data["style"] = {
        "size": f"{draft.size.width}x{draft.size.height}",
        "fps": str(draft.rate.fraction) if draft.rate.denominator > 1 else draft.rate.numerator,
        "profile": draft.profile.value,
        "crossfade": draft.crossfade_ms / 1000,
        "captions": draft.captions.burn_in,
    }
    data["voice"] = "none" if draft.silent else {"speed": draft.voice_speed_percent / 100}
    data["music"] = _music_entry(draft.music, media)
    if draft.brief is not None:
        data["text" if draft.brief.is_text else "topic"] = draft.brief.topic
        data["slide_count"] = draft.brief.slides
    else:
        data["slides"] = [_slide_entry(slide, media) for slide in draft.slides]
    yaml = YAML()
    yaml.width = 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


class _Media:
    """Finds the files that a project names, and the assets that an earlier revision was given."""

    def __init__(
        self,
        folder: Path,
        add_image: Callable[[Path], ImageReference],
        add_audio: Callable[[Path], AudioReference],
        earlier: ProjectDraft | None,
    ) -> None:
        self._folder = folder
        self._add_image = add_image
        self._add_audio = add_audio
        slides = earlier.slides if earlier else ()
        sounds = [slide.voice for slide in slides] + ([earlier.music.audio] if earlier else [])
        self._images = {_asset_name(image.asset): image for slide in slides if (image := slide.image)}
        self._sounds = {_asset_name(sound.asset): sound for sound in sounds if sound}

    def image(self, name: str | None, place: str) -> ImageReference | None:
        """The picture that a slide names."""
        if name is None:
            return None
        return self._images.get(name) or _placed(place, self._add_image, self._file(name, place))

    def sound(self, name: str | None, place: str) -> AudioReference | None:
        """The sound that a slide or the music names."""
        if name is None:
            return None
        return self._sounds.get(name) or _placed(place, self._add_audio, self._file(name, place))

    def _file(self, name: str, place: str) -> Path:
        path = (self._folder / name).expanduser()
        if not path.exists():
            raise InvalidInputError(f"{place}: there is no file {name} in {self._folder}")
        return path.resolve()


def _placed(place: str, add: Callable[[Path], R], path: Path) -> R:
    """Hand a file in; should it be refused, say where it was to be used."""
    try:
        return add(path)
    except BadMediaError as error:
        raise BadMediaError(f"{place}: {error.message}") from None


def kept_media(draft: ProjectDraft) -> dict[str, str]:
    """Names for the assets a revision was given, when no files stand for them."""
    given = [slide.image.asset for slide in draft.slides if slide.image]
    given += [slide.voice.asset for slide in draft.slides if slide.voice]
    given += [draft.music.audio.asset] if draft.music.audio else []
    return {asset.sha256: _asset_name(asset) for asset in given}


def _asset_name(asset: AssetReference) -> str:
    return f"asset:{asset.sha256}"


def _slide_draft(slide: Slide, place: str, media: _Media) -> SlideDraft:
    return SlideDraft(
        title=slide.title,
        narration=slide.narration,
        image_prompt=slide.image_prompt,
        image=media.image(slide.image, place),
        image_take=slide.image_take,
        voice=media.sound(slide.voice, place),
        voice_take=slide.voice_take,
        seconds=slide.seconds,
    )


def _music_draft(music: Music | str, media: _Media) -> MusicDraft:
    if isinstance(music, Music):
        return MusicDraft(mood=music.mood, take=music.take)
    if music == "none":
        return MusicDraft(mode=MusicMode.NONE)
    return MusicDraft(mode=MusicMode.GIVEN, audio=media.sound(music, "music"))


def _music_entry(music: MusicDraft, media: dict[str, str]) -> Any:
    if music.mode is MusicMode.NONE:
        return "none"
    if music.audio is not None:
        return media.get(music.audio.asset.sha256, "none")
    return {"mood": music.mood, "take": music.take}


def _slide_entry(slide: SlideDraft, media: dict[str, str]) -> dict[str, Any]:
    """Only what differs from the default, in the order an author reads it."""
    entry: dict[str, Any] = {
        "title": slide.title,
        "narration": slide.narration,
        "image": media.get(slide.image.asset.sha256) if slide.image else None,
        "image_prompt": slide.image_prompt,
        "image_take": slide.image_take if slide.image_take > 1 else None,
        "voice": media.get(slide.voice.asset.sha256) if slide.voice else None,
        "voice_take": slide.voice_take if slide.voice_take > 1 else None,
        "seconds": slide.seconds,
    }
    return {name: value for name, value in entry.items() if value not in (None, "")}


def _title_of(brief: Brief | None) -> str:
    if brief is None:
        return "Untitled"
    first_line = brief.topic.strip().splitlines()[0]
    return first_line if len(first_line) <= 80 else f"{first_line[:79]}…"


def _checked(model: type[T], values: dict[str, Any]) -> T:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InvalidInputError(_problems(error)) from None


def _problems(error: ValidationError) -> str:
    found = [
        f"{_place(problem['loc'])}{_words(problem)}"
        for problem in error.errors(include_url=False, include_input=False)[:4]
    ]
    return "; ".join(found)


def _words(problem: ErrorDetails) -> str:
    words = _WORDS.get(problem["type"])
    if words is None:
        return problem["msg"].removeprefix("Value error, ")
    return words.format(**problem.get("ctx", {}))


def _place(location: tuple[int | str, ...]) -> str:
    parts: list[str] = []
    for part in location:
        if isinstance(part, int) and parts and parts[-1] == "slides":
            parts[-1] = f"slide {part + 1}"
        elif not str(part).startswith(("function-", "literal[")) and part not in ("Voice", "Music", "str"):
            parts.append(str(part))
    return f"{', '.join(parts)}: " if parts else ""


def _yaml_problem(error: YAMLError) -> str:
    """The line and what is wrong with it, without the parser's own place names."""
    if not isinstance(error, MarkedYAMLError) or error.problem is None:
        return " ".join(str(error).split())[:200]
    problem = " ".join(error.problem.split())[:120]
    hints = [hint for words, hint in _YAML_HINTS.items() if words in problem]
    place = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
    return "; ".join([f"{place}{problem}", *hints])
