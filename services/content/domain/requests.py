"""What is asked of a provider for one slide or one revision; equal requests have equal digests."""

from __future__ import annotations

from services.content.domain.clips import framing_ms, rest_ms
from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.timeline import FrameSize

MOTION_MARGIN_PERMILLE = 1_150
"""Pictures are asked for larger than the frame, so that a camera move never magnifies them."""

MAX_SIDE = 4_096
CHARACTERS_PER_SECOND = 14
SECONDS_AROUND_A_NARRATION = 1.1
MUSIC_STEP_S = 30
MAX_MUSIC_S = 180
"""Longer videos loop the music."""


def picture_size(size: FrameSize) -> tuple[int, int]:
    """Width and height to ask for [px]: the frame's aspect with room for the camera move."""
    scale = min(MOTION_MARGIN_PERMILLE / 1000, MAX_SIDE / max(size.width, size.height))
    return round(size.width * scale), round(size.height * scale)


def music_seconds(draft: ProjectDraft) -> int:
    """Length of music to ask for [s]: the expected length of the video in steps of 30 s, at most 180 s.

    The steps let a small change of the words keep the music.
    """
    expected = sum(_shown_seconds(slide) for slide in draft.slides) + framing_ms(draft) / 1000
    steps = int(expected // MUSIC_STEP_S) + 1
    return min(MAX_MUSIC_S, steps * MUSIC_STEP_S)


def _shown_seconds(slide: SlideDraft) -> float:
    if slide.seconds is None and slide.look.clip is not None and not slide.narration:
        return rest_ms(slide.look.clip) / 1000
    return slide.seconds or len(slide.narration) / CHARACTERS_PER_SECOND + SECONDS_AROUND_A_NARRATION
