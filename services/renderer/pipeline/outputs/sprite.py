"""Thumbnails for the seek bar of a player: one picture with all of them, and a WebVTT file that says where.

The form that video.js, Plyr, JW Player and Shaka read: cues whose text is a file name with a media fragment (W3C
Media Fragments, 4.2.2).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from PIL import Image

from services.renderer.pipeline.handover.subtitles import clock_time
from services.renderer.pipeline.outputs.glimpses import fitted, glimpses, key_frames
from services.renderer.pipeline.outputs.material import Heartbeat, Material
from shared.contracts.timeline import Timeline

PICTURE, INDEX = "sprite.jpg", "sprite.vtt"

_MOST_TILES, _COLUMNS = 100, 10
_TILE_SIDE = 160
# Closer thumbnails look alike, and would decode the whole of a short video.
_LEAST_SECONDS = 2
_JPEG_QUALITY = 80


def write_sprite(material: Material, folder: Path, heartbeat: Heartbeat) -> tuple[str, ...]:
    """Write a tile for every few seconds, and the index of the tiles."""
    timeline = material.timeline
    spans = list(_spans(timeline))
    width, height = fitted(timeline.size, _TILE_SIDE)
    shown = _shown(timeline, spans, key_frames(material.video, timeline.rate))
    tiles = glimpses(material.video, timeline.rate, shown, (width, height))
    columns = min(_COLUMNS, len(spans))
    sheet = Image.new("RGB", (columns * width, math.ceil(len(spans) / columns) * height))
    cues = ["WEBVTT\n"]
    for number, (span, tile) in enumerate(zip(spans, tiles, strict=True)):
        x, y = number % columns * width, number // columns * height
        sheet.paste(tile, (x, y))
        start, end = (clock_time(frame, timeline.rate, ".") for frame in (span.start, span.stop))
        cues.append(f"{start} --> {end}\n{PICTURE}#xywh={x},{y},{width},{height}\n")
        heartbeat()
    sheet.save(folder / PICTURE, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    (folder / INDEX).write_text("\n".join(cues))
    return PICTURE, INDEX


def _spans(timeline: Timeline) -> Iterator[range]:
    """The frames that each tile stands for."""
    seconds = max(_LEAST_SECONDS, math.ceil(timeline.frames / timeline.rate.fraction / _MOST_TILES))
    step = math.ceil(seconds * timeline.rate.fraction)
    for start in range(0, timeline.frames, step):
        yield range(start, min(start + step, timeline.frames))


def _shown(timeline: Timeline, spans: Sequence[range], keys: Sequence[int]) -> list[int]:
    """The middle of each span, or a key frame in it that is in no transition: it costs nothing to decode."""
    starts = list(accumulate((clip.frames for clip in timeline.pictures), initial=0))

    def is_settled(frame: int) -> bool:
        number = bisect_right(starts, frame) - 1
        return frame - starts[number] >= timeline.pictures[number].transition_in.frames

    settled = [frame for frame in keys if is_settled(frame)]
    return [_nearest(settled, span) for span in spans]


def _nearest(frames: Sequence[int], span: range) -> int:
    middle = span[len(span) // 2]
    within = frames[bisect_left(frames, span.start) : bisect_left(frames, span.stop)]
    return min(within, key=lambda frame: abs(frame - middle), default=middle)
