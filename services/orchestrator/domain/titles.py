"""When the title and the lower third of a slide are seen, and what a segment must know to draw them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.contracts.look import Look
from shared.contracts.revisions import LowerThird
from shared.contracts.timeline import OnScreenTitle, Rate, TitleKind

STAYS_MS = {TitleKind.TITLE: 4_500, TitleKind.LOWER_THIRD: 5_000}
"""Time to read it twice (BBC subtitle guidelines: 160 to 180 words a minute), coming and going included [ms]."""

STARTS_MS = {TitleKind.TITLE: 200, TitleKind.LOWER_THIRD: 700}
"""After the slide has taken over: first the eye finds the picture [ms]."""

_LEAST_MS = 1_500
_BETWEEN_MS = 200
# What would be left of the slide after a title is given to the title when it is not more than this.
_REST_MS, _BEFORE_END_MS = 2_500, 250


@dataclass(frozen=True, kw_only=True)
class SlideTexts:
    """What is laid over a slide: its title when that is to be seen, and who is named."""

    title: str = ""
    lower_third: LowerThird | None = None


def titles_for(rate: Rate, texts: SlideTexts, frames: int, transition_frames: int) -> tuple[OnScreenTitle, ...]:
    """The titles of a slide, in frames from its first; a lower third follows the title where time allows.

    Args:
        frames: How long the slide is shown.
        transition_frames: For how long the slide before it is still seen.
    """
    return tuple(_titles(rate, texts, frames, transition_frames))


def look_shown(look: Look, titles: tuple[OnScreenTitle, ...]) -> Look:
    """As much of a look as frames with these titles show."""
    return look if titles else Look(watermark=look.watermark)


def _titles(rate: Rate, texts: SlideTexts, frames: int, transition_frames: int) -> Iterator[OnScreenTitle]:
    free_from = transition_frames
    if texts.title:
        start, end = _span(rate, TitleKind.TITLE, free_from, frames)
        yield OnScreenTitle(kind=TitleKind.TITLE, text=texts.title, start_frame=start, end_frame=end)
        later = end + _frames(rate, _BETWEEN_MS)
        needed = _frames(rate, STARTS_MS[TitleKind.LOWER_THIRD] + 2 * _LEAST_MS)
        free_from = later if frames - later >= needed else free_from
    if texts.lower_third is not None:
        start, end = _span(rate, TitleKind.LOWER_THIRD, free_from, frames)
        yield OnScreenTitle(
            kind=TitleKind.LOWER_THIRD,
            text=texts.lower_third.text,
            detail=texts.lower_third.detail,
            start_frame=start,
            end_frame=end,
        )


def _span(rate: Rate, kind: TitleKind, free_from: int, frames: int) -> tuple[int, int]:
    """First frame and end of a title; a short slide gives it what there is."""
    least, latest = _frames(rate, _LEAST_MS), max(1, frames - _frames(rate, _BEFORE_END_MS))
    start = min(free_from + _frames(rate, STARTS_MS[kind]), max(0, latest - least))
    end = min(start + _frames(rate, STAYS_MS[kind]), latest)
    return start, latest if latest - end < _frames(rate, _REST_MS) else end


def _frames(rate: Rate, milliseconds: int) -> int:
    return round(rate.fraction * milliseconds / 1000)
