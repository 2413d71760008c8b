"""Draws the frames of one segment, straight into the planes that the encoder takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from services.renderer.pipeline.captions import Captions
from services.renderer.pipeline.pictures import Picture, PictureFiles
from services.renderer.pipeline.planes import Planes, planes_of
from services.renderer.pipeline.still_cache import StillCache
from services.renderer.pipeline.titles import Titles
from services.renderer.pipeline.transitions import Takeover
from services.renderer.pipeline.watermark import Logo
from shared.contracts.timeline import ClipTail, SegmentSpec

cv2.setNumThreads(1)  # processes are the parallelism; also keeps sums in one order


class SegmentComposer:
    """Composes the frames of one segment; equal spec, frame and pictures give equal planes.

    Args:
        images: Where the picture with a given SHA-256 lies.
        stills: Pictures kept from earlier segments of the same account.
    """

    def __init__(self, spec: SegmentSpec, images: Mapping[str, Path], stills: StillCache | None = None) -> None:
        self._spec = spec
        self._files = PictureFiles(images, stills or StillCache(), spec.rate)
        self._picture: Picture | None = None
        self._before: Picture | None = None
        self._scratch: Planes | None = None
        self._logo = Logo(spec.look.watermark, images, spec.size) if spec.look.watermark else None
        self._titles = Titles(spec.clip.titles, spec.look, spec.caption_style, spec.size, spec.rate, images)
        self._captions = Captions(spec.clip.cues, spec.caption_style, spec.size, spec.rate, images)

    def compose(self, index: int, frame: av.VideoFrame) -> None:
        """Fill ``frame`` (yuv420p, of the spec's size) with frame ``index``, counted from the clip's first."""
        planes = planes_of(frame)
        self._picture = self._picture or self._files.open(self._spec.clip, self._spec.size)
        before = self._spec.before
        if before is not None and index < self._spec.clip.transition_in.frames:
            self._draw_takeover(index, before, self._picture, planes)
        else:
            self._before = self._scratch = None
            self._picture.draw(index, planes)
        if self._logo is not None:
            self._logo.blend(planes)
        self._titles.blend(planes, index)
        self._captions.blend(planes, index)

    @property
    def missing_glyphs(self) -> tuple[str, ...]:
        """Characters of the titles and captions drawn so far that no font has, as ``U+XXXX``."""
        missing = self._captions.missing | self._titles.missing
        return tuple(f"U+{ord(character):04X}" for character in sorted(missing))

    def _draw_takeover(self, index: int, before: ClipTail, picture: Picture, planes: Planes) -> None:
        """Draw a frame of the transition, in which the clip before goes on."""
        transition = self._spec.clip.transition_in
        self._before = self._before or self._files.open(before, self._spec.size)
        self._scratch = self._scratch or Planes(*(np.empty(plane.shape, np.uint8) for plane in planes))
        takeover = Takeover(
            transition=transition,
            part=(index + 1) / (transition.frames + 1),
            outgoing=partial(self._before.draw, before.frames + index),
            incoming=partial(picture.draw, index),
            scratch=self._scratch,
        )
        takeover.draw(planes)
