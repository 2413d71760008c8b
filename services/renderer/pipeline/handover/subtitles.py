"""Captions as SubRip and WebVTT files; their text reads as written, with every space."""

from __future__ import annotations

import re

from services.renderer.pipeline.handover.cues import VideoCue, milliseconds, video_cues
from shared.contracts.timeline import Rate, Timeline

_TAG_START = re.compile(r"([<{])(?=[A-Za-z/\\])")


def srt(timeline: Timeline) -> str:
    """The captions in SubRip form."""
    blocks = (
        f"{number}\n{_span(cue, timeline.rate, ',')}\n{_plain(_lines(cue.text))}\n"
        for number, cue in enumerate(video_cues(timeline), start=1)
    )
    return "\n".join(blocks)


def webvtt(timeline: Timeline) -> str:
    """The captions in WebVTT form (W3C WebVTT, section 4)."""
    blocks = (f"{_span(cue, timeline.rate, '.')}\n{_escaped(_lines(cue.text))}\n" for cue in video_cues(timeline))
    return "\n".join(["WEBVTT\n", *blocks])


def _span(cue: VideoCue, rate: Rate, mark: str) -> str:
    return f"{clock_time(cue.start_frame, rate, mark)} --> {clock_time(cue.end_frame, rate, mark)}"


def clock_time(frame: int, rate: Rate, mark: str) -> str:
    """When a frame starts, as hours, minutes, seconds and thousandths after ``mark``."""
    seconds, thousandths = divmod(milliseconds(frame, rate), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{thousandths:03}"


def _lines(text: str) -> str:
    """Without empty lines, which would end the cue."""
    return "\n".join(line for line in text.splitlines() if line.strip())


def _plain(text: str) -> str:
    """With an invisible joiner behind what players would read as a tag: SubRip has no way to escape."""
    return _TAG_START.sub("\\1\N{WORD JOINER}", text)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
