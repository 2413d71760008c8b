"""The files beside the video: what an editor, a player or a web page takes to go on with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from services.renderer.pipeline.handover.ass import ass
from services.renderer.pipeline.handover.editing import editing_timeline
from services.renderer.pipeline.handover.poster import write_poster
from services.renderer.pipeline.handover.subtitles import srt, webvtt
from services.renderer.pipeline.handover.words import words_json
from shared.contracts.timeline import Timeline


def write_handover(timeline: Timeline, images: Mapping[str, Path], folder: Path) -> tuple[str, ...]:
    """Write captions, word timings, the editing timeline and the poster; returns the names of the files.

    Args:
        images: Where the picture with a given SHA-256 lies; only that of the first clip is opened.
    """
    texts = {
        "captions.srt": srt(timeline),
        "captions.vtt": webvtt(timeline),
        "captions.ass": ass(timeline),
        "words.json": words_json(timeline),
        "timeline.otio": editing_timeline(timeline),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    write_poster(timeline, images, folder / "poster.jpg")
    return (*texts, "poster.jpg")
