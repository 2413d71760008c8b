"""Draws the frames of one segment, straight into the planes that the encoder takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import av
import cv2

from services.renderer.pipeline.captions import Captions
from services.renderer.pipeline.pictures import Picture, PictureFiles
from services.renderer.pipeline.planes import Planes, planes_of
from services.renderer.pipeline.still_cache import StillCache
from shared.contracts.timeline import SegmentSpec

cv2.setNumThreads(1)  # processes are the parallelism; also keeps sums in one order


class SegmentComposer:
    """Composes the frames of one segment; equal spec, frame and pictures give equal planes.

    Args:
        images: Where the picture with a given SHA-256 lies.
        stills: Pictures kept from earlier segments of the same account.
    """

    def __init__(self, spec: SegmentSpec, images: Mapping[str, Path], stills: StillCache | None = None) -> None:
        self._spec = spec
        self._files = PictureFiles(images, stills or StillCache())
        self._picture: Picture | None = None
        self._picture_before: Picture | None = None
        self._captions = Captions(spec.clip.cues, spec.caption_style, spec.size)

    def compose(self, index: int, frame: av.VideoFrame) -> None:
        """Fill ``frame`` (yuv420p, of the spec's size) with frame ``index``, counted from the clip's first."""
        planes = planes_of(frame)
        self._picture = self._picture or self._files.open(self._spec.clip, self._spec.size)
        opacity = self._draw_clip_before(index, planes)
        self._picture.draw(index, planes, opacity)
        self._captions.blend(planes, index)

    @property
    def missing_glyphs(self) -> tuple[str, ...]:
        """Characters of the captions drawn so far that no bundled font has, as ``U+XXXX``."""
        return tuple(f"U+{ord(character):04X}" for character in sorted(self._captions.missing))

    def _draw_clip_before(self, index: int, planes: Planes) -> float:
        """Draw the clip that this one fades in over, if any; gives the opacity that this one has."""
        before, fading = self._spec.before, self._spec.clip.transition_in.frames
        if before is None or index >= fading:
            self._picture_before = None
            return 1.0
        self._picture_before = self._picture_before or self._files.open(before, self._spec.size)
        self._picture_before.draw(before.frames + index, planes)
        return (index + 1) / (fading + 1)
