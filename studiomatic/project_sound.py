"""How a video sounds: the words of a project file, and what a draft says.

sound: {loudness: -16}
music: {mood: calm, level: -12, duck: -6}
music: {file: song.mp3, level: -8}
slides:
  - narration: Now think about it.
    pause: 1.5                # silence after the narration
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from shared.contracts.projects import MusicDraft, ProjectDraft
from shared.contracts.revisions import MusicMode
from studiomatic.project_media import ProjectMedia

_USUAL_MOOD = "calm"


class SoundWords(BaseModel):
    """The finished sound."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loudness: float = Field(default=-14.0, ge=-31, le=-9, description="Of the whole video [LUFS]")


class MusicWords(BaseModel):
    """Background music: composed to a mood, or a file; and how loud it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mood: str | None = Field(default=None, max_length=40)
    take: int = Field(default=1, ge=1)
    file: str | None = Field(default=None, min_length=1)
    level: float | None = Field(default=None, ge=-40, le=6, description="Against the voice [dB]")
    duck: float = Field(default=-6.0, ge=-40, le=0, description="Further, while somebody speaks [dB]")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.file is not None and (self.mood is not None or self.take > 1):
            raise ValueError("give either `file`, or `mood` and `take`")
        return self

    def draft(self, media: ProjectMedia) -> MusicDraft:
        """What the draft says of it."""
        levels: dict[str, Any] = {"level_db": self.level, "duck_db": self.duck}
        if self.file is not None:
            return MusicDraft(mode=MusicMode.GIVEN, audio=media.sound(self.file, "music"), **levels)
        return MusicDraft(mood=_USUAL_MOOD if self.mood is None else self.mood, take=self.take, **levels)


def _music_form(value: Any) -> str | None:
    if isinstance(value, dict | MusicWords):
        return "Music"
    return "str" if isinstance(value, str) and value else None


MusicEntry = Annotated[
    Annotated[MusicWords, Tag("Music")] | Annotated[str, Tag("str")],
    Discriminator(
        _music_form,
        custom_error_type="form",
        custom_error_message="write `none`, the path of a sound file, or a block like {mood: calm}",
    ),
]


def music_draft(music: MusicWords | str, media: ProjectMedia) -> MusicDraft:
    """The music that a project file asks for; a path alone is short for a block."""
    if music == "none":
        return MusicDraft(mode=MusicMode.NONE)
    return (music if isinstance(music, MusicWords) else MusicWords(file=music)).draft(media)


def music_entry(music: MusicDraft, media: dict[str, str]) -> Any:
    """The words for the music; a path alone where that says all.

    Args:
        media: SHA-256 of each given asset to its path.
    """
    if music.mode is MusicMode.NONE:
        return "none"
    file = media.get(music.audio.asset.sha256) if music.audio else None
    if music.audio is not None and file is None:
        return "none"
    entry: dict[str, Any] = {"file": file} if file else {"mood": music.mood, "take": music.take}
    if music.level_db is not None:
        entry["level"] = music.level_db
    if music.duck_db != MusicDraft().duck_db:
        entry["duck"] = music.duck_db
    return file if len(entry) == 1 and file else entry


def sound_entry(draft: ProjectDraft) -> dict[str, Any] | None:
    """The words for the finished sound; nothing where it is as usual."""
    usual = SoundWords().loudness
    return {"loudness": draft.loudness_lufs} if draft.loudness_lufs != usual else None
