"""What content asks of a provider: one port and one request for each kind of work.

A request checks itself, so that every provider may rely on its limits. A provider writes its file to the path it
is given and never elsewhere; it raises :class:`~shared.errors.TaskFailedError` with a code ``content.…``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shared.errors import InvalidInputError

MAX_TOPIC_CHARACTERS = 300
MAX_TEXT_CHARACTERS = 50_000
MAX_SLIDES = 100
MAX_NARRATION_CHARACTERS = 10_000
MAX_PROMPT_CHARACTERS = 2_000
MIN_SIDE_PIXELS = 16
MAX_SIDE_PIXELS = 4_096
MIN_SPEED = 0.5
MAX_SPEED = 2.0
MAX_MUSIC_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class ScriptRequest:
    """A script to be written, from a topic or from given text.

    Args:
        topic: What the video is about; becomes the title. May be empty when ``text`` is given.
        text: The author's own words; when given, they are the narration.
        slides: How many slides, 1 to 100.
        language: Two-letter code of ISO 639-1; a region ("pt-BR") is accepted.
        tone: A wish such as "playful"; providers may ignore it.
    Raises:
        InvalidInputError: Nothing to write about, or a limit is passed; the message names it.
    """

    topic: str = ""
    text: str = ""
    slides: int
    language: str
    tone: str | None = None

    def __post_init__(self) -> None:
        if not self.topic.strip() and not self.text.strip():
            raise InvalidInputError("the topic is empty; say what the video is about, or give a text")
        _refuse_longer("topic", self.topic, MAX_TOPIC_CHARACTERS, "; give long material as text")
        _refuse_longer("text", self.text, MAX_TEXT_CHARACTERS, "; shorten it or make several videos")
        if not 1 <= self.slides <= MAX_SLIDES:
            raise InvalidInputError(f"{self.slides} slides asked for; a video has 1 to {MAX_SLIDES}")


@dataclass(frozen=True, kw_only=True)
class ScriptSlide:
    """One slide of a script: its title, the words that are spoken, and what its picture shows."""

    title: str
    narration: str
    image_prompt: str


@dataclass(frozen=True, kw_only=True)
class Script:
    """The words of a video."""

    title: str
    slides: tuple[ScriptSlide, ...]


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """A picture to be made.

    Args:
        prompt: What it shows, in any language.
        width, height: Wanted size [pixels], 16 to 4096 each.
        take: Which of the many possible pictures; 1 is the first, another number is another picture.
        style: A wish such as "night" or "pastel"; providers may ignore it.
    """

    prompt: str
    width: int
    height: int
    take: int = 1
    style: str = ""

    def __post_init__(self) -> None:
        _refuse_longer("image prompt", self.prompt, MAX_PROMPT_CHARACTERS, "; shorten it")
        for side in (self.width, self.height):
            if not MIN_SIDE_PIXELS <= side <= MAX_SIDE_PIXELS:
                raise InvalidInputError(
                    f"a picture of {self.width}x{self.height} pixels was asked for; "
                    f"each side must be {MIN_SIDE_PIXELS} to {MAX_SIDE_PIXELS}"
                )


@dataclass(frozen=True, kw_only=True)
class VoiceRequest:
    """A narration to be spoken.

    Args:
        text: At most 10,000 characters.
        language: Two-letter code of ISO 639-1; a region ("pt-BR") is accepted.
        voice: Name of one of the provider's voices; None is its best for the language.
        speed: 1.0 is natural, 0.5 to 2.0.
        take: Which of the possible readings; a provider that always reads alike ignores it.
    """

    text: str
    language: str
    voice: str | None = None
    speed: float = 1.0
    take: int = 1

    def __post_init__(self) -> None:
        _refuse_longer("narration", self.text, MAX_NARRATION_CHARACTERS, "; split the slide")
        if not MIN_SPEED <= self.speed <= MAX_SPEED:
            raise InvalidInputError(f"speed {self.speed} was asked for; it must be {MIN_SPEED} to {MAX_SPEED}")


@dataclass(frozen=True, kw_only=True)
class MusicRequest:
    """Background music to be made.

    Args:
        mood: Words such as "calm" or "uplifting"; unknown ones are answered with something neutral.
        duration_s: Length [s], more than 0 and at most 5 minutes; a longer video repeats it.
        take: Which of the many possible pieces.
    """

    mood: str
    duration_s: float
    take: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.duration_s <= MAX_MUSIC_SECONDS:
            raise InvalidInputError(
                f"music of {self.duration_s} s was asked for; "
                f"it must be above 0 and at most {MAX_MUSIC_SECONDS:.0f} s"
            )


@dataclass(frozen=True, kw_only=True)
class GeneratedFile:
    """A file a provider has written."""

    path: Path
    media_type: str


@dataclass(frozen=True, kw_only=True)
class WordTiming:
    """One word of a narration and when it is spoken.

    ``text`` is ``narration[start_offset:end_offset]``, punctuation that belongs to it included; together the words
    cover every visible character. Times are samples at the rate of the sound file, from its start; words follow
    each other without overlap and each lasts at least one sample.
    """

    text: str
    start_offset: int
    end_offset: int
    start_sample: int
    end_sample: int


@dataclass(frozen=True, kw_only=True)
class Speech:
    """A spoken narration: the sound file, its exact length, and where its words lie."""

    file: GeneratedFile
    sample_rate: int
    samples: int
    words: tuple[WordTiming, ...]


class Provider(Protocol):
    """What every provider says of itself.

    ``version`` changes whenever the same request would get another answer; it goes into the digest of the request.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def is_builtin(self) -> bool: ...


class ScriptProvider(Provider, Protocol):
    """Writes the words of a video."""

    def write(self, request: ScriptRequest) -> Script:
        """Write exactly ``request.slides`` slides."""
        ...


class ImageProvider(Provider, Protocol):
    """Makes the picture of a slide."""

    def generate(self, request: ImageRequest, target: Path) -> GeneratedFile:
        """Write a PNG or JPEG to ``target``."""
        ...


class VoiceProvider(Provider, Protocol):
    """Speaks the narration of a slide."""

    def synthesize(self, request: VoiceRequest, target: Path) -> Speech:
        """Write a 16-bit WAV to ``target`` and tell where the words lie.

        Raises:
            TaskFailedError: ``content.nothing_to_say``: the text has no letter or digit.
        """
        ...


class MusicProvider(Provider, Protocol):
    """Makes the background music of a video."""

    def compose(self, request: MusicRequest, target: Path) -> GeneratedFile:
        """Write a 16-bit stereo WAV at 48 kHz to ``target``, as long as asked for, to the sample."""
        ...


def _refuse_longer(what: str, text: str, limit: int, remedy: str) -> None:
    if len(text) > limit:
        raise InvalidInputError(f"the {what} has {len(text):,} characters; at most {limit:,} are possible{remedy}")
