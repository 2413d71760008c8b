"""Own video as a clip shows it: decoded frame by frame, each at its exact time, sampled once a plane.

The file is in the normal form that it was brought into when it was handed in (``shared.media.clips``): constant
rate, no reordering, a key frame every few frames, chroma where the planes have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.geometry import Visible, visible_at
from services.renderer.pipeline.placing import CHROMA_ACROSS, Lattice
from services.renderer.pipeline.planes import Plane, Planes, planes_of
from services.renderer.pipeline.resample import resample
from shared.contracts.timeline import ClipTail, FrameSize, MovingPicture, PictureClip, Rate, VideoReference

# A bilinear sample reads 2x2 pixels: with steps beyond this it would skip pixels and shimmer.
_WIDEST_STEP = 1.6
# Decoding on is faster than jumping to a key frame that is not farther ahead than this.
_NEAR_FRAMES = 12


class MovingFrames:
    """What a moving picture shows in each frame of its clip; its last frame stands when the clip goes on longer.

    Args:
        rate: Of the timeline, in whose frames the clip is counted.
    """

    def __init__(self, path: Path, moving: MovingPicture, rate: Rate) -> None:
        self.original = (moving.video.width, moving.video.height)
        self._frames = ClipFrames(path, moving.video)
        self._first_frame = moving.first_frame
        self._step = moving.video.rate.fraction / rate.fraction

    def at(self, index: int) -> Planes:
        """The frame of the video in frame ``index`` of the clip; valid until the next call."""
        return self._frames.read(self._first_frame + video_frame(index, self._step))

    def fitting(self, index: int, size: FrameSize) -> Planes:
        """The same, made smaller where it has far more pixels than a frame of ``size`` that holds it whole."""
        shrink = self._shrink(size)
        return self.at(index) if shrink == 1 else _shrunk(self.at(index), shrink, shrink)

    def chroma_fitting(self, size: FrameSize) -> Lattice:
        """How chroma lies in what :meth:`fitting` gives, from left to right."""
        return _shrunk_chroma(self.original[0], self._shrink(size))

    def _shrink(self, size: FrameSize) -> float:
        step = max(self.original[0] / size.width, self.original[1] / size.height)
        return step if step > _WIDEST_STEP else 1


class VideoPicture:
    """A moving picture that fills the frame; the camera moves over it as over a still."""

    def __init__(self, frames: MovingFrames, clip: PictureClip | ClipTail, size: FrameSize) -> None:
        self._frames = frames
        self._motion = clip.motion
        self._motion_frames = clip.motion_frames
        self._size = size

    def draw(self, index: int, target: Planes, opacity: float = 1.0) -> None:
        """See :class:`services.renderer.pipeline.pictures.Picture`."""
        visible = visible_at(self._motion, index, self._motion_frames, self._frames.original, self._size)
        draw_part(self._frames.at(index), visible, self._size, target, opacity)


def video_frame(index: int, step: Fraction) -> int:
    """The frame of a video that is shown in frame ``index`` of a clip: the last one that has begun by then.

    Args:
        step: Frames of the video for each frame of the timeline.
    """
    return int(index * step)


def draw_part(source: Planes, visible: Visible, size: FrameSize, target: Planes, opacity: float = 1.0) -> None:
    """Draw a part of a video frame over all of ``target``."""
    step_x, step_y = visible.width / size.width, visible.height / size.height
    left, top, across = visible.left, visible.top, CHROMA_ACROSS
    if max(step_x, step_y) > _WIDEST_STEP:
        across = _shrunk_chroma(source.y.shape[1], step_x)
        height, width = source.y.shape
        source = _shrunk(source, step_x, step_y)
        scale_x, scale_y = source.y.shape[1] / width, source.y.shape[0] / height
        left, step_x, top, step_y = left * scale_x, step_x * scale_x, top * scale_y, step_y * scale_y
    # A pixel's centre lies half a pixel from its edge; for chroma see planes.
    luma = (left + step_x / 2 - 0.5, top + step_y / 2 - 0.5)
    chroma = ((left + step_x * CHROMA_ACROSS.first - across.first) / 2, (top + step_y - 1) / 2)
    for plane, onto, first in zip(source, target, (luma, chroma, chroma), strict=True):
        resample(plane, onto, step_x, step_y, *first, opacity)


def _shrunk(source: Planes, step_x: float, step_y: float) -> Planes:
    """Made so small that one pixel is left for each of the frame, each the mean of what it covers."""
    height, width = source.y.shape
    half = (_half(width, step_x), _half(height, step_y))
    return Planes(
        y=_averaged(source.y, (half[0] * 2, half[1] * 2)),
        u=_averaged(source.u, half),
        v=_averaged(source.v, half),
    )


def _shrunk_chroma(width: int, step: float) -> Lattice:
    """Where chroma lies after :func:`_shrunk`: in the middle of the samples that became one, so farther right."""
    if step <= 1:
        return CHROMA_ACROSS
    became_one = width / (2 * _half(width, step))
    return Lattice(first=1 - (1 - CHROMA_ACROSS.first) / became_one, pitch=CHROMA_ACROSS.pitch)


def _half(length: int, step: float) -> int:
    return max(1, round(length / step / 2))


def _averaged(plane: Plane, size: tuple[int, int]) -> Plane:
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


class ClipFrames:
    """The frames of a normalised video by their number; reading them in order decodes each once.

    Raises:
        BadAssetError: The file is not the video that its reference states.
    """

    def __init__(self, path: Path, reference: VideoReference) -> None:
        self._reference = reference
        self._container = self._opened(path)
        self._stream = self._checked(self._container)
        self._decoded: Iterator[VideoFrame] = self._container.decode(self._stream)
        self._next = 0
        self._frame: VideoFrame | None = None

    def read(self, number: int) -> Planes:
        """Frame ``number``, from 0; beyond the last one that. Valid until the next call.

        Raises:
            BadAssetError: It is not there.
        """
        number = min(number, self._reference.frames - 1)
        if not self._next <= number + 1 <= self._next + _NEAR_FRAMES:
            self._jump(number)
        while self._frame is None or self._next <= number:
            self._frame = self._following()
        return planes_of(self._frame)

    def _jump(self, number: int) -> None:
        """Go to the last key frame that is not after ``number``."""
        ticks = Fraction(number) / self._reference.rate.fraction / Fraction(self._stream.time_base or 1)
        self._container.seek(round(ticks), stream=self._stream)
        self._decoded = self._container.decode(self._stream)
        self._frame = None
        self._next = 0

    def _following(self) -> VideoFrame:
        try:
            frame = next(self._decoded, None)
        except av.error.FFmpegError as error:
            raise self._damaged() from error
        if frame is None or frame.pts is None:
            raise self._damaged()
        seconds = frame.pts * Fraction(self._stream.time_base or 1)
        self._next = round(seconds * self._reference.rate.fraction) + 1
        return frame

    def _opened(self, path: Path) -> InputContainer:
        try:
            return av.open(str(path), format="mp4")
        except av.error.FFmpegError as error:
            raise self._damaged() from error

    def _checked(self, container: InputContainer) -> VideoStream:
        if not container.streams.video:
            raise self._damaged()
        stream = container.streams.video[0]
        context = stream.codec_context
        found = (context.name, context.pix_fmt, context.width, context.height)
        if found != ("h264", "yuv420p", self._reference.width, self._reference.height):
            raise self._damaged()
        context.thread_count = 1  # processes are the parallelism
        return stream

    def _damaged(self) -> BadAssetError:
        wanted = self._reference
        return BadAssetError(
            f"video {wanted.asset.sha256} is not {wanted.frames} frames of {wanted.width}x{wanted.height} pixels"
            " as its reference says; bring it in again"
        )
