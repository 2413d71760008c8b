"""Captions of a whole video: cues in frames from its start, and frames as milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from shared.contracts.timeline import CaptionWord, Rate, Timeline


@dataclass(frozen=True, kw_only=True)
class VideoCue:
    """A caption at its place in the video; frames count from the start of the video.

    ``clip`` is the number of its picture clip, from 0.
    """

    clip: int
    start_frame: int
    end_frame: int
    text: str
    words: tuple[CaptionWord, ...]


def video_cues(timeline: Timeline) -> Iterator[VideoCue]:
    """All captions, in order."""
    base = 0
    for number, clip in enumerate(timeline.pictures):
        for cue in clip.cues:
            yield VideoCue(
                clip=number,
                start_frame=base + cue.start_frame,
                end_frame=base + cue.end_frame,
                text=cue.text,
                words=tuple(
                    CaptionWord(
                        text=word.text,
                        start_frame=base + word.start_frame,
                        end_frame=base + word.end_frame,
                    )
                    for word in cue.words
                ),
            )
        base += clip.frames


def milliseconds(frame: int, rate: Rate) -> int:
    """When a frame starts, to the nearest millisecond."""
    return round(Fraction(frame * 1000) / rate.fraction)
