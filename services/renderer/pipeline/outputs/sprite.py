"""Thumbnails for the seek bar of a player: one picture with all of them, and a WebVTT file that says where.

The form that video.js, Plyr, JW Player and Shaka read: cues whose text is a file name with a media fragment (W3C
Media Fragments, 4.2.2).
"""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image

from services.renderer.pipeline.handover.subtitles import clock_time
from services.renderer.pipeline.outputs.glimpses import fitted, glimpses
from services.renderer.pipeline.outputs.material import Heartbeat, Material

PICTURE, INDEX = "sprite.jpg", "sprite.vtt"

_MOST_TILES, _COLUMNS = 100, 10
_TILE_SIDE = 160
# Closer thumbnails look alike, and would decode the whole of a short video.
_LEAST_SECONDS = 2
_JPEG_QUALITY = 80


def write_sprite(material: Material, folder: Path, heartbeat: Heartbeat) -> tuple[str, ...]:
    """Write the middle of every few seconds as a tile, and the index of the tiles."""
    timeline = material.timeline
    rate, frames = timeline.rate, timeline.frames
    seconds = max(_LEAST_SECONDS, math.ceil(frames / rate.fraction / _MOST_TILES))
    step = math.ceil(seconds * rate.fraction)
    starts = range(0, frames, step)
    width, height = fitted(timeline.size, _TILE_SIDE)
    tiles = glimpses(
        material.video, rate, [min(start + step // 2, frames - 1) for start in starts], (width, height)
    )
    columns = min(_COLUMNS, len(starts))
    sheet = Image.new("RGB", (columns * width, math.ceil(len(starts) / columns) * height))
    cues = ["WEBVTT\n"]
    for number, (start, tile) in enumerate(zip(starts, tiles, strict=True)):
        x, y = number % columns * width, number // columns * height
        sheet.paste(tile, (x, y))
        span = f"{clock_time(start, rate, '.')} --> {clock_time(min(start + step, frames), rate, '.')}"
        cues.append(f"{span}\n{PICTURE}#xywh={x},{y},{width},{height}\n")
        heartbeat()
    sheet.save(folder / PICTURE, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    (folder / INDEX).write_text("\n".join(cues))
    return PICTURE, INDEX
