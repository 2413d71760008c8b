"""Own video in a project: the words of a project file, and what a draft says.

intro: opening.mp4
outro: {video: closing.mp4, from: 2, sound: mute}
slides:
  - video: harbour.mov         # in place of a picture; shown to its end
    video_from: 1.5            # where it begins [s]
    seconds: 6                 # how long it is shown; when narrated, as long as the narration
    video_sound: mix           # or: mute
    video_gain: -6             # [dB]
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.revisions import ClipCut
from studiomatic.project_media import ProjectMedia


class VideoSound(StrEnum):
    """Whether the sound of a video is heard."""

    MIX = "mix"
    MUTE = "mute"


def _block(value: Any) -> Any:
    """A path alone is short for a block."""
    return {"video": value} if isinstance(value, str) else value


class ClipWords(BaseModel):
    """An intro or outro; heard unless it is muted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    video: str = Field(min_length=1)
    start: float = Field(default=0, ge=0, alias="from", allow_inf_nan=False, description="Where it begins [s]")
    sound: VideoSound = VideoSound.MIX
    gain: float = Field(default=0, ge=-60, le=20, description="[dB]")

    def cut(self, place: str, media: ProjectMedia) -> ClipCut:
        """What the draft says of it."""
        return _cut(self.video, self.start, self.sound, self.gain, place, media)


ClipEntry = Annotated[ClipWords, BeforeValidator(_block)]


class VideoWords(BaseModel):
    """The video that a slide shows in place of a picture; heard unless the slide is narrated, or as it says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    video: str | None = Field(default=None, min_length=1)
    video_from: float = Field(default=0, ge=0, allow_inf_nan=False, description="Where it begins [s]")
    video_sound: VideoSound | None = None
    video_gain: float = Field(default=0, ge=-60, le=20, description="[dB]")

    @model_validator(mode="after")
    def _belongs_to_a_video(self) -> Self:
        if self.video is None and (self.video_from or self.video_sound or self.video_gain):
            raise ValueError("`video_from`, `video_sound` and `video_gain` are for a slide with a `video`")
        return self

    def clip(self, place: str, media: ProjectMedia, *, is_narrated: bool) -> ClipCut | None:
        """What the draft says of it."""
        if self.video is None:
            return None
        sound = self.video_sound or _usual_sound(is_narrated=is_narrated)
        return _cut(self.video, self.video_from, sound, self.video_gain, place, media)


def framing_entry(draft: ProjectDraft, media: dict[str, str]) -> dict[str, Any]:
    """The words for intro and outro."""
    return {name: _clip_entry(cut, media) for name, cut in (("intro", draft.intro), ("outro", draft.outro)) if cut}


def video_entry(slide: SlideDraft, media: dict[str, str]) -> dict[str, Any]:
    """The words for a slide's video; only what differs from the default."""
    cut = slide.look.clip
    if cut is None:
        return {}
    sound, usual = _sound(cut), _usual_sound(is_narrated=is_narrated(slide.narration, slide.voice))
    return {
        "video": media.get(cut.video.asset.sha256),
        "video_from": cut.from_ms / 1000 if cut.from_ms else None,
        "video_sound": sound.value if sound is not usual else None,
        "video_gain": cut.gain_db or None,
    }


def is_narrated(narration: str, voice: object | None) -> bool:
    """Whether somebody speaks on a slide, as far as the slide itself says."""
    return bool(narration.strip()) or voice is not None


def _clip_entry(cut: ClipCut, media: dict[str, str]) -> Any:
    entry = {
        "video": media.get(cut.video.asset.sha256),
        "from": cut.from_ms / 1000 if cut.from_ms else None,
        "sound": None if cut.is_heard else VideoSound.MUTE.value,
        "gain": cut.gain_db or None,
    }
    said = {name: value for name, value in entry.items() if value is not None}
    return said if len(said) > 1 else entry["video"]


def _cut(video: str, start: float, sound: VideoSound, gain: float, place: str, media: ProjectMedia) -> ClipCut:
    return ClipCut(
        video=media.video(video, place),
        from_ms=round(start * 1000),
        is_heard=sound is VideoSound.MIX,
        gain_db=gain,
    )


def _sound(cut: ClipCut) -> VideoSound:
    return VideoSound.MIX if cut.is_heard else VideoSound.MUTE


def _usual_sound(*, is_narrated: bool) -> VideoSound:
    return VideoSound.MUTE if is_narrated else VideoSound.MIX
