"""Burned-in captions: drawn once for each highlighted word, then blended into the frames that show them."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.caption_canvas import Canvas, Mask
from services.renderer.pipeline.caption_layout import CaptionLayout, lay_out
from services.renderer.pipeline.caption_words import shown_words
from services.renderer.pipeline.planes import YUV_FROM_RGB, YUV_OFFSET, Plane, Planes
from shared.contracts.timeline import CaptionStyle, Cue, FrameSize


class Captions:
    """The captions of one clip, ready to be blended into its frames.

    Only the caption last shown is kept, as one picture for each word that was highlighted.
    """

    def __init__(self, cues: Sequence[Cue], style: CaptionStyle, frame: FrameSize) -> None:
        self._cues = cues if style.burn_in else ()
        self._style = style
        self._frame = frame
        self._drawn: _DrawnCaption | None = None
        self.missing: set[str] = set()

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Draw what is to be seen in this frame of the clip, if anything, into its planes."""
        cue = next((cue for cue in self._cues if cue.start_frame <= frame_number < cue.end_frame), None)
        if cue is None or not cue.text.strip():
            return
        if self._drawn is None or self._drawn.cue is not cue:
            self._drawn = _DrawnCaption(cue, self._style, self._frame)
            self.missing |= self._drawn.layout.missing
        self._drawn.blend(planes, frame_number)


class _DrawnCaption:
    """One caption as premultiplied planes, one set for each state of its highlight."""

    def __init__(self, cue: Cue, style: CaptionStyle, frame: FrameSize) -> None:
        self.cue = cue
        self._words = shown_words(cue)
        self.layout = lay_out([word.text for word in self._words], style, frame)
        self._highlight = style.highlight_colour
        self._plain = Canvas(self.layout)
        self._plain.draw_all(style.text_colour)
        self._overlays: dict[int | None, _Overlay] = {}

    def blend(self, planes: Planes, frame_number: int) -> None:
        """Lay the caption over a frame; one of which no character can be drawn leaves no empty box."""
        if not any(self.layout.words):
            return
        spoken = [n for n, word in enumerate(self._words) if word.is_spoken_at(frame_number)]
        state = spoken[-1] if spoken else None
        if state not in self._overlays:
            self._overlays[state] = self._draw(state)
        self._overlays[state].blend(planes)

    def _draw(self, state: int | None) -> _Overlay:
        if state is None:
            return _Overlay(self._plain, self.layout)
        canvas = self._plain.copy()
        canvas.fill(self.layout.words[state], self._highlight)
        return _Overlay(canvas, self.layout)


class _Overlay:
    """A canvas in the form it is blended in: premultiplied planes and what remains of the picture below."""

    def __init__(self, canvas: Canvas, layout: CaptionLayout) -> None:
        self._x, self._y = layout.x, layout.y
        yuv = canvas.rgb @ YUV_FROM_RGB.T.astype(np.float32)
        yuv += canvas.alpha[..., np.newaxis] * YUV_OFFSET.astype(np.float32)
        remains, chroma_remains = 255 * (1 - canvas.alpha), 255 * (1 - _halved(canvas.alpha))
        self._planes = (
            (_rounded(yuv[..., 0]), _rounded(remains), 1),
            (_rounded(_halved(yuv[..., 1])), _rounded(chroma_remains), 2),
            (_rounded(_halved(yuv[..., 2])), _rounded(chroma_remains), 2),
        )

    def blend(self, planes: Planes) -> None:
        for plane, (drawn, remains, divisor) in zip(planes, self._planes, strict=True):
            top, left = self._y // divisor, self._x // divisor
            below = plane[top : top + drawn.shape[0], left : left + drawn.shape[1]]
            cv2.multiply(below, remains, below, 1 / 255)
            cv2.add(below, drawn, below)


def _halved(values: Mask) -> Mask:
    """Chroma resolution: on the left of each pair of columns, between each pair of rows (see ``planes``)."""
    padded = np.pad(values, ((0, 0), (1, 1)), mode="edge")
    across = (padded[:, :-2:2] + 2 * padded[:, 1:-1:2] + padded[:, 2::2]) / 4
    return np.asarray((across[::2] + across[1::2]) / 2)


def _rounded(values: NDArray[np.float32]) -> Plane:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
