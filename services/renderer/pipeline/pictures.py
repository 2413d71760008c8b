"""What a clip shows, frame by frame: the seam between the composer and the kinds of picture that it can draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from services.renderer.pipeline.backdrop import MovingBackdrop
from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.geometry import contained_at, visible_at
from services.renderer.pipeline.moving import MovingFrames, VideoPicture
from services.renderer.pipeline.placing import CHROMA_MIDDLE, Lattice, place
from services.renderer.pipeline.planes import Planes
from services.renderer.pipeline.resample import resample
from services.renderer.pipeline.still_cache import StillCache
from services.renderer.pipeline.stills import Still
from shared.contracts.timeline import ClipTail, Fit, FrameSize, MovingPicture, PictureClip, Rate


class Picture(Protocol):
    """Draws the frames of one clip. What it keeps open or decoded goes when it is no longer referred to."""

    def draw(self, index: int, target: Planes, opacity: float = 1.0) -> None:
        """Draw a frame over all of ``target``, whose size is the video's.

        Equal clip and index give equal planes, in whatever order frames are asked for; they mostly go up by one.

        Args:
            index: Counted from the clip's first; goes beyond its last while the next clip fades in.
            opacity: From 0, which leaves the target as it is, to 1, which hides what it held.
        """


class PictureFiles:
    """Opens the pictures of clips from the files that were handed over.

    Args:
        files: Where the media with a given SHA-256 lie.
        stills: Pictures kept from earlier segments of the same account.
        rate: Of the timeline.
    """

    def __init__(self, files: Mapping[str, Path], stills: StillCache, rate: Rate) -> None:
        self._files = files
        self._stills = stills
        self._rate = rate

    def open(self, clip: PictureClip | ClipTail, size: FrameSize) -> Picture:
        """What ``clip`` shows, in frames of ``size``.

        Raises:
            BadAssetError: Its file is missing, or not what its reference says.
        """
        if clip.moving is not None:
            return self._open_video(clip, clip.moving, size)
        still = self._still(clip, size)
        if still.backdrop is None:
            return StillPicture(still, clip, size)
        backdrop = still.backdrop
        return Contained(lambda _: still.planes, still.original, lambda _: backdrop, clip, size)

    def _open_video(self, clip: PictureClip | ClipTail, moving: MovingPicture, size: FrameSize) -> Picture:
        frames = MovingFrames(self._path(moving.video.asset.sha256), moving, self._rate)
        if clip.fit is Fit.COVER:
            return VideoPicture(frames, clip, size)
        backdrop, across = MovingBackdrop(frames.original, size), frames.chroma_fitting(size)
        return Contained(
            lambda index: frames.fitting(index, size), frames.original, backdrop.of, clip, size, across
        )

    def _still(self, clip: PictureClip | ClipTail, size: FrameSize) -> Still:
        path = self._path(clip.image.asset.sha256)
        return self._stills.load(path, clip.image, clip.motion, size, clip.fit)

    def _path(self, sha256: str) -> Path:
        path = self._files.get(sha256)
        if path is None:
            raise BadAssetError(f"picture {sha256} was not handed over")
        return path


class StillPicture:
    """A still, over which the camera of its clip moves; it fills the frame."""

    def __init__(self, still: Still, clip: PictureClip | ClipTail, size: FrameSize) -> None:
        self._still = still
        self._motion = clip.motion
        self._motion_frames = clip.motion_frames
        self._size = size

    def draw(self, index: int, target: Planes, opacity: float = 1.0) -> None:
        still = self._still
        visible = visible_at(self._motion, index, self._motion_frames, still.original, self._size)
        step_x = visible.width / self._size.width * still.scale_x
        step_y = visible.height / self._size.height * still.scale_y
        left, top = visible.left * still.scale_x, visible.top * still.scale_y
        # A pixel's centre lies half a pixel from its edge. Chroma of the frame sits on the left luma column and
        # between rows; chroma of the still in the middle of its 2x2 block (see planes and stills).
        luma = (left + step_x / 2 - 0.5, top + step_y / 2 - 0.5)
        chroma = ((left + step_x / 2) / 2 - 0.5, (top + step_y) / 2 - 0.5)
        for source, plane, first in zip(still.planes, target, (luma, chroma, chroma), strict=True):
            resample(source, plane, step_x, step_y, *first, opacity)


class Contained:
    """A picture that is seen whole, over a backdrop of it that stands while the camera moves.

    Args:
        planes_at: The picture in each frame of the clip.
        original: The size in which ``clip`` knows it.
        backdrop_of: The backdrop of what ``planes_at`` gave.
        chroma_across: How its chroma lies from left to right.
    """

    def __init__(
        self,
        planes_at: Callable[[int], Planes],
        original: tuple[int, int],
        backdrop_of: Callable[[Planes], Planes],
        clip: PictureClip | ClipTail,
        size: FrameSize,
        chroma_across: Lattice = CHROMA_MIDDLE,
    ) -> None:
        self._planes_at = planes_at
        self._original = original
        self._chroma_across = chroma_across
        self._backdrop_of = backdrop_of
        self._motion = clip.motion
        self._motion_frames = clip.motion_frames
        self._size = size

    def draw(self, index: int, target: Planes, opacity: float = 1.0) -> None:
        if opacity < 1:
            over = Planes(*(np.empty(plane.shape, np.uint8) for plane in target))
            self.draw(index, over)
            for plane, drawn in zip(target, over, strict=True):
                cv2.addWeighted(drawn, opacity, plane, 1 - opacity, 0, plane)
            return
        box = contained_at(self._motion, index, self._motion_frames, self._original, self._size)
        picture = self._planes_at(index)
        place(picture, self._backdrop_of(picture), target, box, self._chroma_across)
