"""Short silent previews that play by themselves in mails, chats and lists: GIF and animated WebP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from PIL import Image

from services.renderer.pipeline.outputs.glimpses import fitted, glimpses
from services.renderer.pipeline.outputs.material import Heartbeat, Material
from shared.contracts.timeline import Timeline

GIF, WEBP = "preview.gif", "preview.webp"

_SECONDS, _RATE = 6, 10
_MOST_SLIDES = 6
_MOST_BYTES = 5_000_000
# Longest side [pixels]: the first at which the file is small enough.
_SIDES = (480, 400, 320, 240)
_WEBP_QUALITY = 75

Excerpt = list[Image.Image]
"""The pictures of one slide, in order."""


def write_gif(material: Material, folder: Path, heartbeat: Heartbeat) -> tuple[str, ...]:
    """Write an animated GIF of the beginnings of some slides; every slide has a palette of its own."""
    return _write(material, folder / GIF, _save_gif, heartbeat)


def write_webp(material: Material, folder: Path, heartbeat: Heartbeat) -> tuple[str, ...]:
    """Write the same as animated WebP: a fraction of the size, in true colour."""
    return _write(material, folder / WEBP, _save_webp, heartbeat)


def excerpts(timeline: Timeline) -> list[list[int]]:
    """Which frames are shown, ten in a second, slide by slide: each from where its transition is over."""
    count = min(_MOST_SLIDES, len(timeline.pictures))
    last = len(timeline.pictures) - 1
    chosen = sorted({round(place * last / max(1, count - 1)) for place in range(count)})
    most = _SECONDS * _RATE // len(chosen)
    step = timeline.rate.fraction / _RATE
    return [_excerpt(timeline, number, step, most) for number in chosen]


def _excerpt(timeline: Timeline, number: int, step: Fraction, most: int) -> list[int]:
    clip, start = timeline.pictures[number], timeline.start_frame_of(number)
    first = min(clip.transition_in.frames, clip.frames - 1)
    count = min(most, max(1, int((clip.frames - first) / step)))
    return [start + first + int(place * step) for place in range(count)]


def _write(
    material: Material, path: Path, save: Callable[[Path, Sequence[Excerpt]], None], heartbeat: Heartbeat
) -> tuple[str, ...]:
    for side in _SIDES:
        save(path, _pictures(material, fitted(material.timeline.size, side)))
        heartbeat()
        if path.stat().st_size <= _MOST_BYTES:
            break
    return (path.name,)


def _pictures(material: Material, size: tuple[int, int]) -> list[Excerpt]:
    timeline = material.timeline
    frames = excerpts(timeline)
    numbers = [number for number, excerpt in enumerate(frames) for _ in excerpt]
    wanted = [frame for excerpt in frames for frame in excerpt]
    shown = zip(numbers, glimpses(material.video, timeline.rate, wanted, size), strict=True)
    return [[picture for _, picture in group] for _, group in groupby(shown, key=lambda pair: pair[0])]


def _save_webp(path: Path, shown: Sequence[Excerpt]) -> None:
    first, *others = (picture for excerpt in shown for picture in excerpt)
    first.save(
        path,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=1000 // _RATE,
        loop=0,
        quality=_WEBP_QUALITY,
        method=4,
    )


def _save_gif(path: Path, shown: Sequence[Excerpt]) -> None:
    width, height = shown[0][0].size
    with av.open(str(path), "w", format="gif", options={"loop": "0", "fflags": "+bitexact"}) as output:
        stream = output.add_stream("gif", rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
        stream.codec_context.time_base = Fraction(1, _RATE)
        count = 0
        for excerpt in shown:
            for frame in _with_palette(excerpt):
                frame.pts, frame.time_base = count, Fraction(1, _RATE)
                output.mux(stream.encode(frame))
                count += 1
        output.mux(stream.encode(None))


def _with_palette(excerpt: Excerpt) -> Iterator[av.VideoFrame]:
    """The pictures in the 255 colours that serve them best, dithered in a pattern that stands still."""
    graph = _palette_graph(*excerpt[0].size)
    for number, picture in enumerate(excerpt):
        given = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
        given.pts, given.time_base = number, Fraction(1, _RATE)
        graph.push(given)
    graph.push(None)
    for _ in excerpt:
        frame = graph.pull()
        assert isinstance(frame, av.VideoFrame)  # noqa: S101  # the graph has one sink, for pictures
        yield frame


def _palette_graph(width: int, height: int) -> Graph:
    graph = Graph()
    pixels = av.VideoFormat("rgb24", width, height)
    source = graph.add_buffer(width=width, height=height, format=pixels, time_base=Fraction(1, _RATE))
    split = graph.add("split")
    generate = graph.add("palettegen", "stats_mode=full")
    use = graph.add("paletteuse", "dither=bayer:bayer_scale=3")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(generate, 0, 0)
    split.link_to(use, 1, 0)
    generate.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph
