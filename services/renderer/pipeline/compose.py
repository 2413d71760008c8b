"""Draws the frames of one segment, straight into the planes that the encoder takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import av
import cv2

from services.renderer.pipeline.captions import Captions
from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.geometry import visible_at
from services.renderer.pipeline.planes import Planes, planes_of
from services.renderer.pipeline.resample import resample
from services.renderer.pipeline.still_cache import StillCache
from services.renderer.pipeline.stills import Still
from shared.contracts.timeline import ClipTail, PictureClip, SegmentSpec

cv2.setNumThreads(1)  # processes are the parallelism; also keeps sums in one order


class SegmentComposer:
    """Composes the frames of one segment; equal spec, frame and pictures give equal planes.

    Args:
        images: Where the picture with a given SHA-256 lies.
        stills: Pictures kept from earlier segments of the same account.
    """

    def __init__(self, spec: SegmentSpec, images: Mapping[str, Path], stills: StillCache | None = None) -> None:
        self._spec = spec
        self._images = images
        self._stills = stills or StillCache()
        self._still: Still | None = None
        self._still_before: Still | None = None
        self._captions = Captions(spec.clip.cues, spec.caption_style, spec.size)

    def compose(self, index: int, frame: av.VideoFrame) -> None:
        """Fill ``frame`` (yuv420p, of the spec's size) with frame ``index``, counted from the clip's first."""
        planes = planes_of(frame)
        clip = self._spec.clip
        self._still = self._still or self._loaded(clip)
        opacity = self._draw_clip_before(index, planes)
        self._draw(self._still, clip, index, planes, opacity)
        self._captions.blend(planes, index)

    @property
    def missing_glyphs(self) -> tuple[str, ...]:
        """Characters of the captions drawn so far that no bundled font has, as ``U+XXXX``."""
        return tuple(f"U+{ord(character):04X}" for character in sorted(self._captions.missing))

    def _draw_clip_before(self, index: int, planes: Planes) -> float:
        """Draw the clip that this one fades in over, if any; gives the opacity that this one has."""
        before, fading = self._spec.before, self._spec.clip.transition_in.frames
        if before is None or index >= fading:
            self._still_before = None
            return 1.0
        self._still_before = self._still_before or self._loaded(before)
        self._draw(self._still_before, before, before.frames + index, planes)
        return (index + 1) / (fading + 1)

    def _draw(
        self, still: Still, clip: PictureClip | ClipTail, index: int, target: Planes, opacity: float = 1.0
    ) -> None:
        visible = visible_at(clip.motion, index, clip.motion_frames, still.original, self._spec.size)
        step_x = visible.width / self._spec.size.width * still.scale_x
        step_y = visible.height / self._spec.size.height * still.scale_y
        left, top = visible.left * still.scale_x, visible.top * still.scale_y
        # A pixel's centre lies half a pixel from its edge. Chroma of the frame sits on the left luma column and
        # between rows; chroma of the still in the middle of its 2x2 block (see planes and stills).
        luma = (left + step_x / 2 - 0.5, top + step_y / 2 - 0.5)
        chroma = ((left + step_x / 2) / 2 - 0.5, (top + step_y) / 2 - 0.5)
        for source, plane, first in zip(still.planes, target, (luma, chroma, chroma), strict=True):
            resample(source, plane, step_x, step_y, *first, opacity)

    def _loaded(self, clip: PictureClip | ClipTail) -> Still:
        path = self._images.get(clip.image.asset.sha256)
        if path is None:
            raise BadAssetError(f"picture {clip.image.asset.sha256} was not handed over")
        return self._stills.load(path, clip.image, clip.motion, self._spec.size)
