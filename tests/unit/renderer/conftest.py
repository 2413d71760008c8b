"""Builders of timelines without any file behind them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.timeline import (
    Chapter,
    Cue,
    FrameSize,
    Motion,
    MusicBed,
    PictureClip,
    Rate,
    Timeline,
    Transition,
    TransitionKind,
    View,
    VoiceClip,
)

SECOND = 48_000


def asset(name: str, media_type: str) -> AssetReference:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return AssetReference(key=f"accounts/test/assets/{digest}", sha256=digest, size_bytes=1, media_type=media_type)


def sound(name: str, seconds: float) -> AudioReference:
    return AudioReference(asset=asset(name, "audio/wav"), samples=round(seconds * SECOND))


def clip(name: str, frames: int, *, fade: int = 0, cues: Sequence[Cue] = ()) -> PictureClip:
    view = View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500)
    return PictureClip(
        image=ImageReference(asset=asset(name, "image/png"), width=1536, height=1024),
        frames=frames,
        motion_frames=frames + 10,
        motion=Motion(start=view, end=view),
        transition_in=Transition(kind=TransitionKind.CROSSFADE, frames=fade) if fade else Transition(),
        cues=tuple(cues),
    )


@pytest.fixture
def timeline():
    """Makes a timeline of three slides; any field can be replaced."""

    def make(*, cues: Sequence[Sequence[Cue]] = ((), (), ()), **fields: object) -> Timeline:
        values: dict[str, object] = {
            "rate": Rate(numerator=30),
            "size": FrameSize(width=1920, height=1080),
            "title": "How bees find flowers",
            "pictures": tuple(clip(f"picture {n}", 90, fade=10 if n else 0, cues=cues[n]) for n in range(3)),
            "chapters": tuple(Chapter(slide_id=f"s{n}", title=f"Slide {n}", start_frame=n * 90) for n in range(3)),
            "voices": tuple(
                VoiceClip(slide_id=f"s{n}", audio=sound(f"voice {n}", 2), start_sample=n * 3 * SECOND + 4_800)
                for n in range(3)
            ),
            "music": MusicBed(audio=sound("music", 6)),
        }
        return Timeline.model_validate(values | fields)

    return make
