"""When each word is spoken, for karaoke captions and for search."""

from __future__ import annotations

import json

from services.renderer.pipeline.handover.cues import VideoCue, milliseconds, video_cues
from shared.contracts.timeline import Rate, Timeline


def words_json(timeline: Timeline) -> str:
    """Captions with their words as JSON: frames are exact, milliseconds for those who do not count frames."""
    return json.dumps(
        {
            "version": 1,
            "language": timeline.language,
            "rate": {"numerator": timeline.rate.numerator, "denominator": timeline.rate.denominator},
            "frames": timeline.frames,
            "cues": [_cue(cue, timeline) for cue in video_cues(timeline)],
        },
        ensure_ascii=False,
        indent=1,
    )


def _cue(cue: VideoCue, timeline: Timeline) -> dict[str, object]:
    rate = timeline.rate
    return {
        "slide": _slide_number(timeline, cue.clip),
        "text": cue.text,
        **_span(cue.start_frame, cue.end_frame, rate),
        "words": [{"text": word.text, **_span(word.start_frame, word.end_frame, rate)} for word in cue.words],
    }


def _slide_number(timeline: Timeline, clip: int) -> int:
    """As the author counts: an intro comes before slide 1."""
    chapters = timeline.chapters
    return (chapters[clip].slide_number if clip < len(chapters) else None) or clip + 1


def _span(start: int, end: int, rate: Rate) -> dict[str, int]:
    return {
        "start_frame": start,
        "end_frame": end,
        "start_ms": milliseconds(start, rate),
        "end_ms": milliseconds(end, rate),
    }
