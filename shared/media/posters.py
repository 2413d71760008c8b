"""The picture that stands for a video; runs in the media child only."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from av.video.frame import VideoFrame

# PyAV imports this when it makes a picture, and once the child is sealed nothing can be imported any more.
from PIL import Image

from shared.errors import BadMediaError
from shared.media.images import save_png
from shared.media.results import NormalisedImage
from shared.media.streams import opened, picture_of
from shared.media.task import MediaTask

_LOOKED_AT = 300
"""Frames among which one is looked for; videos fade in from black within seconds."""
_BLACK = 32
"""Mean luma, in limited range where black is 16, up to which a frame shows next to nothing."""
_PIXEL_STEP = 61
"""Every so-many-th pixel is enough to tell."""


def write_poster(task: MediaTask) -> NormalisedImage:
    """Write the first frame of a normalised video that is not nearly black, as picture in normal form."""
    with opened(task) as container:
        stream = picture_of(container)
        if stream is None:
            raise BadMediaError("holds no moving picture; give a video")
        stream.codec_context.thread_count = 1  # the sandbox allows no more
        frame = _first_to_see(container.decode(stream))
        image = _picture(frame)
    size_bytes = save_png(image, task.opened_output())
    return NormalisedImage(
        width=image.width, height=image.height, size_bytes=size_bytes, source_format=task.format.name
    )


def _first_to_see(frames: Iterator[VideoFrame]) -> VideoFrame:
    first = None
    for frame in islice(frames, _LOOKED_AT):
        first = first or frame
        if _mean_luma(frame) > _BLACK:
            return frame
    if first is None:
        raise BadMediaError("holds no picture that can be decoded; export it again")
    return first


def _mean_luma(frame: VideoFrame) -> float:
    sample = bytes(frame.planes[0])[::_PIXEL_STEP]
    return sum(sample) / len(sample)


def _picture(frame: VideoFrame) -> Image.Image:
    rgb = frame.reformat(format="rgb24", src_colorspace="ITU709", src_color_range="MPEG")
    plane = rgb.planes[0]
    return Image.frombuffer("RGB", (rgb.width, rgb.height), bytes(plane), "raw", "RGB", plane.line_size, 1).copy()
