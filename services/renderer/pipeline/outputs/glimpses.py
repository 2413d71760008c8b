"""Single pictures out of a finished video, for previews that are made after it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
from av.video.stream import VideoStream
from PIL import Image

from services.renderer.pipeline.encode import REORDER_FRAMES
from services.renderer.pipeline.errors import BadAssemblyError
from services.renderer.pipeline.join import VideoClock
from shared.contracts.timeline import FrameSize, Rate


def glimpses(video: Path, rate: Rate, frames: Sequence[int], size: tuple[int, int]) -> Iterator[Image.Image]:
    """RGB pictures of some frames, scaled down; decodes only from the last key frame before each.

    Args:
        video: Made by ``assemble_video`` in H.264.
        frames: Numbers in rising order.
        size: Width and height [pixels].
    Raises:
        BadAssemblyError: The video ends before a frame.
    """
    clock = VideoClock(rate)
    with av.open(str(video), format="mp4") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        keys = _keys(stream, clock)
        shown, picture, coming = -1, Image.new("RGB", size), container.decode(stream)
        for wanted in frames:
            key = keys[bisect_right(keys, wanted) - 1]
            if key > shown:
                container.seek(key * clock.ticks_per_frame, stream=stream)
                coming = container.decode(stream)
            if wanted > shown:
                shown, picture = wanted, _small(_first_from(coming, wanted, clock), size)
            yield picture


def key_frames(video: Path, rate: Rate) -> list[int]:
    """Numbers of the frames that can be decoded without any other, in rising order."""
    with av.open(str(video), format="mp4") as container:
        return _keys(container.streams.video[0], VideoClock(rate))


def _keys(stream: VideoStream, clock: VideoClock) -> list[int]:
    entries = (entry for entry in stream.index_entries if entry.is_keyframe)
    return [entry.timestamp // clock.ticks_per_frame + REORDER_FRAMES for entry in entries]


def _first_from(coming: Iterator[av.VideoFrame], wanted: int, clock: VideoClock) -> av.VideoFrame:
    for frame in coming:
        if (frame.pts or 0) >= wanted * clock.ticks_per_frame:
            return frame
    raise BadAssemblyError(f"the video ends before frame {wanted}")


def _small(frame: av.VideoFrame, size: tuple[int, int]) -> Image.Image:
    width, height = size
    small = frame.reformat(width, height, format="rgb24", src_colorspace="ITU709", interpolation="AREA")
    return Image.fromarray(small.to_ndarray())


def fitted(size: FrameSize, side: int) -> tuple[int, int]:
    """Width and height of a frame scaled down until no side is longer than ``side`` [pixels]."""
    longest = max(size.width, size.height, side)
    return max(1, round(size.width * side / longest)), max(1, round(size.height * side / longest))
