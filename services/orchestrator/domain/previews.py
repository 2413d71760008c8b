"""Which frames a preview shows, and of which slides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from services.orchestrator.domain.layout import SlideTiming, frames_of, slide_frames, transition_frames
from shared.contracts.jobs import PreviewRequest
from shared.contracts.revisions import RevisionOutline


@dataclass(frozen=True, kw_only=True)
class Place:
    """One frame of a video.

    Attributes:
        slide: Index of the slide.
        frame: Counted from the slide's first.
        at_ms: Where in the video [ms].
        shows_before: Whether the slide before it is still seen.
    """

    slide: int
    frame: int
    at_ms: int
    shows_before: bool

    @property
    def slides(self) -> tuple[int, ...]:
        """Indexes of the slides whose pictures it needs."""
        return (self.slide - 1, self.slide) if self.shows_before else (self.slide,)


def frame_places(
    outline: RevisionOutline, timings: Sequence[SlideTiming], preview: PreviewRequest
) -> tuple[Place, ...]:
    """The single frames that were asked for; a place beyond the end is the last frame."""
    starts = _starts(outline, timings)
    return tuple(
        _place(outline, timings, starts, min(frames_of(outline.rate, place), starts[-1] - 1))
        for place in preview.at_ms
    )


def sheet_places(
    outline: RevisionOutline, timings: Sequence[SlideTiming], preview: PreviewRequest
) -> tuple[Place, ...]:
    """The middle frame of every slide, if the contact sheet was asked for."""
    starts = _starts(outline, timings)
    middles = ((start + end) // 2 for start, end in pairwise(starts))
    return tuple(_place(outline, timings, starts, frame) for frame in middles) if preview.contact_sheet else ()


def _starts(outline: RevisionOutline, timings: Sequence[SlideTiming]) -> list[int]:
    """First frame of every slide, and the end of the video."""
    return [0, *accumulate(_lengths(outline, timings))]


def _lengths(outline: RevisionOutline, timings: Sequence[SlideTiming]) -> Iterator[int]:
    return (slide_frames(outline.rate, timing) for timing in timings)


def _place(outline: RevisionOutline, timings: Sequence[SlideTiming], starts: Sequence[int], frame: int) -> Place:
    slide = next(index for index, end in enumerate(starts[1:]) if frame < end)
    inside = frame - starts[slide]
    before = timings[slide - 1] if slide else None
    return Place(
        slide=slide,
        frame=inside,
        at_ms=outline.rate.samples_at_frame(frame) * 1000 // 48_000,
        shows_before=inside < transition_frames(outline, timings[slide], before),
    )
